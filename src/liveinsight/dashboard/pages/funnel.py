"""`/funnels/<id>/`: one funnel in a period, and who is on it now."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from liveinsight.core.ports import Reader
from liveinsight.core.site import site_id
from liveinsight.dashboard import models, runtime
from liveinsight.dashboard.funnels import funnel_of, read_funnel
from liveinsight.dashboard.pages.annotations import list_notes
from liveinsight.dashboard.pages.comparable import find_comparable
from liveinsight.dashboard.pages.filter_bar import make_filter_bar
from liveinsight.dashboard.pages.funnel_call import call_funnel, call_stopped
from liveinsight.dashboard.pages.funnel_people import ask_stopped
from liveinsight.dashboard.pages.funnel_table import (
    choose_cut,
    make_table,
    read_limit,
)
from liveinsight.dashboard.pages.funnel_view import (
    list_facts,
    list_steps,
    write_rule,
)
from liveinsight.dashboard.pages.periods import ChosenPeriod, choose_period
from liveinsight.dashboard.pages.scope import Scope, answering_errors, read_scope
from liveinsight.dashboard.segments import SEGMENT
from liveinsight.dashboard.shares import shareable
from liveinsight.errors import QueryError
from liveinsight.query.funnel import Funnel, FunnelQuestion, answer_funnel
from liveinsight.query.funnel_visits import LiveStep, live_funnel


@shareable
@require_safe
@vary_on_headers("HX-Request", "HX-Target")
@answering_errors
def funnel(request: HttpRequest, funnel_id: int) -> HttpResponse:
    """The report; for htmx only the part that it asks for."""
    row = find_funnel(funnel_id)
    scope = read_scope(request)
    if scope.site != row.site:
        return go_to_its_site(request, scope, row)
    chosen = choose_period(request.GET, scope)
    definition = read_funnel(row)
    context = {"scope": scope, "row": row, "rule": write_rule(definition)}
    try:
        asked = funnel_of(definition, row.site)
    except QueryError as problem:
        return render(request, "funnel_broken.html", {**context, "problem": problem})
    reader = runtime.current().reader
    question = ask(request, scope, chosen, asked)
    found = answer_funnel(question, reader)
    if scope.share is None:
        context |= list_people(request, row, question, reader)
    context |= {
        "chosen": chosen,
        "filter_bar": make_filter_bar(request, scope),
        "facts": list_facts(found),
        "steps": list_steps(request.GET, found.totals),
        "table": make_table(request, found, question, reader),
        "here": ask_here(scope, asked),
        "live_address": live_address(row, request),
        "notes": list_notes(scope, chosen),
    }
    is_part = request.headers.get("HX-Target", "") == "report"
    return render(request, "funnel/report.html" if is_part else "funnel.html", context)


@shareable
@require_safe
@answering_errors
def live(request: HttpRequest, funnel_id: int) -> HttpResponse:
    """Who is on which step now: the part that lib/refresh.js asks for again and again."""
    row = find_funnel(funnel_id)
    scope = read_scope(request)
    if scope.site != row.site:
        raise Http404
    context = {
        "scope": scope,
        "here": ask_here(scope, funnel_of(read_funnel(row), row.site)),
        "live_address": live_address(row, request),
    }
    return render(request, "funnel/here.html", context)


def list_people(
    request: HttpRequest, row: models.Funnel, question: FunnelQuestion, reader: Reader
) -> dict[str, object]:
    """What only accounts see: who came no further, and the calls of the API."""
    stopped = ask_stopped(request.GET, question, reader)
    return {
        "call": call_funnel(row, question),
        "stopped": stopped,
        "stopped_call": stopped and call_stopped(row, question, stopped.step),
    }


def find_funnel(funnel_id: int) -> models.Funnel:
    """The funnel's row; 404 without one."""
    row = models.Funnel.objects.filter(pk=funnel_id).first()
    if row is None:
        raise Http404
    return row


def go_to_its_site(
    request: HttpRequest, scope: Scope, row: models.Funnel
) -> HttpResponse:
    """To the funnel on its own site, or to the funnels of the site asked for."""
    if scope.share is not None:
        raise Http404
    if site_id(request.GET.get("site", "")):
        return redirect(f"{reverse('funnels')}?{urlencode({'site': scope.site})}")
    query = request.GET.copy()
    query["site"] = row.site
    return redirect(f"{request.path}?{query.urlencode()}")


def ask(
    request: HttpRequest, scope: Scope, chosen: ChosenPeriod, funnel: Funnel
) -> FunnelQuestion:
    """The funnel in the period, cut as the address says."""
    cut = choose_cut(request.GET)
    return FunnelQuestion(
        site=scope.site,
        funnel=funnel,
        period=chosen.period,
        filters=scope.filters,
        goals=scope.goals,
        dimension=None if cut == SEGMENT else cut,
        limit=read_limit(request.GET),
        compare=find_comparable(scope, chosen, runtime.current().reader),
    )


def ask_here(scope: Scope, funnel: Funnel) -> list[LiveStep]:
    """The current visitors on each step."""
    return live_funnel(
        scope.site, funnel, scope.filters, scope.goals, scope.now, runtime.current().now
    )


def live_address(row: models.Funnel, request: HttpRequest) -> str:
    """Where the live part is, under the same filters."""
    pairs = [("site", row.site), *(("f", text) for text in request.GET.getlist("f"))]
    return f"{reverse('funnel-live', args=[row.pk])}?{urlencode(pairs)}"
