"""`/imported/`: what another tool had counted, shown as that and nothing more."""

from typing import Final

import msgspec
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_POST, require_safe

from liveinsight.core.site import site_id
from liveinsight.dashboard.audit import note
from liveinsight.dashboard.pages.labels import flag_of, label_of
from liveinsight.dashboard.pages.periods import day_of
from liveinsight.dashboard.pages.scope import Scope, answering_errors, read_scope
from liveinsight.dashboard.shares import share_of
from liveinsight.dashboard.totals import (
    Numbers,
    Span,
    count_months,
    count_values,
    list_spans,
    remove_totals,
)
from liveinsight.query.model import Period

ROWS: Final = 10
PANELS: Final = {
    "page": gettext_noop("Pages"),
    "entry_page": gettext_noop("Entry pages"),
    "source": gettext_noop("Sources"),
    "country": gettext_noop("Countries"),
    "browser": gettext_noop("Browsers"),
    "os": gettext_noop("Systems"),
    "device": gettext_noop("Devices"),
    "event_type": gettext_noop("Events"),
}


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A value, its numbers, and how long its bar is."""

    label: str
    flag: str
    numbers: Numbers
    width: str


class Panel(msgspec.Struct, frozen=True, kw_only=True):
    """The values of a dimension."""

    name: str
    label: str
    lines: list[Line]


@require_safe
@answering_errors
def imported(request: HttpRequest) -> HttpResponse:
    """The months, and the values that were there most."""
    scope = read_scope(request)
    spans = list_spans(scope.site)
    span = choose_span(spans, request.GET.get("tool", ""))
    if span is None:
        raise Http404
    months = count_months(scope.site, span.tool)
    panels = [
        Panel(
            name=name,
            label=_(label),
            lines=draw(name, count_values(scope.site, span.tool, name, ROWS)),
        )
        for name, label in PANELS.items()
    ]
    context = {
        "scope": scope,
        "span": span,
        "months": draw("", months)[::-1],
        "panels": [panel for panel in panels if panel.lines],
    }
    return render(request, "imported.html", context)


@require_POST
def remove_imported(request: HttpRequest) -> HttpResponse:
    """Forgets what a tool has counted for a site."""
    site, tool = site_id(request.POST.get("site", "")), request.POST.get("tool", "")
    if choose_span(list_spans(site), tool) is None:
        raise Http404
    remove_totals(site, tool)
    note(request.user.get_username(), "remove imported", f"{tool} {site}")
    messages.success(
        request, _("What %(tool)s had counted is removed.") % {"tool": tool}
    )
    return redirect("data")


def list_counted(request: HttpRequest, scope: Scope, period: Period) -> list[Span]:
    """What other tools had counted in days of the period, for who may look at it."""
    if share_of(request) is not None:
        return []
    first = day_of(period.start, scope.timezone).isoformat()
    last = day_of(period.end - 1, scope.timezone).isoformat()
    return [
        span
        for span in list_spans(scope.site, "")
        if span.first <= last and span.last >= first
    ]


def choose_span(spans: list[Span], tool: str) -> Span | None:
    """The tool's, or the first where none is named."""
    return next((span for span in spans if tool in (span.tool, "")), None)


def draw(dimension: str, rows: list[Numbers]) -> list[Line]:
    """The rows with bars, of visitors; of events where there are no visitors."""
    most = max([each.visitors for each in rows] + [1])
    return [
        Line(
            label=label_of(dimension, each.value) if dimension else each.value,
            flag=flag_of(each.value) if dimension == "country" else "",
            numbers=each,
            width=f"{100 * each.visitors / most:.2f}%",
        )
        for each in rows
    ]
