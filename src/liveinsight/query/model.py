"""A question and its answer, as values.

All times are ms since 1970 UTC, all periods half-open, all rates 0-1.
"""

from enum import StrEnum

import msgspec


class Operator(StrEnum):
    """How a filter compares. The empty value stands for "not set"."""

    IS = "is"
    IS_NOT = "is_not"
    CONTAINS = "contains"
    CONTAINS_NOT = "contains_not"

    @property
    def is_negative(self) -> bool:
        """Whether it holds where no value matches; then it also holds for "not set"."""
        return self in (Operator.IS_NOT, Operator.CONTAINS_NOT)


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
    filters: tuple[Filter, ...] = ()
    """All of them must hold."""
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


class Row(msgspec.Struct, frozen=True, kw_only=True):
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
    totals_before: list[Value] | None = None
    totals_change: list[float | None] | None = None
