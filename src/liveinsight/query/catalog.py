"""The metrics and dimensions, as data: to add one, add a row.

A fragment is DuckDB SQL over the columns that compile.py names: `e` is an event,
`r` its run of events (null where it belongs to none), `s` a session.

Source: design, semantics.md, "Metrics"; where that is silent, Plausible's meaning.
"""

from collections.abc import Sequence
from enum import StrEnum

import msgspec

from liveinsight.core import limits
from liveinsight.errors import QueryError
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


class Level(StrEnum):
    """Whose property a dimension is."""

    TIME = "time"
    EVENT = "event"
    SESSION = "session"


class Dimension(msgspec.Struct, frozen=True, kw_only=True):
    """A property that metrics can be cut and filtered by."""

    name: str
    level: Level
    event_sql: str
    session_sql: str | None = None
    """The same for a session; None: a session has many."""
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


def _own(name: str, doc: str, sql: str | None = None) -> Dimension:
    return Dimension(
        name=name, level=Level.EVENT, event_sql=sql or f"e.{name}", doc=doc
    )


def _of_session(name: str, doc: str, column: str | None = None) -> Dimension:
    """The run's value; an event outside of all runs has its own."""
    column = column or name
    return Dimension(
        name=name,
        level=Level.SESSION,
        event_sql=(
            f"case when r.session_key is null then e.{column} else r.{column} end"
        ),
        session_sql=f"s.{column}",
        doc=doc,
    )


def _of_run(name: str, doc: str) -> Dimension:
    return Dimension(
        name=name,
        level=Level.SESSION,
        event_sql=f"r.{name}",
        session_sql=f"s.{name}",
        doc=doc,
    )


TIME = "time"
ACTIVE_INTERVALS = (Interval.MINUTE, Interval.HOUR)
"""In these a session counts in each bucket that it was active in."""
PROPERTY = "property:"
GOAL = "goal"
TOUCH = (
    *("source", "channel", "referrer"),
    *("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content"),
)
"""The dimensions that say where a visit came from: what an attribution changes."""

DIMENSIONS = {
    dimension.name: dimension
    for dimension in (
        Dimension(
            name=TIME,
            level=Level.TIME,
            event_sql="e.time",
            session_sql="s.start_time",
            doc=(
                "Start of the minute, hour, day, week (from Monday) or month in the "
                "site's time zone, in ms."
            ),
        ),
        _own("page", "Path of the page, without query and fragment."),
        _of_run("entry_page", "Page of the session's first page view."),
        _of_run("exit_page", "Page of the session's last page view."),
        _own("title", "Title of the page.", "e.page_title"),
        _own("host", "Host of the page, without `www.` and port."),
        _own("event_type", "`page_view`, `click`, `conversion`, or a custom name."),
        Dimension(
            name=GOAL,
            level=Level.EVENT,
            # Which goals there are is said by the question: facts.py knows.
            event_sql="null",
            doc=(
                "The site's goals that the event meets, one row for each; `conversion`"
                " is always there. By it, or under `goal is …`, conversions, rate and"
                " revenue are of these goals."
            ),
        ),
        _own("currency", "Currency of the revenue.", "e.revenue_currency"),
        _of_session("source", "Who sent the visitor; not set: nobody known."),
        _of_session("channel", "The group that the source belongs to."),
        _of_session("referrer", "The full referring URL without query."),
        _of_session("utm_source", "`utm_source` of the first page."),
        _of_session("utm_medium", "`utm_medium` of the first page."),
        _of_session("utm_campaign", "`utm_campaign` of the first page."),
        _of_session("utm_term", "`utm_term` of the first page."),
        _of_session("utm_content", "`utm_content` of the first page."),
        _of_session("country", "ISO 3166-1 alpha-2 code."),
        _of_session("region", "Region of the country."),
        _of_session("city", "City."),
        _of_session("language", "Language of the browser."),
        _of_session("device", "`Desktop`, `Mobile`, `Tablet`, `TV`, …"),
        _of_session("browser", "Browser."),
        _of_session("browser_version", "Version of the browser; ask with `browser`."),
        _of_session("os", "Operating system."),
        _of_session("os_version", "Version of the system; ask with `os`."),
        _of_session(
            "screen", "Width of the screen in pixels.", "screen_width::varchar"
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
        raise QueryError("metrics", f"no metric {_shown(name)}")
    return metric


def find_dimension(name: str, field: str = "dimensions") -> Dimension:
    """The dimension of that name; `property:NAME` is one for any NAME.

    Raises:
        QueryError: there is none; it names `field`.
    """
    dimension = DIMENSIONS.get(name)
    if dimension is not None:
        return dimension
    key = name.removeprefix(PROPERTY)
    if key == name:
        raise QueryError(field, f"no dimension {_shown(name)}")
    if not 0 < len(key) <= limits.PROPERTY_KEY_CHARS:
        longest = limits.PROPERTY_KEY_CHARS
        raise QueryError(field, f"a property's name has 1 to {longest} characters")
    # The name is a value, not SQL: compile.py hands it over as a parameter.
    return Dimension(
        name=name,
        level=Level.EVENT,
        event_sql="nullif(json_extract_string(e.properties, :property), '')",
        doc="A property of the event.",
    )


def adds_up(metric: Metric, dimensions: Sequence[str], interval: Interval) -> bool:
    """Whether the rows of this breakdown sum to the total; else the page says so."""
    if metric.name != "sessions":
        return metric.additive
    levels = {find_dimension(name).level for name in dimensions}
    overlap = Level.TIME in levels and interval in ACTIVE_INTERVALS
    return Level.EVENT not in levels and not overlap


def metrics_markdown() -> str:
    """The text of docs/metrics.md."""
    lines = [
        "# Metrics and dimensions",
        "",
        "Generated from `liveinsight.query.catalog`. Rates are 0-1, times ms, periods",
        "half-open, days those of the site's time zone. A session belongs to the",
        "bucket it starts in. A session's properties hold for all of its events.",
        "*Adds up*: the rows of a breakdown or series sum to the total.",
        "",
        "## Metrics",
        "",
        "| name | meaning | unit | counted over | adds up |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| `{m.name}` | {m.doc} | {m.unit} | {m.facts} | {'yes' if m.additive else 'no'} |"
        for m in METRICS.values()
    ]
    lines += ["", "Counted over:", ""]
    lines += [f"- *{facts}*: {doc}" for facts, doc in FACTS_DOCS.items()]
    lines += ["", "## Dimensions", "", "| name | meaning | of |", "|---|---|---|"]
    lines += [f"| `{d.name}` | {d.doc} | {d.level} |" for d in DIMENSIONS.values()]
    lines += [f"| `{PROPERTY}NAME` | The event's property NAME. | event |", ""]
    return "\n".join(lines) + FILTERS_DOC


FILTERS_DOC = """\
## Filters

A filter is `[OPERATOR, DIMENSION, [VALUE, …]]`; several values mean any of them, the
empty value is "not set", case matters. Operators: `is`, `is_not`, `contains`,
`contains_not`, `matches` and `matches_not` (RE2, found anywhere). The negative ones
also hold for what is not set.

Filters stand in one another: `["and", [F, …]]`, `["or", [F, …]]`, `["not", F]`.
`["has_done", F]` keeps the users who have an event in the period for which F holds,
`["has_not_done", F]` those who have none.

An event meets the filters on its page, properties and so on, and its session those on
source, country, device and so on. A session meets filters on events with one event for
which all of them hold together; the questions about bounces and durations then take a
page for the page that the session entered at.

## Goals

A goal is a filter on events, or a threshold: on a page, engagement or scroll. Such a
goal is met once by each session and page, by the first view of the page, if the
engagement there adds up to the threshold, or the deepest scroll reaches it. Goals are
evaluated when asked, so a change of one changes history. `conversion`, events of the
type `conversion`, is always there.

Under a filter `["is", "goal", [NAME]]`, all metrics are of the events that meet the goal,
and `conversion_rate` is their visitors ÷ all visitors under the other filters.

## Attribution

Source, channel, referrer and utm_… are those of the event's own session (`session`), of
the user's first session on the site (`first`), or of the latest session up to the
event's own that did not come directly, else its own (`last`).
"""

FACTS_DOCS = {
    Facts.EVENTS: "matching events other than engagement, by their own time.",
    Facts.AUDIENCE: "the same without the filters `goal is …`.",
    Facts.ENGAGED: (
        "matching page views and engagement events that belong to a session; engagement "
        "that comes alone after 30 minutes of silence counts as one of its own here."
    ),
    Facts.DEPTHS: "the deepest scroll of each user on each page.",
    Facts.SESSIONS: (
        "sessions with a matching event, by the time they start; by a property of "
        "events, each session once for every value that it met."
    ),
    Facts.ENTRIES: "the same, where `page` means the page the session entered at.",
    Facts.PRESENT: "matching events of the last 5 minutes on our clock.",
}


def _shown(name: str) -> str:
    """An unknown name, short enough to quote."""
    return repr(name[:64])
