"""The parts of the statistics page: cards, the chart, panels; each is a question."""

from typing import Final

import msgspec
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop

from liveinsight.core.ports import Reader
from liveinsight.dashboard.pages.address import change_query
from liveinsight.dashboard.pages.bars import Bar, list_bars
from liveinsight.dashboard.pages.charts import Still, draw_still
from liveinsight.dashboard.pages.labels import format_change, format_metric
from liveinsight.dashboard.pages.periods import ChosenPeriod
from liveinsight.dashboard.pages.scope import Scope
from liveinsight.query.catalog import METRICS
from liveinsight.query.model import Answer, Interval, Period, Question, Value
from liveinsight.query.run import answer

ROWS: Final = 10


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """A metric of the page."""

    metric: str
    label: str
    more_is_better: bool | None = True


FIGURES: Final = (
    Figure(metric="visitors", label=noop("Visitors")),
    Figure(metric="sessions", label=noop("Sessions")),
    Figure(metric="page_views", label=noop("Page views")),
    Figure(metric="views_per_session", label=noop("Views per session")),
    Figure(metric="bounce_rate", label=noop("Bounce rate"), more_is_better=False),
    Figure(metric="session_duration", label=noop("Session duration")),
)


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
        label=noop("Pages"),
        tabs=(
            Tab(dimension="page", label=noop("Top pages")),
            Tab(dimension="entry_page", label=noop("Entry pages"), metric="sessions"),
            Tab(dimension="exit_page", label=noop("Exit pages"), metric="sessions"),
        ),
    ),
    PanelKind(
        name="sources",
        label=noop("Sources"),
        tabs=(
            Tab(dimension="source", label=noop("Sources")),
            Tab(dimension="channel", label=noop("Channels")),
            Tab(dimension="utm_campaign", label=noop("Campaigns")),
            Tab(dimension="referrer", label=noop("Referrers")),
        ),
    ),
    PanelKind(
        name="countries",
        label=noop("Countries"),
        tabs=(Tab(dimension="country", label=noop("Countries")),),
    ),
    PanelKind(
        name="devices",
        label=noop("Devices"),
        tabs=(
            Tab(dimension="device", label=noop("Devices")),
            Tab(dimension="browser", label=noop("Browsers")),
            Tab(dimension="os", label=noop("Systems")),
        ),
    ),
)


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """A metric with its change; choosing it shows it in the chart."""

    label: str
    value: str
    before: str
    change: str
    direction: str
    """`up`, `down` or ""."""
    judged: str
    """`good`, `bad` or ""."""
    address: str
    is_chosen: bool


class SeriesRow(msgspec.Struct, frozen=True, kw_only=True):
    """One bucket, for the table."""

    time: int
    value: str
    before: str


class Series(msgspec.Struct, frozen=True, kw_only=True):
    """The chart's data, drawn and to be drawn."""

    label: str
    interval: Interval
    still: Still
    data: dict[str, object]
    """For the script."""
    rows: list[SeriesRow]
    adds_up: bool


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
    tabs: list[PanelTab]
    bars: list[Bar]
    more: int
    """Groups that are not shown."""


def choose_metric(query: QueryDict) -> Figure:
    """The metric of the chart."""
    asked = query.get("metric")
    return next((each for each in FIGURES if each.metric == asked), FIGURES[0])


def ask_cards(
    query: QueryDict, scope: Scope, chosen: ChosenPeriod, reader: Reader
) -> list[Card]:
    """The six metrics over the period, compared with the one before."""
    got = answer(
        Question(
            site=scope.site,
            timezone=scope.timezone,
            period=chosen.period,
            metrics=tuple(figure.metric for figure in FIGURES),
            filters=scope.filters,
            compare=chosen.before,
        ),
        reader,
    )
    before = got.totals_before or [None] * len(FIGURES)
    changes = got.totals_change or [None] * len(FIGURES)
    shown = choose_metric(query)
    return [
        make_card(query, figure, (value, old, change), is_chosen=figure is shown)
        for figure, value, old, change in zip(
            FIGURES, got.totals, before, changes, strict=True
        )
    ]


def make_card(
    query: QueryDict,
    figure: Figure,
    numbers: tuple[Value, Value, float | None],
    *,
    is_chosen: bool,
) -> Card:
    """One card."""
    value, before, change = numbers
    unit = METRICS[figure.metric].unit
    rounded = round((change or 0) * 100)
    direction = "" if not rounded else "up" if rounded > 0 else "down"
    judged = ""
    if direction and figure.more_is_better is not None:
        judged = "good" if (direction == "up") is figure.more_is_better else "bad"
    return Card(
        label=_(figure.label),
        value=format_metric(value, unit),
        before=format_metric(before, unit),
        change=write_change(change, unit),
        direction=direction,
        judged=judged,
        address=change_query(query, metric=figure.metric),
        is_chosen=is_chosen,
    )


def write_change(change: float | None, unit: str) -> str:
    """+12%; for a rate, whose change is a difference, in points."""
    if change is None or unit != "ratio":
        return format_change(change)
    return _("%(points)s points") % {"points": f"{change * 100:+.1f}".replace("-", "−")}


def ask_series(
    figure: Figure, scope: Scope, chosen: ChosenPeriod, reader: Reader
) -> Series:
    """The metric over the period, with the period before beside it."""
    got = ask_by_time(figure, scope, chosen.period, None, reader)
    interval = got.interval or Interval.DAY
    old = ask_by_time(figure, scope, chosen.before, interval, reader)
    values = [row.metrics[0] for row in got.rows]
    before = [row.metrics[0] for row in old.rows]
    unit = METRICS[figure.metric].unit
    times = [int(row.dimensions[0] or 0) for row in got.rows]
    return Series(
        label=_(figure.label),
        interval=interval,
        still=draw_still(values, before=before),
        data={
            "label": _(figure.label),
            "unit": chart_unit(figure),
            "interval": interval.value,
            "timezone": scope.timezone,
            "times": times,
            "values": values,
            "before": before,
        },
        rows=[
            SeriesRow(
                time=time,
                value=format_metric(value, unit),
                before=format_metric(before[index], unit) if index < len(before) else "–",
            )
            for index, (time, value) in enumerate(zip(times, values, strict=True))
        ],
        adds_up=METRICS[figure.metric].additive,
    )


def chart_unit(figure: Figure) -> str:
    """How the axis counts: ratio, ms, mean or count."""
    metric = METRICS[figure.metric]
    if metric.unit in {"ratio", "ms"}:
        return metric.unit
    return "mean" if metric.kind == "mean" else "count"


def ask_by_time(
    figure: Figure,
    scope: Scope,
    period: Period,
    interval: Interval | None,
    reader: Reader,
) -> Answer:
    """The metric by bucket."""
    return answer(
        Question(
            site=scope.site,
            timezone=scope.timezone,
            period=period,
            metrics=(figure.metric,),
            dimensions=("time",),
            filters=scope.filters,
            interval=interval,
        ),
        reader,
    )


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
            metrics=(tab.metric,),
            dimensions=(tab.dimension,),
            filters=scope.filters,
            limit=ROWS,
        ),
        reader,
    )
    rows = [(read_label(row.dimensions[0]), row.metrics[0] or 0) for row in got.rows]
    return PanelView(
        element_id=panel.element_id,
        label=_(panel.label),
        column=_("Visitors") if tab.metric == "visitors" else _("Sessions"),
        tabs=[
            PanelTab(
                label=_(each.label),
                address=change_query(query, **{panel.name: each.dimension}),
                is_chosen=each is tab,
            )
            for each in panel.tabs
        ],
        bars=list_bars(query, tab.dimension, rows, whole=got.totals[0] or 0),
        more=max(0, got.row_count - len(rows)),
    )


def read_label(label: str | int | None) -> str | None:
    """A breakdown's label; those by time are not asked for here."""
    return None if label is None else str(label)
