"""Funnels: how far visitors come, and who comes no further."""

from typing import Annotated, Final

import msgspec
from msgspec import Meta

from liveinsight.dashboard import models, runtime
from liveinsight.dashboard.api import MissingError
from liveinsight.dashboard.api_v1.endpoint import (
    Caller,
    Endpoint,
    complete_to,
    find_subject,
)
from liveinsight.dashboard.funnels import NAME_CHARS, funnel_of, read_funnel
from liveinsight.dashboard.segments import resolve
from liveinsight.errors import QueryError
from liveinsight.query.answered import next_offset
from liveinsight.query.check import MAX_LIMIT, MAX_OFFSET
from liveinsight.query.csv import Cell, Table
from liveinsight.query.funnel import (
    LONGEST_WINDOW,
    MOST_STEPS,
    SHORTEST_WINDOW,
    Funnel,
    FunnelCounts,
    FunnelQuestion,
    FunnelRow,
    Sequence,
    answer_funnel,
)
from liveinsight.query.funnel_visits import StoppedVisit, list_stopped
from liveinsight.query.model import And, Goal
from liveinsight.query.where import read_where
from liveinsight.query.wire import (
    About,
    CompareForm,
    DimensionForm,
    FilterForm,
    Subject,
    read_compare,
)


class FunnelStepForm(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True
):
    """A step: the events that a filter holds for."""

    name: Annotated[str, Meta(max_length=NAME_CHARS)] = ""
    filter: Annotated[
        FilterForm,
        Meta(description='A goal of the site is `["is", "goal", ["NAME"]]`.'),
    ]


class AboutFunnel(About, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which funnel: a saved one, or steps."""

    funnel: Annotated[
        Annotated[str, Meta(max_length=NAME_CHARS)] | None,
        Meta(description="The name of one that is saved at the site; else give steps."),
    ] = None
    steps: Annotated[
        tuple[FunnelStepForm, ...],
        Meta(max_length=MOST_STEPS, description="Two to ten."),
    ] = ()
    sequence: Annotated[
        Sequence,
        Meta(
            description=(
                "`order`: other events may stand between the steps; `strict`: none,"
                " but clicks and what is not interactive."
            )
        ),
    ] = Sequence.ORDER
    window_ms: Annotated[
        Annotated[int, Meta(ge=SHORTEST_WINDOW, le=LONGEST_WINDOW)] | None,
        Meta(
            description=(
                "From the first step to the last. Without it: all in one session."
            )
        ),
    ] = None
    limit: Annotated[int, Meta(ge=1, le=MAX_LIMIT, description="The most rows.")] = 100
    offset: Annotated[
        int, Meta(ge=0, le=MAX_OFFSET, description="Rows that are passed over.")
    ] = 0


class FunnelQuery(AboutFunnel, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A question about a funnel: of those who take the first step in the period."""

    dimension: Annotated[
        DimensionForm | None,
        Meta(description="One row for each of its values at the first step."),
    ] = None
    compare: CompareForm = None


class FunnelReport(msgspec.Struct, frozen=True, kw_only=True):
    """The funnel, as it was before, and its rows, the most visitors first."""

    totals: FunnelCounts
    before: FunnelCounts | None
    rows: list[FunnelRow]
    row_count: Annotated[int, Meta(description="All rows, also those beyond `limit`.")]
    next: Annotated[
        int | None, Meta(description="The offset of the next rows; null: no more.")
    ]
    as_of: Annotated[
        int, Meta(description="All events received up to then are counted, ms.")
    ]


class FunnelSessionsQuery(
    AboutFunnel, frozen=True, kw_only=True, forbid_unknown_fields=True
):
    """A question about those who came to a step and no further."""

    step: Annotated[
        int,
        Meta(
            ge=1,
            le=MOST_STEPS,
            description="1 is the first; at the last step, who completed it.",
        ),
    ]


class FunnelSessions(msgspec.Struct, frozen=True, kw_only=True):
    """Those who came no further, the latest first."""

    results: list[StoppedVisit]
    row_count: Annotated[int, Meta(description="All rows, also those beyond `limit`.")]
    next: Annotated[
        int | None, Meta(description="The offset of the next rows; null: no more.")
    ]
    as_of: Annotated[
        int, Meta(description="All events received up to then are counted, ms.")
    ]


def answer_funnel_query(caller: Caller, asked: FunnelQuery) -> FunnelReport:
    """The funnel that the question asks for."""
    as_of = complete_to(caller.now)
    subject = find_subject(caller, asked)
    question = msgspec.structs.replace(
        read_funnel_question(caller, asked, subject),
        dimension=asked.dimension,
        compare=read_compare(asked.compare, subject),
    )
    found = answer_funnel(question, runtime.current().reader)
    return FunnelReport(
        totals=found.totals,
        before=found.before,
        rows=found.rows,
        row_count=found.row_count,
        next=next_offset(question.offset, len(found.rows), found.row_count),
        as_of=as_of,
    )


def answer_sessions_query(caller: Caller, asked: FunnelSessionsQuery) -> FunnelSessions:
    """Those who came to the step and no further."""
    as_of = complete_to(caller.now)
    question = read_funnel_question(caller, asked, find_subject(caller, asked))
    found = list_stopped(question, asked.step, runtime.current().reader)
    return FunnelSessions(
        results=found.visits,
        row_count=found.count,
        next=next_offset(question.offset, len(found.visits), found.count),
        as_of=as_of,
    )


def read_funnel_question(
    caller: Caller, asked: AboutFunnel, subject: Subject
) -> FunnelQuestion:
    """The question of that form.

    Raises:
        MissingError: the site has no funnel of that name.
        QueryError: a step cannot be read.
    """
    return FunnelQuestion(
        site=subject.site,
        funnel=choose_funnel(caller, asked, subject),
        period=subject.period,
        filters=subject.filters,
        goals=subject.goals,
        limit=asked.limit,
        offset=asked.offset,
    )


def choose_funnel(caller: Caller, asked: AboutFunnel, subject: Subject) -> Funnel:
    """The saved funnel, or that of the steps."""
    if asked.funnel is None:
        steps = tuple(
            read_step(caller, step, subject, f"steps[{index}].filter")
            for index, step in enumerate(asked.steps)
        )
        return Funnel(steps=steps, sequence=asked.sequence, window_ms=asked.window_ms)
    if asked.steps:
        raise QueryError("funnel", "give steps, or the name of a saved funnel")
    row = models.Funnel.objects.filter(site=subject.site, name=asked.funnel).first()
    if row is None:
        raise MissingError("funnel", "the site has no funnel of this name")
    return funnel_of(read_funnel(row), row.site)


def read_step(
    caller: Caller, step: FunnelStepForm, subject: Subject, field: str
) -> Goal:
    """The step of that form."""
    where = read_where(step.filter, field)
    found = resolve((where,), subject.site or "", caller.asker.account_id, field)
    return Goal(name=step.name, where=found[0] if len(found) == 1 else And(found))


def tabulate(answered: FunnelReport) -> Table:
    """A row for each step: of the whole under the label `*`, then of each label."""
    rows: list[list[Cell]] = []
    for label, counts in (
        ("*", answered.totals),
        *((row.label, row.counts) for row in answered.rows),
    ):
        rows += [
            [
                *(label, number, step.name, step.visitors, step.dropped),
                *(step.conversion_rate, step.step_rate, step.median_ms),
            ]
            for number, step in enumerate(counts.steps, start=1)
        ]
    heads = ["label", "step", "name", "visitors", "dropped"]
    heads += ["conversion_rate", "step_rate", "median_ms"]
    return Table(heads=heads, rows=rows)


def tabulate_sessions(answered: FunnelSessions) -> Table:
    """The rows as a table."""
    heads = StoppedVisit.__struct_fields__
    rows = [[getattr(each, name) for name in heads] for each in answered.results]
    return Table(heads=heads, rows=rows)


_STEPS: Final = (
    FunnelStepForm(name="Cart", filter=["is", "page", ["/cart/"]]),
    FunnelStepForm(name="Order", filter=["is", "event_type", ["conversion"]]),
)

FUNNEL: Final = Endpoint(
    name="funnel",
    summary="How many visitors come from step to step, and in which time.",
    request=FunnelQuery,
    response=FunnelReport,
    answer=answer_funnel_query,
    table=tabulate,
    example=FunnelQuery(steps=_STEPS, period="7d", dimension="source"),
)
FUNNEL_SESSIONS: Final = Endpoint(
    name="funnel_sessions",
    summary="Who came to a step of a funnel and no further, with the session.",
    request=FunnelSessionsQuery,
    response=FunnelSessions,
    answer=answer_sessions_query,
    table=tabulate_sessions,
    example=FunnelSessionsQuery(steps=_STEPS, period="7d", step=1, limit=20),
)
