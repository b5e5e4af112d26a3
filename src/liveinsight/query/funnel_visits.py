"""Who is behind the numbers of a funnel: where visitors stopped, who is on which step."""

from typing import cast

import msgspec

from liveinsight.core.limits import CURRENT_WINDOW, DAY
from liveinsight.core.ports import Reader
from liveinsight.errors import QueryError
from liveinsight.query.funnel import (
    Funnel,
    FunnelQuestion,
    ask,
    check_funnel_question,
    shape_funnel,
)
from liveinsight.query.funnel_sql import compile_here, compile_stops
from liveinsight.query.model import Goal, Period, Where

MOST_HERE = 10
"""Visitors that are named at each step of the live funnel."""
WRONG_CLOCKS = 8 * DAY
"""How far behind ours the time of an event may be that happens now."""


class StoppedVisit(msgspec.Struct, frozen=True, kw_only=True):
    """A visitor who came no further, and the session of the last step."""

    session_id: str | None
    """None: the event belongs to no session."""
    user_id: str
    time: int
    """Of the step."""
    entry_page: str | None
    source: str | None
    country: str | None
    device: str | None


class Stopped(msgspec.Struct, frozen=True, kw_only=True):
    """Some of those who came no further than a step, the latest first."""

    count: int
    visits: list[StoppedVisit]


class PresentVisit(msgspec.Struct, frozen=True, kw_only=True):
    """A current visitor on a step."""

    session_id: str | None
    user_id: str
    time: int
    """Of the step."""
    page: str | None
    """Where they are now."""
    country: str | None


class LiveStep(msgspec.Struct, frozen=True, kw_only=True):
    """A step, and who of the current visitors took it last."""

    name: str
    visitors: int
    visits: list[PresentVisit]
    """The latest, at most MOST_HERE."""


def list_stopped(question: FunnelQuestion, step: int, reader: Reader) -> Stopped:
    """Those who came to the step, 1 for the first, and no further.

    `limit` and `offset` of the question say which; at the last step, who completed it.

    Raises:
        QueryError: it cannot be answered as asked; names the field and why.
        StoreUnavailable: the warehouse is closed or being replaced.
    """
    check_funnel_question(question)
    count = len(question.funnel.steps)
    if not 1 <= step <= count:
        raise QueryError("step", "give %(least)s to %(most)s", least=1, most=count)
    statement = compile_stops(shape_funnel(question), step)
    found = ask(statement, question, question.period, reader)
    names = StoppedVisit.__struct_fields__
    return Stopped(
        count=cast("int", found[0][-1]) if found else question.offset,
        visits=msgspec.convert(
            [dict(zip(names, row, strict=False)) for row in found], list[StoppedVisit]
        ),
    )


def live_funnel(
    site: str | None,
    funnel: Funnel,
    filters: tuple[Where, ...],
    goals: tuple[Goal, ...],
    now: int,
    reader: Reader,
) -> list[LiveStep]:
    """How many current visitors stand on each step of their latest attempt.

    Current is who has an event in the last 5 minutes on our clock; the attempt began
    no longer ago than the funnel's window.

    Raises:
        QueryError: it cannot be answered as asked; names the field and why.
        StoreUnavailable: the warehouse is closed or being replaced.
    """
    question = FunnelQuestion(
        site=site,
        funnel=funnel,
        period=Period(now - funnel.longest - WRONG_CLOCKS, now + DAY),
        filters=filters,
        goals=goals,
        limit=MOST_HERE,
    )
    check_funnel_question(question)
    found = ask(
        compile_here(shape_funnel(question, is_live=True)),
        question,
        question.period,
        reader,
        since=now - funnel.longest,
        present=now - CURRENT_WINDOW,
    )
    names = PresentVisit.__struct_fields__
    steps = []
    for number, step in enumerate(funnel.steps, start=1):
        rows = [row for row in found if row[0] == number]
        steps.append(
            LiveStep(
                name=step.name,
                visitors=cast("int", rows[0][-1]) if rows else 0,
                visits=msgspec.convert(
                    [dict(zip(names, row[1:-1], strict=True)) for row in rows],
                    list[PresentVisit],
                ),
            )
        )
    return steps
