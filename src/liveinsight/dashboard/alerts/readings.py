"""One look at what an alert watches; None where there is nothing to judge now."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Final

import msgspec

from liveinsight.core.limits import CURRENT_WINDOW, DAY, HOUR, MINUTE
from liveinsight.core.outcome import Outcome
from liveinsight.dashboard.alerts.model import (
    MARGIN,
    Change,
    Direction,
    Quiet,
    Refused,
    State,
    Visitors,
    Watched,
)
from liveinsight.dashboard.alerts.steps import Reading
from liveinsight.dashboard.goals import load_goals
from liveinsight.dashboard.runtime import LedgerLine, Runtime
from liveinsight.query.arrivals import last_received_at
from liveinsight.query.buckets import buckets, find_zone, instant, local_time
from liveinsight.query.lists import first_event_at
from liveinsight.query.model import Interval, Period, Question
from liveinsight.query.run import answer

WEEKS: Final = 4
FEWEST_WEEKS: Final = 2
SETTLE: Final = 5 * MINUTE
"""After an hour, before it is judged: what was sent late has come by then."""
RECENT: Final = 2 * HOUR
"""Of the ledger, which counts by hour: the running one, and those that began since."""
FEWEST_RECEIVED: Final = 50
REMEMBERED: Final = 7 * DAY
"""A site that has been quiet for longer has no visits to miss."""
STEADY_LOOKS: Final = 2


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """Who looks, at which site, and when."""

    site: str
    timezone: str
    now: int
    up_since: int
    """When this server began: what came before it, it did not hear."""
    state: State
    server: Runtime


def read(watched: Watched, look: Look) -> Reading | None:
    """What the look finds.

    Raises:
        StoreUnavailable: the warehouse is closed or being replaced.
    """
    if isinstance(watched, Visitors):
        return read_visitors(watched, look)
    if isinstance(watched, Refused):
        return read_refused(watched, look)
    if look.server.rebuild_progress() is not None:
        return None  # what is missing is on its way
    if isinstance(watched, Change):
        return read_change(watched, look)
    return read_quiet(watched, look)


def read_visitors(watched: Visitors, look: Look) -> Reading:
    """Current visitors against the limit."""
    question = Question(
        site=look.site,
        period=Period(look.now - CURRENT_WINDOW, look.now),
        metrics=("current_visitors",),
    )
    count = answer(question, look.server.now).totals[0] or 0
    margin = max(1, watched.than * MARGIN)
    # Of a server that has just begun, more may be here than it has heard of.
    has_heard_all = look.now - look.up_since >= CURRENT_WINDOW
    if watched.direction is Direction.ABOVE:
        is_over = count > watched.than
        is_calm = has_heard_all and count <= max(0, watched.than - margin)
    else:
        is_over = has_heard_all and count < watched.than
        is_calm = count >= watched.than + margin
    return Reading(
        value=count,
        at=look.now,
        is_over=is_over,
        is_calm=is_calm,
        looks=STEADY_LOOKS,
    )


def read_change(watched: Change, look: Look) -> Reading | None:
    """The last full hour against the same hour of recent weeks; each hour once."""
    hour = last_full_hour(look)
    if hour is None or hour.end <= look.state.judged or heard_until(look) < hour.end:
        return None
    reader = look.server.reader
    first = first_event_at(look.site, reader)
    before = [
        week
        for week in same_hour_before(hour, look.timezone)
        if first is not None and first <= week.start
    ]
    usual = 0.0
    if len(before) >= FEWEST_WEEKS:
        usual = sum(ask(watched.metric, week, look) for week in before) / len(before)
    if usual < watched.least:  # this hour need not be asked about once more
        return Reading(value=None, at=hour.end, is_over=False, is_calm=False)
    value = ask(watched.metric, hour, look)
    change = 100 * (value - usual) / usual
    if watched.direction is Direction.BELOW:
        change = -change
    return Reading(
        value=value,
        usual=usual,
        at=hour.end,
        is_over=change >= watched.percent,
        is_calm=change < watched.percent * (1 - MARGIN),
    )


def ask(metric: str, period: Period, look: Look) -> float:
    """The metric over the period."""
    question = Question(
        site=look.site,
        timezone=look.timezone,
        period=period,
        metrics=(metric,),
        goals=load_goals(look.site),
    )
    return float(answer(question, look.server.reader).totals[0] or 0)


def last_full_hour(look: Look) -> Period | None:
    """The last hour of the site's clock that is over, and has settled."""
    settled = look.now - SETTLE
    around = Period(settled - 3 * HOUR, settled)
    found = buckets(around, Interval.HOUR, find_zone(look.timezone))
    if len(found) < 2:
        return None
    return Period(found[-2].start, found[-1].start)


def same_hour_before(hour: Period, timezone: str) -> list[Period]:
    """The hours that the site's clock showed the same, one to four weeks before."""
    zone = find_zone(timezone)
    local = local_time(hour.start, zone).replace(tzinfo=None)
    starts = [
        instant(local - timedelta(weeks=week), zone) for week in range(1, WEEKS + 1)
    ]
    return [Period(start, start + hour.end - hour.start) for start in starts]


def heard_until(look: Look) -> int:
    """Until when all that was received is in the warehouse, ms."""
    stack = look.server.stack
    if stack is not None:
        return min(look.now, stack.history_through())
    stats = look.server.applier_stats()
    if not stats.backlog_events:
        return look.now
    return stats.applied_through_received_at or 0


def read_quiet(watched: Quiet, look: Look) -> Reading | None:
    """How long nothing has come, in minutes, by the clock of what has been heard."""
    heard = heard_until(look)
    longest = watched.minutes * MINUTE
    if heard - look.up_since < longest:
        return None
    last = last_received_at(look.site, heard - REMEMBERED, look.server.reader)
    if last is None:
        return None
    silence = max(0, heard - last)
    return Reading(
        value=silence // MINUTE,
        at=last,
        is_over=silence >= longest,
        is_calm=silence < longest,
    )


def read_refused(watched: Refused, look: Look) -> Reading | None:
    """The share of the last two hours against that of the week before."""
    lines = [line for line in look.server.ledger() if line.site in (look.site, "")]
    since = look.now - RECENT
    recent = share_of_refused(line for line in lines if line.hour > since)
    earlier = share_of_refused(
        line for line in lines if since - REMEMBERED < line.hour <= since
    )
    if recent is None:
        return None
    usual = earlier or 0.0
    points = 100 * (recent - usual)
    return Reading(
        value=recent,
        usual=usual,
        at=look.now,
        is_over=points >= watched.points,
        is_calm=points < watched.points * (1 - MARGIN),
        looks=STEADY_LOOKS,
    )


def share_of_refused(lines: Iterable[LedgerLine]) -> float | None:
    """Dropped and rejected ÷ received, 0-1; None where too few came to tell."""
    received = refused = 0
    for line in lines:
        if line.outcome == Outcome.RECEIVED:
            received += line.count
        elif line.outcome in (Outcome.DROPPED, Outcome.REJECTED):
            refused += line.count
    return min(1.0, refused / received) if received >= FEWEST_RECEIVED else None
