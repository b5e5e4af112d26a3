"""The panels of the statistics page: visitors or sessions by one dimension each."""

from typing import Final

import msgspec
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from liveinsight.core.ports import Reader
from liveinsight.dashboard.pages.address import change_query
from liveinsight.dashboard.pages.attribution import (
    AttributionChoice,
    list_attributions,
)
from liveinsight.dashboard.pages.bars import Bar, list_bars
from liveinsight.dashboard.pages.periods import ChosenPeriod
from liveinsight.dashboard.pages.scope import Scope
from liveinsight.query.model import Question
from liveinsight.query.run import answer

RATE: Final = "conversion_rate"
SOURCES: Final = "sources"
ROWS: Final = 10
MOST_ROWS: Final = 200
"""Of the panel that the address opens with `all`."""


class Tab(msgspec.Struct, frozen=True, kw_only=True):
    """One breakdown of a panel."""

    dimension: str
    label: str
    metric: str = "visitors"


class PanelKind(msgspec.Struct, frozen=True, kw_only=True):
    """A panel and its tabs; `name` is the parameter that keeps the tab."""

    name: str
    label: str
    tabs: tuple[Tab, ...]

    @property
    def element_id(self) -> str:
        """Of the panel in the page."""
        return f"panel-{self.name}"


PANELS: Final = (
    PanelKind(
        name="pages",
        label=gettext_noop("Pages"),
        tabs=(
            Tab(dimension="page", label=gettext_noop("Top pages")),
            Tab(
                dimension="entry_page",
                label=gettext_noop("Entry pages"),
                metric="sessions",
            ),
            Tab(
                dimension="exit_page",
                label=gettext_noop("Exit pages"),
                metric="sessions",
            ),
        ),
    ),
    PanelKind(
        name=SOURCES,
        label=gettext_noop("Sources"),
        tabs=(
            Tab(dimension="source", label=gettext_noop("Sources")),
            Tab(dimension="channel", label=gettext_noop("Channels")),
            Tab(dimension="utm_campaign", label=gettext_noop("Campaigns")),
            Tab(dimension="referrer", label=gettext_noop("Referrers")),
        ),
    ),
    PanelKind(
        name="countries",
        label=gettext_noop("Countries"),
        tabs=(Tab(dimension="country", label=gettext_noop("Countries")),),
    ),
    PanelKind(
        name="devices",
        label=gettext_noop("Devices"),
        tabs=(
            Tab(dimension="device", label=gettext_noop("Devices")),
            Tab(dimension="browser", label=gettext_noop("Browsers")),
            Tab(dimension="os", label=gettext_noop("Systems")),
        ),
    ),
)


class PanelTab(msgspec.Struct, frozen=True, kw_only=True):
    """A tab as shown."""

    label: str
    address: str
    is_chosen: bool


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
    bars: list[Bar]
    more: int
    """Groups that are not shown."""
    more_address: str


def ask_panel(
    panel: PanelKind,
    query: QueryDict,
    scope: Scope,
    chosen: ChosenPeriod,
    reader: Reader,
) -> PanelView:
    """The panel under the tab that the address keeps."""
    asked = query.get(panel.name)
    tab = next((each for each in panel.tabs if each.dimension == asked), panel.tabs[0])
    got = answer(
        Question(
            site=scope.site,
            timezone=scope.timezone,
            period=chosen.period,
            metrics=(tab.metric, RATE) if scope.is_of_goals else (tab.metric,),
            dimensions=(tab.dimension,),
            filters=scope.filters,
            goals=scope.goals,
            attribution=scope.attribution,
            limit=MOST_ROWS if query.get("all") == panel.name else ROWS,
        ),
        reader,
    )
    rows = [(read_label(row.dimensions[0]), row.metrics[0] or 0) for row in got.rows]
    return PanelView(
        element_id=panel.element_id,
        label=_(panel.label),
        column=_("Visitors") if tab.metric == "visitors" else _("Sessions"),
        has_rates=scope.is_of_goals,
        attributions=list_attributions(query) if panel.name == SOURCES else [],
        tabs=[
            PanelTab(
                label=_(each.label),
                address=change_query(query, **{panel.name: each.dimension}),
                is_chosen=each is tab,
            )
            for each in panel.tabs
        ],
        bars=list_bars(
            query,
            tab.dimension,
            rows,
            whole=got.totals[0] or 0,
            rates=[row.metrics[1] for row in got.rows] if scope.is_of_goals else (),
        ),
        more=max(0, got.row_count - len(rows)),
        more_address=change_query(query, all=panel.name),
    )


def read_label(label: str | int | None) -> str | None:
    """A breakdown's label; those by time are not asked for here."""
    return None if label is None else str(label)
