r"""Questions from the text of addresses.

A filter is `DIMENSION:OPERATOR:VALUE[|VALUE…]`; `\|` is a bar and `\\` a
backslash inside a value, and the empty value is "not set". In the name of a
property a colon is `\:`. What begins with `[` is a filter in JSON (query.where). A period is a name, or from and to.
"""

import re
from calendar import monthrange
from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec

from liveinsight.core import limits
from liveinsight.core.limits import DAY, HOUR
from liveinsight.errors import QueryError
from liveinsight.query.buckets import (
    find_zone,
    instant,
    local_time,
    start_of_day,
    to_ms,
)
from liveinsight.query.catalog.dimensions import PROPERTY
from liveinsight.query.check import check_filters
from liveinsight.query.model import Filter, Goal, Interval, Operator, Period, Where
from liveinsight.query.where import read_where, write_where

PERIODS = ("today", "yesterday", "7d", "30d", "90d", "12mo", "month", "year")
DEFAULT_PERIOD = "30d"

_DAYS = {"today": 1, "7d": 7, "30d": 30, "90d": 90}
_FILTER = re.compile(
    r"(?P<dimension>(?:property:)?(?:[^:\\]|\\.)+):(?P<operator>\w+):(?P<values>.*)",
    re.DOTALL | re.ASCII,
)
_VALUE = re.compile(r"(?:[^|\\]|\\.|\\$)*", re.DOTALL)
_ESCAPED = re.compile(r"\\([|\\:])")
_MS = re.compile(r"[0-9]{1,15}")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def parse_filters(
    values: Sequence[str], goals: Sequence[Goal] = ()
) -> tuple[Where, ...]:
    """The filters that the `f` parameters of an address spell.

    Raises:
        QueryError: one cannot be read, or names no dimension.
    """
    filters = tuple(parse_filter(value) for value in values)
    check_filters(filters, field="f", goals=goals)
    return filters


def format_filter(condition: Where) -> str:
    """The text that `parse_filters` reads as this filter."""
    if not isinstance(condition, Filter):
        return msgspec.json.encode(write_where(condition)).decode()
    name = condition.dimension
    if name.startswith(PROPERTY):
        key = name.removeprefix(PROPERTY).replace("\\", "\\\\").replace(":", "\\:")
        name = PROPERTY + key
    values = (v.replace("\\", "\\\\").replace("|", "\\|") for v in condition.values)
    return f"{name}:{condition.operator}:{'|'.join(values)}"


def parse_period(
    name: str | None, from_: str | None, to: str | None, timezone: str, now: int
) -> Period:
    """The period that the parameters of an address name; DEFAULT_PERIOD without any.

    All but `yesterday` begin at a local midnight and end now; today and this month
    are among the days and months counted; `month` and `year` are the running ones.
    `from` and `to` are ms, or ISO dates or times in `timezone`; a date as `to`
    includes that day, no `to` is now. They count where the name is absent or `custom`.

    Raises:
        QueryError: one cannot be read, or the period is empty.
    """
    zone = find_zone(timezone)
    if name in (None, "", "custom") and (from_ or to):
        return _parse_custom(from_, to, zone, now)
    today = local_time(now, zone).date()
    name = name or DEFAULT_PERIOD
    if name == "yesterday":
        begin = start_of_day(today - timedelta(days=1), zone)
        return Period(begin, start_of_day(today, zone))
    if name == "12mo":
        first = today.replace(day=1).replace(year=today.year - 1)
        begin = start_of_day((first + timedelta(days=31)).replace(day=1), zone)
    elif name in ("month", "year"):
        first = (
            today.replace(day=1) if name == "month" else today.replace(month=1, day=1)
        )
        begin = start_of_day(first, zone)
    elif name in _DAYS:
        begin = start_of_day(today - timedelta(days=_DAYS[name] - 1), zone)
    else:
        known = ", ".join(PERIODS)
        raise QueryError("period", "give one of %(known)s, or from and to", known=known)
    return Period(begin, max(now, begin + 1))


def so_far(period: Period, now: int) -> Period:
    """The part of a running period that has been; any other as it is.

    What it is compared with is chosen by this part: like with like.
    """
    if period.start < now < period.end:
        return Period(period.start, now)
    return period


def previous(period: Period, timezone: str = "UTC") -> Period:
    """The period to compare with, just before, of as many local days or months.

    An unfinished day is compared with the same part of an earlier one: today until
    15:00 with yesterday until 15:00. Where the period does not begin at a local
    midnight, it is the same length of time.

    Raises:
        QueryError: there is no such time zone.
    """
    zone = find_zone(timezone)
    start = local_time(period.start, zone)
    last = local_time(period.end - 1, zone)
    if start_of_day(start.date(), zone) != period.start:
        return Period(2 * period.start - period.end, period.start)
    end = local_time(period.end, zone).replace(tzinfo=None)
    days = (last.date() - start.date()).days + 1
    months = (last.year - start.year) * 12 + last.month - start.month + 1
    begin = start.replace(tzinfo=None)
    if start.day == 1 and months > 1:
        begin, end = _months_before(begin, months), _months_before(end, months)
    else:
        begin, end = begin - timedelta(days=days), end - timedelta(days=days)
    earlier = start_of_day(begin.date(), zone)
    return Period(earlier, max(instant(end, zone), earlier + 1))


def year_before(period: Period, timezone: str = "UTC") -> Period:
    """The same wall clock times of a year earlier; the 29th of February is the 28th.

    Raises:
        QueryError: there is no such time zone.
    """
    zone = find_zone(timezone)
    begin, end = (
        instant(_months_before(local_time(ms, zone).replace(tzinfo=None), 12), zone)
        for ms in (period.start, period.end)
    )
    # The 28th and the 29th of February both become the 28th.
    return Period(begin, end if end > begin else begin + period.end - period.start)


def default_interval(period: Period) -> Interval:
    """The buckets that make a readable chart of the period."""
    length = period.end - period.start
    # Two local days last up to 49 hours.
    if length <= 2 * DAY + limits.HOUR:
        return Interval.HOUR
    return Interval.DAY if length <= 100 * DAY else Interval.MONTH


def parse_filter(text: str) -> Where:
    """The filter that the text spells; its names are not looked up.

    Raises:
        QueryError: it cannot be read.
    """
    if text.startswith("["):
        return _parse_json(text)
    match = _FILTER.fullmatch(text)
    if match is None:
        raise QueryError("f", "write DIMENSION:OPERATOR:VALUE, or VALUE|VALUE")
    try:
        operator = Operator(match["operator"])
    except ValueError as error:
        known = ", ".join(Operator)
        raise QueryError(
            "f", "the operator is one of %(known)s", known=known
        ) from error
    return Filter(
        _unescape(match["dimension"]), operator, tuple(_split(match["values"]))
    )


def _parse_json(text: str) -> Where:
    try:
        value = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise QueryError("f", "it begins with [ but is no JSON") from None
    return read_where(value, "f")


def _split(text: str) -> list[str]:
    """The values between the bars that no backslash stands before."""
    values: list[str] = []
    at = 0
    while at <= len(text):
        match = _VALUE.match(text, at)
        end = len(text) if match is None else match.end()
        values.append(_unescape(text[at:end]))
        at = end + 1
    return values


def _unescape(text: str) -> str:
    return _ESCAPED.sub(r"\1", text)


def _parse_custom(
    from_: str | None, to: str | None, zone: ZoneInfo, now: int
) -> Period:
    if not from_:
        raise QueryError("from", "is missing")
    start = _parse_moment("from", from_, zone)
    end = _parse_moment("to", to, zone) if to else now
    if end <= start:
        raise QueryError("to" if to else "from", "the period is empty")
    return Period(start, end)


def _parse_moment(field: str, text: str, zone: ZoneInfo) -> int:
    if _MS.fullmatch(text):
        return _check_moment(field, int(text))
    try:
        moment = datetime.fromisoformat(text)
        if _DATE.fullmatch(text) and field == "to":
            moment += timedelta(days=1)
        if moment.tzinfo is None:
            return _check_moment(field, instant(moment, zone))
        return _check_moment(field, to_ms(moment))
    except (ValueError, OverflowError) as error:
        raise QueryError(field, "give ms, or an ISO date or time") from error


def _check_moment(field: str, ms: int) -> int:
    # A period may begin with the first day that events can have, which in the east
    # begins sooner, and end with the last: so there is one year more.
    earliest = limits.EARLIEST_TIMESTAMP - 14 * HOUR
    if not earliest <= ms <= limits.LATEST_TIMESTAMP + 366 * DAY:
        raise QueryError(field, "give a time of the years 2000 to 2100")
    return ms


def _months_before(local: datetime, months: int) -> datetime:
    """The same wall clock time on that day of an earlier month, or its last day."""
    year, month = divmod(local.year * 12 + local.month - 1 - months, 12)
    last_day = monthrange(year, month + 1)[1]
    return local.replace(year=year, month=month + 1, day=min(local.day, last_day))
