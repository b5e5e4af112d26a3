"""A question and its answer, as values.

All times are ms since 1970 UTC, all periods half-open, all rates 0-1.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from liveinsight.core.event import Revenue  # noqa: TC001  # msgspec reads it


class Operator(StrEnum):
    """How a filter compares. The empty value stands for "not set"."""

    IS = "is"
    IS_NOT = "is_not"
    CONTAINS = "contains"
    CONTAINS_NOT = "contains_not"
    MATCHES = "matches"
    """A regular expression (RE2) is found in it."""
    MATCHES_NOT = "matches_not"

    @property
    def is_negative(self) -> bool:
        """Whether it holds where no value matches; then it also holds for "not set"."""
        return self in (Operator.IS_NOT, Operator.CONTAINS_NOT, Operator.MATCHES_NOT)


class Interval(StrEnum):
    """The length of a bucket of a time series, in the site's time zone."""

    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    """From Monday."""
    MONTH = "month"


class Filter(msgspec.Struct, frozen=True):
    """One condition; several values mean any of them. Case matters."""

    dimension: str
    operator: Operator
    values: tuple[str, ...]


class And(msgspec.Struct, frozen=True):
    """All of them hold; without any, it always holds."""

    filters: tuple[Where, ...]


class Or(msgspec.Struct, frozen=True):
    """One of them holds."""

    filters: tuple[Where, ...]


class Not(msgspec.Struct, frozen=True):
    """It does not hold."""

    filter: Where


class HasDone(msgspec.Struct, frozen=True):
    """The user has an event in the period for which the filter holds, or has none."""

    filter: Where
    done: bool = True


class Reached(msgspec.Struct, frozen=True):
    """The session's first view of a page on which it reached a threshold.

    Its engagement on that page adds up to `engagement_ms`, and its deepest scroll
    there is `scroll_percent`, at least; 0 asks for nothing.
    """

    engagement_ms: int = 0
    scroll_percent: int = 0
    pages: tuple[Where, ...] = ()
    """What is asked of the page beside it: no other page need be added up."""


Where = Filter | And | Or | Not | HasDone | Reached
"""A condition on an event, its session and its user."""


class Goal(msgspec.Struct, frozen=True, kw_only=True):
    """A saved condition; a user converts with an event for which it holds.

    With a threshold, the event is the session's first view of the page on which it
    was reached: once per session and page. Only one of the thresholds is set.
    """

    name: str
    where: Where
    engagement_ms: int = 0
    scroll_percent: int = 0
    value: Revenue | None = None
    """What each conversion counts as revenue; None: what the event says."""


class Attribution(StrEnum):
    """Which of the user's sessions a source, channel, referrer and utm_… are of."""

    SESSION = "session"
    """The event's own."""
    FIRST = "first"
    """The user's first on the site."""
    LAST = "last"
    """The latest, up to the event's own, that did not come directly; else its own."""


class Period(msgspec.Struct, frozen=True):
    """From `start` up to, and without, `end`."""

    start: int
    end: int


class Order(msgspec.Struct, frozen=True):
    """One key of the order of rows: a metric or dimension of the question."""

    by: str
    descending: bool = True


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked: metrics by dimensions, under filters, in a period."""

    site: str | None
    """None: all sites together."""
    timezone: str = "UTC"
    period: Period
    metrics: tuple[str, ...]
    dimensions: tuple[str, ...] = ()
    """`time` among them asks for one row per `interval`."""
    filters: tuple[Where, ...] = ()
    """All of them must hold."""
    goals: tuple[Goal, ...] = ()
    """The site's own, beside the built-in `conversion`."""
    attribution: Attribution = Attribution.SESSION
    interval: Interval | None = None
    """With the dimension `time`; None chooses by the length of the period."""
    order_by: tuple[Order, ...] = ()
    """By default time ascending, else the first metric descending."""
    limit: int = 100
    """At most that many rows; a question by `time` alone is always complete."""
    offset: int = 0
    compare: Period | None = None


Value = int | float | None
"""A metric; None where there is nothing to divide by."""
Label = str | int | None
"""A dimension: `time` is the start of the bucket in ms; None is "not set"."""


class Row(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One group: its labels and metrics in the order of the question."""

    dimensions: list[Label]
    metrics: list[Value]
    before: list[Value] | None = None
    """The same group in the period compared with."""
    change: list[float | None] | None = None
    """(now - before) ÷ before, and for rates now - before; None where undefined."""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """The rows, and the same metrics over everything that was asked about.

    `totals` equal the sum of the rows only where catalog.METRICS says additive.
    """

    metrics: list[str]
    dimensions: list[str]
    interval: Interval | None
    rows: list[Row]
    row_count: int
    """All groups, also those beyond `limit`."""
    totals: list[Value]
    """None of them where rows alone were asked for."""
    totals_before: list[Value] | None = None
    totals_change: list[float | None] | None = None
