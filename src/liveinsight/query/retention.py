"""Retention: how many of those who came for the first time came again, and when.

A cohort is the users whose first event on the site is in the same day, week or month;
under filters, those of them who have an event in it for which they hold. They came again
in a later one if they have an event in it; where the question says what a return is, one
like that. Engagement is no such event. Only users with a lasting id are counted: a `visitor_id` is
a new one every day.
"""

from itertools import pairwise
from typing import Final, cast

import msgspec

from liveinsight.core.ports import Reader
from liveinsight.errors import QueryError
from liveinsight.query.buckets import Bucket, bucket_sql, buckets, find_zone
from liveinsight.query.catalog.metrics import Kind
from liveinsight.query.check import check_filters, check_period, check_site
from liveinsight.query.conditions import filter_values, shape_of
from liveinsight.query.goals import expand_goals
from liveinsight.query.model import Goal, Interval, Period, Where
from liveinsight.query.retention_sql import (
    END,
    START,
    RetentionShape,
    compile_retention,
)
from liveinsight.query.run import change_of
from liveinsight.query.statement import SITE, fill

INTERVALS: Final = (Interval.DAY, Interval.WEEK, Interval.MONTH)
MOST_COHORTS: Final = 100
_RETURNS: Final = "return"


class RetentionQuestion(msgspec.Struct, frozen=True, kw_only=True):
    """Which users, in what cohorts."""

    site: str | None
    timezone: str = "UTC"
    period: Period
    """Cohorts begin in it and are followed up to its end.

    It is taken to begin with the day, week or month that its start is in.
    """
    interval: Interval = Interval.WEEK
    """One of INTERVALS."""
    filters: tuple[Where, ...] = ()
    """A user meets them with an event in the interval of the first visit."""
    returns: tuple[Where, ...] = ()
    """What an event that counts as a return fulfils; none: any."""
    goals: tuple[Goal, ...] = ()
    compare: Period | None = None


class Cohort(msgspec.Struct, frozen=True, kw_only=True):
    """Those who came first in the interval that begins at `start`."""

    start: int
    users: int
    returned: list[int]
    """Users who came in each interval from that one on, itself the first."""
    complete: int
    """How many of these intervals are over."""


class Retention(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The cohorts of a period, the earliest first, those of nobody too."""

    interval: Interval
    cohorts: list[Cohort]
    average: list[float | None]
    """Of the intervals that are over: all who returned ÷ all users of their cohorts."""
    with_id: int
    """Newcomers of the period who have a lasting id, whatever the filters."""
    without_id: int
    """Newcomers of the period who have none and are in no cohort."""
    users_before: int | None = None
    """The users of all cohorts of the period compared with."""
    average_before: list[float | None] | None = None
    """Of the period compared with, as many as of this one."""
    average_change: list[float | None] | None = None
    """Now - before, of each that both have."""

    @property
    def users(self) -> int:
        """The users of all cohorts."""
        return sum(cohort.users for cohort in self.cohorts)


def answer_retention(question: RetentionQuestion, reader: Reader) -> Retention:
    """The cohorts and how many of each came again.

    Raises:
        QueryError: it cannot be answered as asked; names the field and why.
        StoreUnavailable: the warehouse is closed or being replaced.
    """
    check_retention(question)
    found = _ask(question, reader)
    if question.compare is None:
        return found
    earlier = _ask(msgspec.structs.replace(question, period=question.compare), reader)
    steps = range(len(found.average))
    average = [_average(earlier.cohorts, step) for step in steps]
    return msgspec.structs.replace(
        found,
        users_before=earlier.users,
        average_before=average,
        average_change=[
            change_of(Kind.RATE, now, before)
            for now, before in zip(found.average, average, strict=True)
        ],
    )


def _ask(question: RetentionQuestion, reader: Reader) -> Retention:
    cut = _buckets_of(question)
    place = {bucket.key: index for index, bucket in enumerate(cut)}
    sizes = [0] * len(cut)
    returned = [[0] * (len(cut) - index) for index in range(len(cut))]
    newcomers = [0, 0]
    for row in reader.query(*compile_question(question)):
        cohort, bucket, users = cast("tuple[int | None, int | None, int]", row)
        if cohort is None:
            newcomers[bucket or 0] = users
        elif bucket is None:
            sizes[place[cohort]] = users
        else:
            returned[place[cohort]][place[bucket] - place[cohort]] = users
    over = _count_over(question, cut)
    cohorts = [
        Cohort(
            start=bucket.start,
            users=sizes[index],
            returned=returned[index],
            complete=max(0, over - index),
        )
        for index, bucket in enumerate(cut)
    ]
    return Retention(
        interval=question.interval,
        cohorts=cohorts,
        average=[_average(cohorts, step) for step in range(len(cut))],
        with_id=newcomers[0],
        without_id=newcomers[1],
    )


def until_now(period: Period, now: int) -> Period:
    """The period without what is still to come."""
    return Period(period.start, max(period.start + 1, min(period.end, now)))


def check_retention(question: RetentionQuestion) -> None:
    """Returns if the question can be answered.

    Raises:
        QueryError: names the field, and why not.
    """
    check_site(question.site)
    find_zone(question.timezone)
    check_period("period", question.period)
    if question.compare is not None:
        check_period("compare", question.compare)
    if question.interval not in INTERVALS:
        known = ", ".join(INTERVALS)
        raise QueryError("interval", "give one of %(known)s", known=known)
    check_filters(question.filters, field="filters", goals=question.goals)
    check_filters(question.returns, field="returns", goals=question.goals)
    for period in filter(None, (question.period, question.compare)):
        asked = msgspec.structs.replace(question, period=period)
        if len(_buckets_of(asked)) > MOST_COHORTS:
            raise QueryError(
                "interval", "a period has over %(most)s of it", most=MOST_COHORTS
            )


def compile_question(question: RetentionQuestion) -> tuple[str, list[object]]:
    """The statement and its parameters."""
    filters = expand_goals(question.filters, question.goals)
    returns = expand_goals(question.returns, question.goals, field="returns")
    zone = find_zone(question.timezone)
    period = Period(_buckets_of(question)[0].start, question.period.end)
    statement = compile_retention(
        RetentionShape(
            one_site=question.site is not None,
            filters=shape_of(filters),
            returns=shape_of(returns, _RETURNS),
            cohort_bucket=bucket_sql("u.first_seen", period, question.interval, zone),
            event_bucket=bucket_sql("e.time", period, question.interval, zone),
        )
    )
    values = filter_values(filters) | filter_values(returns, _RETURNS)
    values |= {SITE: question.site, START: period.start, END: period.end}
    return statement.sql, fill(statement.slots, values)


def _buckets_of(question: RetentionQuestion) -> list[Bucket]:
    return buckets(question.period, question.interval, find_zone(question.timezone))


def _count_over(question: RetentionQuestion, cut: list[Bucket]) -> int:
    """How many of the buckets are over at the end of the period."""
    end = question.period.end
    with_next = msgspec.structs.replace(question, period=Period(cut[0].start, end + 1))
    pairs = pairwise([bucket.start for bucket in _buckets_of(with_next)])
    return sum(following <= end for _, following in pairs)


def _average(cohorts: list[Cohort], step: int) -> float | None:
    followed = [cohort for cohort in cohorts if cohort.complete > step]
    users = sum(cohort.users for cohort in followed)
    if not users:
        return None
    return sum(cohort.returned[step] for cohort in followed) / users
