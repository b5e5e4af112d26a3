"""The chart of the statistics page, and the table below it."""

import msgspec
from django.utils.translation import gettext as _

from liveinsight.core.ports import Reader
from liveinsight.dashboard.pages.cards import Figure
from liveinsight.dashboard.pages.charts import Still, draw_still
from liveinsight.dashboard.pages.labels import format_metric
from liveinsight.dashboard.pages.periods import ChosenPeriod
from liveinsight.dashboard.pages.scope import Scope
from liveinsight.query.buckets import find_running, find_zone
from liveinsight.query.catalog.dimensions import TIME
from liveinsight.query.catalog.metrics import METRICS, Kind, Metric, adds_up
from liveinsight.query.model import Answer, Interval, Period, Question, Value
from liveinsight.query.run import answer


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
