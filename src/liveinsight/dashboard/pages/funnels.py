"""`/funnels/`: the funnels of a site, and the form that makes them."""

from typing import Final

import msgspec
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from liveinsight.core.ports import Reader
from liveinsight.dashboard import models, runtime
from liveinsight.dashboard.funnels import (
    MOST_FUNNELS,
    add_funnel,
    change_funnel,
    funnel_of,
    list_funnels,
    read_funnel,
)
from liveinsight.dashboard.goals import list_goals
from liveinsight.dashboard.pages.address import write_query
from liveinsight.dashboard.pages.filter_bar import make_filter_bar
from liveinsight.dashboard.pages.funnel import find_funnel
from liveinsight.dashboard.pages.funnel_form import FunnelForms
from liveinsight.dashboard.pages.funnel_view import StepView, list_steps
from liveinsight.dashboard.pages.goals import list_labels
from liveinsight.dashboard.pages.labels import format_metric, format_whole
from liveinsight.dashboard.pages.periods import ChosenPeriod, choose_period
from liveinsight.dashboard.pages.scope import Scope, answering_errors, read_scope
from liveinsight.dashboard.shares import shareable
from liveinsight.dashboard.sites import load_sites
from liveinsight.errors import ConfigError, QueryError
from liveinsight.query.funnel import FunnelQuestion, answer_funnel

NUMBERED: Final = 12
"""Funnels of the list that are asked; of the others the page has the names."""


class FunnelCard(msgspec.Struct, frozen=True, kw_only=True):
    """A funnel of the list, in short."""

    name: str
    address: str
    rate: str
    began: str
    completed: str
    steps: list[StepView]
    """Empty where one of them is a goal that has been removed."""

    @property
    def width(self) -> int:
        """Of the drawing: a step takes 100, the last one has no slope after it."""
        return 100 * len(self.steps) - 30


@shareable
@require_safe
@answering_errors
def funnels(request: HttpRequest) -> HttpResponse:
    """The funnels of the site, each with its steps in the period."""
    scope = read_scope(request)
    if not scope.site:
        return redirect("add-site")
    chosen = choose_period(request.GET, scope)
    rows = list_funnels(scope.site)
    reader = runtime.current().reader
    context = {
        "scope": scope,
        "chosen": chosen,
        "filter_bar": make_filter_bar(request, scope),
        "cards": [
            make_card(request, row, scope, chosen, reader) for row in rows[:NUMBERED]
        ],
        "others": rows[NUMBERED:],
        "is_full": len(rows) >= MOST_FUNNELS,
        "most": MOST_FUNNELS,
    }
    is_part = request.headers.get("HX-Target", "") == "report"
    return render(request, "funnel/list.html" if is_part else "funnels.html", context)


def make_card(
    request: HttpRequest,
    row: models.Funnel,
    scope: Scope,
    chosen: ChosenPeriod,
    reader: Reader,
) -> FunnelCard:
    """The funnel with its numbers."""
    address = reverse("funnel", args=[row.pk]) + write_query(request.GET)
    try:
        funnel = funnel_of(read_funnel(row), row.site)
    except QueryError:
        return FunnelCard(
            name=row.name, address=address, rate="–", began="–", completed="–", steps=[]
        )
    counts = answer_funnel(
        FunnelQuestion(
            site=scope.site,
            funnel=funnel,
            period=chosen.period,
            filters=scope.filters,
            goals=scope.goals,
        ),
        reader,
    ).totals
    return FunnelCard(
        name=row.name,
        address=address,
        rate=format_metric(counts.conversion_rate, "ratio"),
        began=format_whole(counts.steps[0].visitors),
        completed=format_whole(counts.steps[-1].visitors),
        steps=list_steps(request.GET, counts),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@answering_errors
def add(request: HttpRequest) -> HttpResponse:
    """The form of a new funnel."""
    scope = read_scope(request)
    if not scope.site:
        return redirect("add-site")
    forms = FunnelForms(request.POST or None, goals=name_goals(scope.site))
    return answer_form(request, scope, forms, models.Funnel(site=scope.site))


@require_http_methods(["GET", "HEAD", "POST"])
@answering_errors
def edit(request: HttpRequest, funnel_id: int) -> HttpResponse:
    """The form of a funnel that is there."""
    row = find_funnel(funnel_id)
    scope = msgspec.structs.replace(
        read_scope(request), site=row.site, timezone=load_sites().get(row.site).timezone
    )
    forms = FunnelForms(
        request.POST or None,
        goals=name_goals(row.site),
        name=row.name,
        definition=read_funnel(row),
    )
    return answer_form(request, scope, forms, row)


@require_POST
def remove(request: HttpRequest, funnel_id: int) -> HttpResponse:
    """Forgets the funnel; no event is touched."""
    row = find_funnel(funnel_id)
    row.delete()
    messages.success(request, _("The funnel %(name)s is removed.") % {"name": row.name})
    return HttpResponseRedirect(f"{reverse('funnels')}?{urlencode({'site': row.site})}")


def answer_form(
    request: HttpRequest, scope: Scope, forms: FunnelForms, row: models.Funnel
) -> HttpResponse:
    """Saves what was written, or shows it with another row, or what is wrong."""
    is_posted = request.method == "POST"
    changed = forms.rearranged(request.POST) if is_posted else None
    if is_posted and changed is None and forms.is_valid() and save(row, forms):
        messages.success(
            request, _("The funnel %(name)s is saved.") % {"name": row.name}
        )
        address = reverse("funnel", args=[row.pk])
        return HttpResponseRedirect(f"{address}?{urlencode({'site': row.site})}")
    context = {
        "scope": scope,
        "forms": changed or forms,
        "row": row,
        "is_wrong": is_posted and changed is None,
        "pages": list_labels(scope, "page"),
        "events": list_labels(scope, "event_type"),
    }
    status = 400 if is_posted and changed is None else 200
    return render(request, "funnel_form.html", context, status=status)


def save(row: models.Funnel, forms: FunnelForms) -> bool:
    """Whether it is saved; else the form says why not."""
    is_new = row.pk is None
    try:
        if is_new:
            saved = add_funnel(row.site, forms.name, forms.definition())
            row.pk, row.name = saved.pk, saved.name
        else:
            change_funnel(row, forms.name, forms.definition())
    except ConfigError:
        is_full = is_new and len(list_funnels(row.site)) >= MOST_FUNNELS
        problem = (
            _("A site has at most %(most)s funnels.") % {"most": MOST_FUNNELS}
            if is_full
            else _("There is a funnel of this name already.")
        )
        forms.funnel.add_error("name", problem)
        return False
    return True


def name_goals(site: str) -> tuple[tuple[str, str], ...]:
    """The site's goals, to choose from."""
    return tuple((str(row.pk), row.name) for row in list_goals(site))
