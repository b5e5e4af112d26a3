r"""Questions from the text of addresses.

A filter is `DIMENSION:OPERATOR:VALUE[|VALUE…]`; `\|` is a bar and `\\` a
backslash inside a value, and the empty value is "not set". A period is a name, or
from and to.
"""

from collections.abc import Sequence

from liveinsight.query.model import Filter, Interval, Period

PERIODS = ("today", "yesterday", "7d", "30d", "90d", "12mo")


def parse_filters(values: Sequence[str]) -> tuple[Filter, ...]:
    """The filters that the `f` parameters of an address spell.

    Raises:
        QueryError: one cannot be read, or names no dimension.
    """
    raise NotImplementedError


def format_filter(condition: Filter) -> str:
    """The text that `parse_filters` reads as this filter."""
    raise NotImplementedError


def parse_period(
    name: str | None, from_: str | None, to: str | None, timezone: str, now: int
) -> Period:
    """The period that the parameters of an address name.

    `today`, `7d`, `30d`, `90d` and `12mo` begin at a local midnight and end now;
    today and this month are among the days and months counted. `from` and `to` are
    ms, or ISO dates or times in `timezone`; a date as `to` includes that day.

    Raises:
        QueryError: one cannot be read, or the period is empty or over 20 years.
    """
    raise NotImplementedError


def previous(period: Period, timezone: str = "UTC") -> Period:
    """The period to compare with: the same span of local days just before.

    An unfinished day or month is compared with the same part of an earlier one.
    """
    raise NotImplementedError


def default_interval(period: Period) -> Interval:
    """The buckets that make a readable chart of the period."""
    raise NotImplementedError
