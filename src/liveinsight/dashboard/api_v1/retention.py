"""Retention: who came again."""

from typing import Annotated, Final

import msgspec
from msgspec import Meta

from liveinsight.dashboard import runtime
from liveinsight.dashboard.api_v1.endpoint import (
    Caller,
    Endpoint,
    complete_to,
    find_subject,
)
from liveinsight.dashboard.segments import resolve
from liveinsight.query.catalog.metrics import Kind
from liveinsight.query.check import MAX_FILTERS
from liveinsight.query.csv import Cell, Table, write_time
from liveinsight.query.model import Interval
from liveinsight.query.retention import (
    INTERVALS,
    Cohort,
    RetentionQuestion,
    answer_retention,
    until_now,
)
from liveinsight.query.run import change_of
from liveinsight.query.wire import (
    About,
    CompareForm,
    FilterForm,
    read_compare,
    read_filters,
)


class RetentionQuery(About, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A question about those who came for the first time in the period.

    Filters choose those with a matching event in the interval of their first visit.
    """

    interval: Annotated[
        Interval,
        Meta(
            description="Of cohorts; the period begins with a whole one.",
            extra_json_schema={"enum": [*INTERVALS]},
        ),
    ] = Interval.WEEK
    returns: Annotated[
        tuple[FilterForm, ...],
        Meta(
            max_length=MAX_FILTERS,
            description="What an event that counts as a return fulfils; none: any.",
        ),
    ] = ()
    compare: CompareForm = None


class RetentionAnswer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The cohorts, the earliest first."""

    interval: Interval
    timezone: str
    cohorts: list[Cohort]
    average: Annotated[
        list[float | None],
        Meta(description="Of each interval after the first visit, among those over."),
    ]
    users: Annotated[int, Meta(description="Of all cohorts.")]
    with_id: Annotated[
        int, Meta(description="Newcomers with a lasting id, whatever the filters.")
    ]
    without_id: Annotated[
        int, Meta(description="Newcomers without a lasting id: they are in no cohort.")
    ]
    users_before: Annotated[
        int | None, Meta(description="Of all cohorts of the period compared with.")
    ] = None
    average_before: Annotated[
        list[float | None] | None,
        Meta(description="Of the period compared with, as many as in `average`."),
    ] = None
    average_change: Annotated[
        list[float | None] | None,
        Meta(description="`average` - `average_before`: 0.01 is one point."),
    ] = None
    as_of: Annotated[
        int, Meta(description="All events received up to then are counted, ms.")
    ]


def answer_retention_query(caller: Caller, asked: RetentionQuery) -> RetentionAnswer:
    """The cohorts that the question asks for."""
    as_of = complete_to(caller.now)
    subject = find_subject(caller, asked)
    account = caller.asker.account_id
    returns = read_filters(asked.returns, "returns")
    compare = read_compare(asked.compare, subject)
    question = RetentionQuestion(
        site=subject.site,
        timezone=subject.timezone,
        period=until_now(subject.period, caller.now),
        interval=asked.interval,
        filters=subject.filters,
        returns=resolve(returns, subject.site or "", account, "returns"),
        goals=subject.goals,
        compare=compare and until_now(compare, caller.now),
    )
    found = answer_retention(question, runtime.current().reader)
    return RetentionAnswer(
        interval=found.interval,
        timezone=subject.timezone,
        cohorts=found.cohorts,
        average=found.average,
        users=found.users,
        with_id=found.with_id,
        without_id=found.without_id,
        users_before=found.users_before,
        average_before=found.average_before,
        average_change=found.average_change,
        as_of=as_of,
    )


def tabulate(answered: RetentionAnswer) -> Table:
    """A row for each cohort: its start, its users, and those who came in each interval.

    With a comparison, below them the averages as shares: of the period, of the one
    compared with, and their difference.
    """
    width = len(answered.cohorts)
    rows: list[list[Cell]] = [
        [
            write_time(cohort.start, answered.interval, answered.timezone),
            cohort.users,
            *cohort.returned,
            *[None] * (width - len(cohort.returned)),
        ]
        for cohort in answered.cohorts
    ]
    if answered.average_before is not None:
        change = change_of(Kind.COUNT, answered.users, answered.users_before)
        rows += [
            ["average", answered.users, *answered.average],
            ["average_before", answered.users_before, *answered.average_before],
            ["average_change", change, *(answered.average_change or ())],
        ]
    return Table(
        heads=["cohort", "users", *(f"{answered.interval}_{n}" for n in range(width))],
        rows=rows,
    )


RETENTION: Final = Endpoint(
    name="retention",
    summary="How many of those who came for the first time came again, by cohort.",
    request=RetentionQuery,
    response=RetentionAnswer,
    answer=answer_retention_query,
    table=tabulate,
    example=RetentionQuery(
        period="90d",
        interval=Interval.WEEK,
        filters=(["is", "channel", ["Organic Search"]],),
        returns=(["is", "event_type", ["conversion"]],),
    ),
)
