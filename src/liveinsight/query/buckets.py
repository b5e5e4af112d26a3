"""Local days and hours: where the site's time zone cuts a period.

Days have 23 or 25 hours where the clock changes. The bucket of an event is computed
in SQL by arithmetic on its time and the few offsets in force during the period
(vectorised, no join), and named by a key; the start of each bucket is computed here.
"""

from bisect import bisect_right
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import msgspec

from liveinsight.core.limits import DAY, HOUR, MINUTE
from liveinsight.errors import QueryError
from liveinsight.query.model import Interval, Period

MAX_BUCKETS = 5_000

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DATE = date(1970, 1, 1)
_MS = timedelta(milliseconds=1)
_LENGTH = {
    Interval.MINUTE: MINUTE,
    Interval.HOUR: HOUR,
    Interval.DAY: DAY,
    Interval.WEEK: 7 * DAY,
    Interval.MONTH: 28 * DAY,
}


class Bucket(msgspec.Struct, frozen=True):
    """One bucket: the number that SQL gives it, and its start in ms."""

    key: int
    start: int


class Stretch(msgspec.Struct, frozen=True):
    """A time from `start` on in which local = UTC + `offset`, all ms."""

    start: int
    offset: int


def find_zone(name: str) -> ZoneInfo:
    """The time zone of that IANA name.

    Raises:
        QueryError: there is none.
    """
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise QueryError("timezone", "no time zone %(name)r", name=name[:64]) from error


def local_time(ms: int, zone: ZoneInfo) -> datetime:
    """The wall clock of the zone, aware."""
    return (_EPOCH + ms * _MS).astimezone(zone)


def instant(local: datetime, zone: ZoneInfo) -> int:
    """The ms of a naive wall clock time: the first, where it comes twice.

    A time that the clock skips is as if the clock had not been changed yet; so the
    midnight that a day begins without is the instant at which that day begins.
    """
    return to_ms(local.replace(tzinfo=zone, fold=0))


def to_ms(moment: datetime) -> int:
    """The ms of an aware time."""
    return (moment - _EPOCH) // _MS


def start_of_day(day: date, zone: ZoneInfo) -> int:
    """The first instant of the local day."""
    return instant(datetime.combine(day, time.min), zone)


def buckets(period: Period, interval: Interval, zone: ZoneInfo) -> list[Bucket]:
    """Every bucket that the period touches, in order.

    Raises:
        QueryError: there are more than MAX_BUCKETS.
    """
    if (period.end - period.start) // _LENGTH[interval] > MAX_BUCKETS:
        raise QueryError(
            "interval", "the period has over %(most)s of it", most=MAX_BUCKETS
        )
    if interval is Interval.MINUTE:
        first = period.start - period.start % MINUTE
        return [Bucket(at, at) for at in range(first, period.end, MINUTE)]
    if interval is Interval.HOUR:
        return _hours(period, zone)
    first_day = local_time(period.start, zone).date()
    last_day = local_time(period.end - 1, zone).date()
    found: list[Bucket] = []
    day = _begin(first_day, interval)
    while day <= last_day:
        following = _advance(day, interval)
        start = start_of_day(day, zone)
        # A zone that moves over the date line skips a day: it has no bucket.
        if start < start_of_day(following, zone):
            found.append(Bucket(_key(day, interval), start))
        day = following
    return found


def find_running(
    starts: Sequence[int], interval: Interval, zone: ZoneInfo, now: int
) -> int | None:
    """Which of the buckets that begin at these ms, in order, is not over yet at `now`.

    None where all are over, or none has begun.
    """
    index = bisect_right(starts, now) - 1
    if index < 0:
        return None
    start = starts[index]
    _, following, *_ = buckets(
        Period(start, start + 2 * _LENGTH[interval]), interval, zone
    )
    return index if now < following.start else None


def bucket_sql(column: str, period: Period, interval: Interval, zone: ZoneInfo) -> str:
    """SQL for the key of the bucket that the time in `column` falls into."""
    if interval is Interval.MINUTE:
        return f"{column} - {column} % {MINUTE}"
    stretches = list(_stretches(period.start - DAY, period.end, zone))
    parts = [_stretch_sql(column, stretch, interval) for stretch in stretches]
    if interval is Interval.HOUR and all(s.offset % HOUR == 0 for s in stretches):
        return f"{column} - {column} % {HOUR}"
    sql = parts[-1]
    for part, following in reversed(list(zip(parts[:-1], stretches[1:], strict=True))):
        sql = f"case when {column} < {following.start} then {part} else {sql} end"
    return sql


def _stretch_sql(column: str, stretch: Stretch, interval: Interval) -> str:
    local = f"({column} + {stretch.offset})"
    if interval is Interval.HOUR:
        return f"greatest({column} - {local} % {HOUR}, {stretch.start})"
    if interval is Interval.DAY:
        return f"{local} // {DAY}"
    if interval is Interval.WEEK:
        return f"({local} // {DAY} + 3) // 7"
    moment = f"make_timestamp_ms{local}"
    return f"year({moment}) * 12 + month({moment}) - 1"


def _hours(period: Period, zone: ZoneInfo) -> list[Bucket]:
    """Local hours; a change of clock by less than an hour also cuts."""
    stretches = _stretches(period.start - DAY, period.end, zone)
    ends = [s.start for s in stretches[1:]] + [period.end]
    found: list[Bucket] = []
    for stretch, end in zip(stretches, ends, strict=True):
        at = max(stretch.start, period.start)
        while at < end:
            begin = at - (at + stretch.offset) % HOUR
            start = max(begin, stretch.start)
            found.append(Bucket(start, start))
            at = begin + HOUR
    return found


@lru_cache(maxsize=256)
def _stretches(start: int, end: int, zone: ZoneInfo) -> tuple[Stretch, ...]:
    found = [Stretch(start, _offset(start, zone))]
    at = start
    while at < end:
        following = min(at + DAY, end)
        if _offset(following, zone) != found[-1].offset:
            change = _find_change(at, following, zone)
            found.append(Stretch(change, _offset(change, zone)))
        at = following
    return tuple(found)


def _find_change(low: int, high: int, zone: ZoneInfo) -> int:
    """The first ms after `low` with another offset; `high` has one."""
    before = _offset(low, zone)
    while high - low > 1:
        middle = (low + high) // 2
        if _offset(middle, zone) == before:
            low = middle
        else:
            high = middle
    return high


def _offset(ms: int, zone: ZoneInfo) -> int:
    offset = local_time(ms, zone).utcoffset()
    return 0 if offset is None else offset // _MS


def _begin(day: date, interval: Interval) -> date:
    if interval is Interval.WEEK:
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if interval is Interval.MONTH else day


def _advance(day: date, interval: Interval) -> date:
    if interval is Interval.MONTH:
        return (day + timedelta(days=31)).replace(day=1)
    return day + timedelta(days=7 if interval is Interval.WEEK else 1)


def _key(day: date, interval: Interval) -> int:
    days = (day - _EPOCH_DATE).days
    if interval is Interval.DAY:
        return days
    if interval is Interval.WEEK:
        return (days + 3) // 7
    return day.year * 12 + day.month - 1
