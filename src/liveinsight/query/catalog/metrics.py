"""The metrics, as data: to add one, add a row.

A fragment is DuckDB SQL over the columns that facts.py names for what the metric is
counted over.

Source: design, semantics.md, "Metrics"; where that is silent, Plausible's meaning.
"""

from collections.abc import Sequence
from enum import StrEnum

import msgspec

from liveinsight.errors import QueryError
from liveinsight.query.catalog.dimensions import ACTIVE_INTERVALS, Level, find_dimension
from liveinsight.query.model import Interval


class Facts(StrEnum):
    """What a metric is counted over."""

    EVENTS = "events"
    """Matching events other than engagement, by their own time."""
    RUNS = "runs"
    """The same, a whole session at a time where it lies inside of the period: for
    what only sessions decide this reads a seventh of the rows."""
    AUDIENCE = "audience"
    """EVENTS without the goals of the filters: those who could have converted."""
    AUDIENCE_RUNS = "audience_runs"
    """RUNS without them."""
    ENGAGED = "engaged"
    """Matching events that belong to a session, engagement included."""
    DEPTHS = "depths"
    """One row per user and page: the deepest scroll."""
    SESSIONS = "sessions"
    """Sessions with a matching event, by the time they start."""
    ENTRIES = "entries"
    """The same, but `page` means the page that the session entered at."""
    ACTIVE = "active"
    """Sessions with a matching event, in each bucket that they were active in."""
    PRESENT = "present"
    """Matching events of the last 5 minutes on our clock."""


class Kind(StrEnum):
    """How a metric behaves."""

    COUNT = "count"
    RATE = "rate"
    MEAN = "mean"
    SUM = "sum"


class Metric(msgspec.Struct, frozen=True, kw_only=True):
    """A number that can be asked for."""

    name: str
    facts: Facts
    sql: str
    kind: Kind
    unit: str
    by_run: bool = False
    """Whether sessions keep what it takes: then it is counted over RUNS if it can be."""
    per: str = ""
    """SQL over the audience that the number is divided by; "" is by nothing."""
    additive: bool = False
    """Whether the parts of any breakdown by an event's or session's own value add up."""
    doc: str


METRICS = {
    metric.name: metric
    for metric in (
        Metric(
            name="visitors",
            facts=Facts.EVENTS,
            sql="count(distinct user_key)",
            kind=Kind.COUNT,
            unit="users",
            by_run=True,
            doc="Distinct users with an event other than engagement.",
        ),
        Metric(
            name="sessions",
            facts=Facts.SESSIONS,
            sql="count(*)",
            kind=Kind.COUNT,
            unit="sessions",
            doc=(
                "Sessions that start in the period. In a series by hour or minute a "
                "session counts in each bucket that it was active in, so that the "
                "buckets add up to more than the total."
            ),
        ),
        Metric(
            name="page_views",
            facts=Facts.EVENTS,
            sql="coalesce(sum(page_views), 0)",
            kind=Kind.COUNT,
            unit="events",
            by_run=True,
            additive=True,
            doc="Interactive events of the type `page_view`.",
        ),
        Metric(
            name="events",
            facts=Facts.EVENTS,
            sql="coalesce(sum(events), 0)",
            kind=Kind.COUNT,
            unit="events",
            by_run=True,
            additive=True,
            doc="All events but engagement.",
        ),
        Metric(
            name="views_per_session",
            facts=Facts.SESSIONS,
            sql="avg(page_views)",
            kind=Kind.MEAN,
            unit="events",
            doc="Mean page views of the sessions that start in the period.",
        ),
        Metric(
            name="bounce_rate",
            facts=Facts.ENTRIES,
            sql="avg(is_bounce::int)",
            kind=Kind.RATE,
            unit="ratio",
            doc=(
                "Bounced ÷ all sessions. A session bounced if it has fewer than 2 "
                "page views and no interactive custom event or conversion. With a "
                "page, over the sessions that entered there."
            ),
        ),
        Metric(
            name="session_duration",
            facts=Facts.ENTRIES,
            sql="avg(session_duration)",
            kind=Kind.MEAN,
            unit="ms",
            doc=(
                "Mean time from the first to the last event of a session, those of "
                "no length included. With a page, over the sessions that entered "
                "there."
            ),
        ),
        Metric(
            name="engagement_time",
            facts=Facts.ENGAGED,
            sql=(
                "coalesce(sum(engagement_ms), 0)"
                " / nullif(count(distinct session_key), 0)"
            ),
            kind=Kind.MEAN,
            unit="ms",
            doc=(
                "Time with the page in view and in use ÷ sessions: per session, or "
                "by page per session that saw the page."
            ),
        ),
        Metric(
            name="scroll_depth",
            facts=Facts.DEPTHS,
            sql="avg(depth)",
            kind=Kind.MEAN,
            unit="percent",
            doc=(
                "Mean, over users and pages, of the deepest scroll that was reported, 0-100."
            ),
        ),
        Metric(
            name="exit_rate",
            facts=Facts.EVENTS,
            sql="sum(exits) / nullif(sum(page_views), 0)",
            kind=Kind.RATE,
            unit="ratio",
            by_run=True,
            doc="Page views that were the last of their session ÷ page views.",
        ),
        Metric(
            name="conversions",
            facts=Facts.EVENTS,
            sql="coalesce(sum(conversions), 0)",
            kind=Kind.COUNT,
            unit="events",
            by_run=True,
            additive=True,
            doc=(
                "Events that meet the goals named by a filter `goal is …` or, by `goal`,"
                " each goal; without either those of the type `conversion`."
            ),
        ),
        Metric(
            name="conversion_rate",
            facts=Facts.EVENTS,
            sql="count(distinct user_key) filter (where conversions > 0)",
            per="count(distinct user_key)",
            kind=Kind.RATE,
            unit="ratio",
            by_run=True,
            doc=(
                "Users with a conversion ÷ all visitors under the same filters, those"
                " for goals left out."
            ),
        ),
        Metric(
            name="revenue",
            facts=Facts.EVENTS,
            sql="coalesce(sum(revenue_amount), 0)::double",
            kind=Kind.SUM,
            unit="currency",
            additive=True,
            doc=(
                "Sum of the amounts as sent, or of the goal's own value. Where a site "
                "takes several currencies, cut or filter by `currency`."
            ),
        ),
        Metric(
            name="current_visitors",
            facts=Facts.PRESENT,
            sql="count(distinct user_key)",
            kind=Kind.COUNT,
            unit="users",
            doc=(
                "Users with an event other than engagement in the last 5 minutes "
                "before the end of the period, by the time on our clock."
            ),
        ),
    )
}


def find_metric(name: str) -> Metric:
    """The metric of that name.

    Raises:
        QueryError: there is none.
    """
    metric = METRICS.get(name)
    if metric is None:
        raise QueryError("metrics", "no metric %(name)r", name=name[:64])
    return metric


def adds_up(metric: Metric, dimensions: Sequence[str], interval: Interval) -> bool:
    """Whether the rows of this breakdown sum to the total; else the page says so."""
    if metric.name != "sessions":
        return metric.additive
    levels = {find_dimension(name).level for name in dimensions}
    overlap = Level.TIME in levels and interval in ACTIVE_INTERVALS
    return Level.EVENT not in levels and not overlap
