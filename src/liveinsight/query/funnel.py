"""Funnels: how far visitors come on a row of steps, and where they leave it.

An attempt begins with an event of the first step, in the period, that the filters hold
for. Each following step is the first later event that meets it, within the window from
the beginning, also after the end of the period. Strict, nothing stands in between: no
page view, conversion or other interactive event of the visitor but clicks. A visitor
counts once, by the attempt that came furthest, of equals the earliest. All times are ms.
"""

from enum import StrEnum
from typing import cast

import msgspec

from liveinsight.core.limits import DAY, MINUTE
from liveinsight.core.ports import Reader
from liveinsight.errors import QueryError
from liveinsight.query.catalog.dimensions import GOAL, Level, find_dimension
from liveinsight.query.check import (
    MAX_LIMIT,
    MAX_OFFSET,
    check_filters,
    check_period,
    check_site,
    check_text,
)
from liveinsight.query.conditions import filter_values, shape_of
from liveinsight.query.funnel_sql import FunnelShape, compile_counts
from liveinsight.query.goals import condition_of, expand_goals
from liveinsight.query.model import Goal, Label, Period, Where
from liveinsight.query.statement import SITE, Statement, fill

LEAST_STEPS = 2
MOST_STEPS = 10
SHORTEST_WINDOW = MINUTE
LONGEST_WINDOW = 90 * DAY
LONGEST_SESSION = DAY
"""A session is followed no longer than this after its attempt has begun."""


class Sequence(StrEnum):
    """What may happen between two steps."""

    ORDER = "order"
    """Anything."""
    STRICT = "strict"
    """Only clicks, engagement and events that are not interactive."""


class Funnel(msgspec.Struct, frozen=True, kw_only=True):
    """A row of steps, each a condition on events."""

    steps: tuple[Goal, ...]
    sequence: Sequence = Sequence.ORDER
    window_ms: int | None = None
    """From the first step to the last; None: all in one session."""

    @property
    def longest(self) -> int:
        """The time after the first step in which the others count."""
        return LONGEST_SESSION if self.window_ms is None else self.window_ms


class FunnelQuestion(msgspec.Struct, frozen=True, kw_only=True):
    """A funnel in a period, under filters on its first step and that one's session."""

    site: str | None
    funnel: Funnel
    period: Period
    filters: tuple[Where, ...] = ()
    goals: tuple[Goal, ...] = ()
    """The site's, that filters may name."""
    dimension: str | None = None
    """One row for each of its values at the first step."""
    limit: int = 20
    offset: int = 0
    compare: Period | None = None


class FunnelStep(msgspec.Struct, frozen=True, kw_only=True):
    """A step and those who reached it."""

    name: str
    visitors: int
    conversion_rate: float | None
    """Of those who began; None without any."""
    step_rate: float | None
    """Of those at the step before; for the first step of those who began."""
    dropped: int
    """Those who came no further; at the last step nobody is said to."""
    median_ms: float | None
    """From the step before, of those who took it."""


class FunnelCounts(msgspec.Struct, frozen=True, kw_only=True):
    """All steps of a funnel."""

    steps: list[FunnelStep]
    conversion_rate: float | None
    """Of those who began, those who came to the end."""
    median_ms: float | None
    """From the first step to the last."""


class FunnelRow(msgspec.Struct, frozen=True, kw_only=True):
    """The funnel of those who began with this label."""

    label: Label
    counts: FunnelCounts


class FunnelAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The funnel, as it was before, and its rows, the most visitors first.

    A visitor with attempts under several labels counts in each of their rows.
    """

    totals: FunnelCounts
    before: FunnelCounts | None
    rows: list[FunnelRow]
    row_count: int
    """All labels, also those beyond `limit`."""


def answer_funnel(question: FunnelQuestion, reader: Reader) -> FunnelAnswer:
    """The funnel's steps, and those of each label.

    Raises:
        QueryError: it cannot be answered as asked; names the field and why.
        StoreUnavailable: the warehouse is closed or being replaced.
    """
    check_funnel_question(question)
    before = None
    if question.compare is not None:
        before = _counts(
            question, _ask_counts(question, question.compare, "", reader)[0]
        )
    label = question.dimension or ""
    whole, *labelled = _ask_counts(question, question.period, label, reader)
    return FunnelAnswer(
        totals=_counts(question, whole),
        before=before,
        rows=[
            FunnelRow(label=cast("Label", row[0]), counts=_counts(question, row))
            for row in labelled
        ],
        row_count=cast("int", labelled[0][1]) if labelled else question.offset,
    )


def check_funnel_question(question: FunnelQuestion) -> None:
    """Returns if the question can be answered.

    Raises:
        QueryError: names the field, and why not.
    """
    check_site(question.site)
    check_funnel(question.funnel, question.goals)
    check_period("period", question.period)
    if question.compare is not None:
        check_period("compare", question.compare)
    check_filters(question.filters, field="filters", goals=question.goals)
    if question.dimension is not None:
        check_text(question.dimension, "dimension")
        if find_dimension(question.dimension, "dimension").level is Level.TIME:
            raise QueryError("dimension", "a funnel is not cut by time")
        if question.dimension == GOAL:
            raise QueryError("dimension", "a funnel is not cut by goals")
    if not 0 < question.limit <= MAX_LIMIT:
        raise QueryError("limit", "give %(least)s to %(most)s", least=1, most=MAX_LIMIT)
    if not 0 <= question.offset <= MAX_OFFSET:
        raise QueryError(
            "offset", "give %(least)s to %(most)s", least=0, most=MAX_OFFSET
        )


def check_funnel(funnel: Funnel, goals: tuple[Goal, ...] = ()) -> None:
    """Returns if the funnel can be asked.

    Raises:
        QueryError: names the field, and why not.
    """
    if not LEAST_STEPS <= len(funnel.steps) <= MOST_STEPS:
        raise QueryError(
            "steps", "give %(least)s to %(most)s", least=LEAST_STEPS, most=MOST_STEPS
        )
    for index, step in enumerate(funnel.steps):
        check_filters((step.where,), field=f"steps[{index}]", goals=goals)
    window = funnel.window_ms
    if window is not None and not SHORTEST_WINDOW <= window <= LONGEST_WINDOW:
        raise QueryError(
            "window_ms",
            "give %(least)s to %(most)s",
            least=SHORTEST_WINDOW,
            most=LONGEST_WINDOW,
        )


def shape_funnel(
    question: FunnelQuestion, *, label: str = "", is_live: bool = False
) -> FunnelShape:
    """All of the question that decides the text of its statements."""
    return FunnelShape(
        one_site=question.site is not None,
        steps=tuple(
            shape_of((where,), f"step.{index}")[0]
            for index, where in enumerate(_conditions(question))
        ),
        filters=shape_of(expand_goals(question.filters, question.goals)),
        is_strict=question.funnel.sequence is Sequence.STRICT,
        in_session=question.funnel.window_ms is None,
        label=label,
        is_live=is_live,
    )


def ask(
    statement: Statement,
    question: FunnelQuestion,
    period: Period,
    reader: Reader,
    **more: object,
) -> list[tuple[object, ...]]:
    """The rows of a statement about the question in the period."""
    values = filter_values(expand_goals(question.filters, question.goals))
    for index, where in enumerate(_conditions(question)):
        values |= filter_values((where,), f"step.{index}")
    values |= {
        SITE: question.site,
        "start": period.start,
        "end": period.end,
        "until": period.end + question.funnel.longest,
        "window": question.funnel.longest,
        "limit": question.limit,
        "offset": question.offset,
    }
    return reader.query(statement.sql, fill(statement.slots, values | more))


def _conditions(question: FunnelQuestion) -> tuple[Where, ...]:
    """What an event of each step fulfils."""
    steps = [condition_of(step) for step in question.funnel.steps]
    return expand_goals(steps, question.goals, field="steps")


def _ask_counts(
    question: FunnelQuestion, period: Period, label: str, reader: Reader
) -> list[tuple[object, ...]]:
    """The row of the whole, and those of the labels."""
    return ask(
        compile_counts(shape_funnel(question, label=label)), question, period, reader
    )


def _counts(question: FunnelQuestion, row: tuple[object, ...]) -> FunnelCounts:
    """The steps of a row of `compile_counts`."""
    names = [step.name for step in question.funnel.steps]
    numbers = row[2:]
    visitors = cast("list[int]", list(numbers[: len(names)]))
    medians = cast("list[float | None]", [None, *numbers[len(names) :]])
    begun, ended = visitors[0], visitors[-1]
    steps = [
        FunnelStep(
            name=name,
            visitors=here,
            conversion_rate=here / begun if begun else None,
            step_rate=here / before if before else None,
            dropped=here - after,
            median_ms=median,
        )
        for name, here, before, after, median in zip(
            names,
            visitors,
            [begun, *visitors],
            [*visitors[1:], ended],
            medians,
            strict=False,
        )
    ]
    return FunnelCounts(
        steps=steps,
        conversion_rate=ended / begun if begun else None,
        median_ms=medians[-1],
    )
