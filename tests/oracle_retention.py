"""Retention stated naively: each user's days on a calendar."""

from collections.abc import Sequence
from functools import cache
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from liveinsight.core.event import Event
from liveinsight.query.model import Period, Question, Where
from liveinsight.query.retention import Cohort, Retention, RetentionQuestion
from tests.oracle import MINUTE, Oracle, bucket_of

QUARTER = 15 * MINUTE

User = tuple[str, str]


def retention(events: Sequence[Event], asked: RetentionQuestion) -> Retention:
    """What the warehouse must say, too."""
    found = of_period(events, asked)
    if asked.compare is None:
        return found
    earlier = of_period(events, replace(asked, period=asked.compare))
    missing = [None] * (len(found.average) - len(earlier.average))
    averages = [*earlier.average, *missing][: len(found.average)]
    return replace(
        found,
        users_before=earlier.users,
        average_before=averages,
        average_change=[
            None if now is None or before is None else now - before
            for now, before in zip(found.average, averages, strict=True)
        ],
    )


def of_period(events: Sequence[Event], asked: RetentionQuestion) -> Retention:
    starts = starts_of(asked)
    period = Period(starts[0], asked.period.end)
    mine = [e for e in events if asked.site in (None, e.site)]
    seen: dict[User, list[Event]] = {}
    for event in mine:
        seen.setdefault((event.site, event.user), []).append(event)
    newcomers = {
        user: min(e.time for e in those)
        for user, those in seen.items()
        if period.start <= min(e.time for e in those) < period.end
    }
    lasting = {user for user in newcomers if any(e.user_id for e in seen[user])}
    begun = visits_of(mine, asked, asked.filters, period)
    returned = visits_of(mine, asked, asked.returns, period)
    cohorts = []
    for index, start in enumerate(starts):
        members = {
            user
            for user in lasting
            if number_of(newcomers[user], starts) == index
            and (not asked.filters or (user, index) in begun)
        }
        cohorts.append(
            Cohort(
                start=start,
                users=len(members),
                returned=[
                    sum((user, later) in returned for user in members)
                    for later in range(index, len(starts))
                ],
                complete=sum(
                    is_over(later, starts, asked) for later in range(index, len(starts))
                ),
            )
        )
    return Retention(
        interval=asked.interval,
        cohorts=cohorts,
        average=[average(cohorts, step) for step in range(len(cohorts))],
        with_id=len(lasting),
        without_id=len(newcomers) - len(lasting),
    )


@cache
def starts_of(asked: RetentionQuestion) -> list[int]:
    """Each first quarter of an hour of another day, week or month.

    Every clock of the world begins its days with one.
    """
    start = asked.period.start - asked.period.start % QUARTER
    while same(start, start - QUARTER, asked):
        start -= QUARTER
    starts = [start]
    for moment in range(start, asked.period.end, QUARTER):
        if not same(moment, starts[-1], asked):
            starts.append(moment)
    return starts


def same(one: int, other: int, asked: RetentionQuestion) -> bool:
    zone = ZoneInfo(asked.timezone)
    return bucket_of(one, asked.interval, zone) == bucket_of(
        other, asked.interval, zone
    )


def about(asked: RetentionQuestion, filters: tuple[Where, ...]) -> Question:
    return Question(
        site=asked.site,
        timezone=asked.timezone,
        period=asked.period,
        metrics=("visitors",),
        filters=filters,
        goals=asked.goals,
    )


def visits_of(
    events: Sequence[Event],
    asked: RetentionQuestion,
    filters: tuple[Where, ...],
    period: Period,
) -> set[tuple[User, int]]:
    """Which user has a matching event in which interval."""
    question = about(asked, filters)
    found = Oracle(events, question).of_events(
        period,
        lambda e, _: (
            e.event_type != "engagement" and period.start <= e.time < period.end
        ),
        (),
    )
    starts = starts_of(asked)
    return {
        ((e.site, e.user), number_of(e.time, starts))
        for e in (fact.event for _, fact in found)
        if e is not None
    }


def number_of(moment: int, starts: list[int]) -> int:
    return sum(start <= moment for start in starts) - 1


def is_over(index: int, starts: list[int], asked: RetentionQuestion) -> bool:
    """Whether the period goes on to the end of the interval."""
    return not same(starts[index], asked.period.end, asked)


def average(cohorts: list[Cohort], step: int) -> float | None:
    those = [cohort for cohort in cohorts if step < cohort.complete]
    users = sum(cohort.users for cohort in those)
    return sum(cohort.returned[step] for cohort in those) / users if users else None
