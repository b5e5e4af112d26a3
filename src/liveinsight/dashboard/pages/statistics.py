"""`/statistics/`: numbers over a period. The address is the page's whole state."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from liveinsight.dashboard import runtime
from liveinsight.dashboard.pages.annotations import list_notes, mark_series
from liveinsight.dashboard.pages.api_call import call_query
from liveinsight.dashboard.pages.breakdowns import ask_panel
from liveinsight.dashboard.pages.cards import (
    ask_cards,
    choose_metric,
    question_of_figures,
)
from liveinsight.dashboard.pages.comparable import find_comparable
from liveinsight.dashboard.pages.emptiness import explain_emptiness
from liveinsight.dashboard.pages.filter_bar import make_filter_bar
from liveinsight.dashboard.pages.goals_panel import ask_goals_panel
from liveinsight.dashboard.pages.imported import list_counted
from liveinsight.dashboard.pages.panel_kinds import PANELS
from liveinsight.dashboard.pages.periods import choose_period
from liveinsight.dashboard.pages.scope import answering_errors, read_scope
from liveinsight.dashboard.pages.series import ask_series
from liveinsight.dashboard.shares import shareable


@shareable
@require_safe
@vary_on_headers("HX-Request", "HX-Target")
@answering_errors
def statistics(request: HttpRequest) -> HttpResponse:
    """The page; for htmx only the part that it asks for."""
    scope = read_scope(request)
    chosen = choose_period(request.GET, scope)
    reader = runtime.current().reader
    target = request.headers.get("HX-Target", "")
    for panel in PANELS:
        if target == panel.element_id:
            asked = ask_panel(panel, request.GET, scope, chosen, reader)
            return render(request, "statistics/panel.html", {"panel": asked})
    metric = choose_metric(request.GET, scope)
    before = find_comparable(scope, chosen, reader)
    series = ask_series(metric, scope, chosen, before, reader)
    notes = list_notes(scope, chosen, [row.time for row in series.rows])
    cards = ask_cards(request.GET, scope, chosen, before, reader)
    is_empty = all(card.is_zero for card in cards)
    totals = {card.metric: card.total for card in cards}
    context = {
        "scope": scope,
        "chosen": chosen,
        "filter_bar": make_filter_bar(request, scope),
        "cards": cards,
        "empty": explain_emptiness(request.GET, scope, chosen, reader)
        if is_empty
        else None,
        "series": mark_series(series, notes),
        "notes": notes,
        "counted": list_counted(request, scope, chosen.period),
        "is_compared": before is not None,
        "call": call_query(question_of_figures(scope, chosen, before), scope),
        "goals_panel": ask_goals_panel(request.GET, scope, chosen, reader, totals),
        "panels": []
        if is_empty
        else [
            ask_panel(panel, request.GET, scope, chosen, reader, totals)
            for panel in PANELS
        ],
    }
    is_part = target == "report"
    return render(
        request, "statistics/report.html" if is_part else "statistics.html", context
    )
