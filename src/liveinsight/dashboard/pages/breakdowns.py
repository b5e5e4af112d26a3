"""The panels of the statistics page: visitors or sessions by one dimension each."""

from collections.abc import Mapping
from typing import Final

import msgspec
from django.http import QueryDict
from django.utils.translation import gettext as _

from liveinsight.core.ports import Reader
from liveinsight.dashboard.pages.address import change_query
from liveinsight.dashboard.pages.api_call import ApiCall, call_query
from liveinsight.dashboard.pages.attribution import (
    AttributionChoice,
    list_attributions,
)
from liveinsight.dashboard.pages.bars import Bar, Named, list_bars
from liveinsight.dashboard.pages.panel_kinds import EVENTS, SOURCES, PanelKind, Tab
from liveinsight.dashboard.pages.periods import ChosenPeriod
from liveinsight.dashboard.pages.scope import Scope
from liveinsight.dashboard.pages.world_map import WorldMap, draw_map
from liveinsight.query.catalog.dimensions import PROPERTY
from liveinsight.query.model import Filter, Label, Operator, Question, Value
from liveinsight.query.run import answer
from liveinsight.query.suggest import property_names

RATE: Final = "conversion_rate"
ROWS: Final = 10
MAP_ROWS: Final = 300
"""More than there are countries: the map shows them all."""
ROWS_BELOW_MAP: Final = 4
MOST_PROPERTIES: Final = 20


class PanelTab(msgspec.Struct, frozen=True, kw_only=True):
    """A tab as shown."""

    label: str
    address: str
    is_chosen: bool
    is_rare: bool


class PanelView(msgspec.Struct, frozen=True, kw_only=True):
    """A panel with its rows."""

    element_id: str
    label: str
    column: str
    has_rates: bool
    """Whether the rows show conversion rates: under a goal."""
    attributions: list[AttributionChoice]
    """Of a panel of sources."""
    tabs: list[PanelTab]
    rare_tabs: list[PanelTab]
    rare_label: str
    """Of the chosen one of these; "" where it is none."""
    map: WorldMap | None
    bars: list[Bar]
    more: int
    """Groups that are not shown."""
    details: str
    """Where they all are."""
    call: ApiCall | None


def ask_panel(
    panel: PanelKind,
    query: QueryDict,
    scope: Scope,
    chosen: ChosenPeriod,
    reader: Reader,
    totals: Mapping[str, Value] | None = None,
) -> PanelView:
    """The panel under the tab that the address keeps.

    `totals` are those of metrics that are known already: they are not asked for.
    """
    tabs = list_tabs(panel, scope, chosen, reader)
    # The first visit, or the last known, may lie outside of a link's segment.
    is_limited = scope.share is not None and bool(scope.share.filters)
    asked = query.get(panel.name)
    tab = next((each for each in tabs if each.key == asked), tabs[0])
    question = question_of(tab, scope, chosen, MAP_ROWS if tab.is_map else ROWS)
    is_of_all = question.filters == scope.filters
    known = totals.get(tab.metric) if totals and is_of_all else None
    got = answer(question, reader, with_totals=known is None)
    whole = got.totals[0] if known is None else known
    rows = [(name_row(tab, row.dimensions), row.metrics[0] or 0) for row in got.rows]
    rates = [row.metrics[1] for row in got.rows] if scope.is_of_goals else ()
    bars = list_bars(query, rows, whole=whole or 0, rates=rates)
    shown = [show_tab(each, panel, query, is_chosen=each is tab) for each in tabs]
    count = ROWS_BELOW_MAP if tab.is_map else len(bars)
    return PanelView(
        element_id=panel.element_id,
        label=_(panel.label),
        column=name_column(tab.metric),
        has_rates=scope.is_of_goals,
        attributions=list_attributions(query)
        if panel.name == SOURCES and not is_limited
        else [],
        tabs=[each for each in shown if not each.is_rare],
        rare_tabs=[each for each in shown if each.is_rare],
        rare_label=_(tab.label) if tab.is_rare else "",
        map=draw_map(bars) if tab.is_map and bars else None,
        bars=bars[:count],
        more=max(0, got.row_count - count),
        details=change_query(query, by=tab.dimension),
        call=call_query(question, scope),
    )


def list_tabs(
    panel: PanelKind, scope: Scope, chosen: ChosenPeriod, reader: Reader
) -> tuple[Tab, ...]:
    """The panel's tabs; among the events those of the properties that they have."""
    # A property may hold what is not for everybody who has a link.
    if panel.name != EVENTS or scope.share is not None:
        return panel.tabs
    names = property_names(scope.site, chosen.period, reader)[:MOST_PROPERTIES]
    return (
        *panel.tabs,
        *(Tab(dimension=PROPERTY + name, label=name, is_rare=True) for name in names),
    )


def show_tab(
    tab: Tab, panel: PanelKind, query: QueryDict, *, is_chosen: bool
) -> PanelTab:
    """The tab with its address."""
    is_property = tab.dimension.startswith(PROPERTY)
    return PanelTab(
        label=tab.label if is_property else _(tab.label),
        address=change_query(query, **{panel.name: tab.key}),
        is_chosen=is_chosen,
        is_rare=tab.is_rare,
    )


def question_of(tab: Tab, scope: Scope, chosen: ChosenPeriod, limit: int) -> Question:
    """What the tab asks."""
    filters = scope.filters
    if tab.dimension.startswith(PROPERTY):
        # Most events do not have it, and say nothing about it.
        filters = (*filters, Filter(tab.dimension, Operator.IS_NOT, ("",)))
    return Question(
        site=scope.site,
        timezone=scope.timezone,
        period=chosen.period,
        metrics=(tab.metric, RATE) if scope.is_of_goals else (tab.metric,),
        dimensions=tab.dimensions,
        filters=filters,
        goals=scope.goals,
        attribution=scope.attribution,
        limit=limit,
    )


def name_row(tab: Tab, labels: list[Label]) -> list[Named]:
    """Dimensions and values of a row; those by time are not asked for here."""
    return [
        (dimension, None if label is None else str(label))
        for dimension, label in zip(tab.dimensions, labels, strict=True)
    ]


def name_column(metric: str) -> str:
    """The metric as the head of its column."""
    names = {"visitors": _("Visitors"), "sessions": _("Sessions")}
    return names.get(metric, _("Events"))
