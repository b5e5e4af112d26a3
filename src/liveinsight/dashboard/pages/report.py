"""The head of the statistics page: cards and chart; each is a question."""

from typing import Final

import msgspec
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from liveinsight.core.limits import DAY
from liveinsight.core.ports import Reader
from liveinsight.dashboard.pages.address import change_query
from liveinsight.dashboard.pages.charts import Still, draw_still
from liveinsight.dashboard.pages.labels import (
    format_change,
    format_metric,
    format_points,
)
from liveinsight.dashboard.pages.periods import ChosenPeriod
from liveinsight.dashboard.pages.scope import Scope
from liveinsight.query.buckets import find_running, find_zone
from liveinsight.query.catalog.dimensions import TIME
from liveinsight.query.catalog.metrics import METRICS, Kind, Metric, adds_up
from liveinsight.query.lists import first_event_at
from liveinsight.query.model import Answer, Interval, Period, Question, Value
from liveinsight.query.run import answer

LATE_START: Final = DAY
"""How far into the period before the first event may lie, for it to compare."""


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """A metric of the page."""

    metric: str
    label: str
    more_is_better: bool | None = True


FIGURES: Final = (
    Figure(metric="visitors", label=gettext_noop("Visitors")),
    Figure(metric="sessions", label=gettext_noop("Sessions")),
    Figure(metric="page_views", label=gettext_noop("Page views")),
    Figure(metric="views_per_session", label=gettext_noop("Views per session")),
    Figure(
        metric="bounce_rate", label=gettext_noop("Bounce rate"), more_is_better=False
    ),
    Figure(metric="session_duration", label=gettext_noop("Session duration")),
)
GOAL_FIGURES: Final = (
    Figure(metric="visitors", label=gettext_noop("Converted visitors")),
    Figure(metric="conversions", label=gettext_noop("Conversions")),
    Figure(metric="conversion_rate", label=gettext_noop("Conversion rate")),
    Figure(metric="revenue", label=gettext_noop("Revenue")),
    Figure(metric="sessions", label=gettext_noop("Sessions")),
    Figure(metric="session_duration", label=gettext_noop("Session duration")),
)
"""Under a filter by goals."""


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """A metric with its change; choosing it shows it in the chart."""

    metric: str
    total: Value
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
    is_zero: bool


class SeriesRow(msgspec.Struct, frozen=True, kw_only=True):
    """One bucket, for the table."""

    time: int
    value: str
    before: str
    is_running: bool
    """Not over yet."""


class Series(msgspec.Struct, frozen=True, kw_only=True):
    """The chart's data, drawn and to be drawn."""

    label: str
    interval: Interval
    still: Still
    data: dict[str, object]
    """For the script."""
    rows: list[SeriesRow]
    counted_often: str
    """What counts in several rows, so that they sum to more than the total: "visitors",
    "sessions", or nothing."""


def list_figures(scope: Scope) -> tuple[Figure, ...]:
    """The metrics of the page."""
    return GOAL_FIGURES if scope.is_of_goals else FIGURES


def choose_metric(query: QueryDict, scope: Scope) -> Figure:
    """The metric of the chart."""
    asked = query.get("metric")
    figures = list_figures(scope)
    return next((each for each in figures if each.metric == asked), figures[0])


def ask_cards(
    query: QueryDict,
    scope: Scope,
    chosen: ChosenPeriod,
    before: Period | None,
    reader: Reader,
) -> list[Card]:
    """The metrics over the period and that compared with.

    A period that began without any data says nothing, so it is left out.
    """
    figures = list_figures(scope)
    got = answer(
        Question(
            site=scope.site,
            timezone=scope.timezone,
            period=chosen.period,
            metrics=tuple(figure.metric for figure in figures),
            filters=scope.filters,
            goals=scope.goals,
            attribution=scope.attribution,
            compare=before,
        ),
        reader,
    )
    old_values = got.totals_before or [None] * len(figures)
    changes = got.totals_change or [None] * len(figures)
    shown = choose_metric(query, scope)
    return [
        make_card(query, figure, (value, old, change), is_chosen=figure is shown)
        for figure, value, old, change in zip(
            figures, got.totals, old_values, changes, strict=True
        )
    ]


def find_comparable(
    scope: Scope, chosen: ChosenPeriod, reader: Reader
) -> Period | None:
    """The period compared with, unless it lies before the first event."""
    if chosen.before is None:
        return None
    first = first_event_at(scope.site, reader)
    is_known = first is not None and first < chosen.before.start + LATE_START
    return chosen.before if is_known else None


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
    rounded = round((change or 0) * 1000)
    direction = "" if not rounded else "up" if rounded > 0 else "down"
    judged = ""
    if direction and figure.more_is_better is not None:
        judged = "good" if (direction == "up") is figure.more_is_better else "bad"
    return Card(
        metric=figure.metric,
        total=value,
        label=_(figure.label),
        value=format_metric(value, unit),
        before=format_metric(before, unit),
        change=write_change(change, unit),
        direction=direction,
        judged=judged,
        address=change_query(query, metric=figure.metric),
        is_chosen=is_chosen,
        is_zero=not value,
    )


def write_change(change: float | None, unit: str) -> str:
    """+12.3%; for a rate, whose change is a difference, in points."""
    if change is None or unit != "ratio":
        return format_change(change)
    return _("%(points)s points") % {"points": format_points(change)}


def ask_series(
    figure: Figure,
    scope: Scope,
    chosen: ChosenPeriod,
    before: Period | None,
    reader: Reader,
) -> Series:
    """The metric over the period, with that compared with beside it."""
    got = ask_by_time(figure, scope, chosen.period, None, reader)
    interval = got.interval or Interval.DAY
    values = [row.metrics[0] for row in got.rows]
    old_values: list[Value] = []
    if before is not None:
        old = ask_by_time(figure, scope, before, interval, reader)
        old_values = [row.metrics[0] for row in old.rows]
    unit = METRICS[figure.metric].unit
    times = [int(row.dimensions[0] or 0) for row in got.rows]
    running = find_running(times, interval, find_zone(scope.timezone), scope.now)
    # Of what has not begun there is no number, not 0.
    values = [
        None if time > scope.now else value
        for time, value in zip(times, values, strict=True)
    ]
    return Series(
        label=_(figure.label),
        interval=interval,
        still=draw_still(values, before=old_values, running=running),
        data={
            "label": _(figure.label),
            "unit": chart_unit(figure),
            "interval": interval.value,
            "timezone": scope.timezone,
            "times": times,
            "values": values,
            "before": old_values,
            "before_label": chosen.before_label,
            "running": running,
        },
        rows=[
            SeriesRow(
                time=time,
                value=format_metric(value, unit),
                before=format_metric(old_values[index], unit)
                if index < len(old_values)
                else "–",
                is_running=index == running,
            )
            for index, (time, value) in enumerate(zip(times, values, strict=True))
        ],
        counted_often=name_counted_often(METRICS[figure.metric], interval),
    )


def name_counted_often(metric: Metric, interval: Interval) -> str:
    """What of the metric counts in several rows of its series, if anything does."""
    is_count = metric.kind is Kind.COUNT
    if not is_count or adds_up(metric, (TIME,), interval):
        return ""
    return "sessions" if metric.unit == "sessions" else "visitors"


def question_of_figures(
    scope: Scope, chosen: ChosenPeriod, before: Period | None
) -> Question:
    """What gives the figures by time, and in all; beside those before."""
    return Question(
        site=scope.site,
        timezone=scope.timezone,
        period=chosen.period,
        metrics=tuple(figure.metric for figure in list_figures(scope)),
        dimensions=("time",),
        filters=scope.filters,
        goals=scope.goals,
        attribution=scope.attribution,
        compare=before,
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
            goals=scope.goals,
            attribution=scope.attribution,
            interval=interval,
        ),
        reader,
        with_totals=False,
    )
