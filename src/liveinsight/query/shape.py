"""The shape of a question: all that decides the text of its statement, without values.

A statement is built once for each shape and kept.
"""

from collections.abc import Sequence

import msgspec

from liveinsight.query.catalog.dimensions import GOAL, Level, find_dimension
from liveinsight.query.catalog.metrics import Facts, find_metric
from liveinsight.query.conditions import filter_values, is_of_session, shape_of
from liveinsight.query.goals import (
    condition_of,
    expand_goals,
    goals_in_force,
    names_goals,
    without_goals,
)
from liveinsight.query.model import (
    And,
    Attribution,
    Filter,
    HasDone,
    Not,
    Or,
    Order,
    Question,
    Where,
)
from liveinsight.query.scope import GoalShape
from liveinsight.query.where import names_of


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """All of a question that decides the text of its statement."""

    one_site: bool
    metrics: tuple[str, ...]
    dimensions: tuple[str, ...]
    conditions: tuple[Where, ...]
    entry_conditions: tuple[Where, ...]
    audience: tuple[Where, ...]
    goals: tuple[GoalShape, ...]
    is_narrowed: bool
    """Whether filters keep the events of some goals alone."""
    has_page: bool
    """Whether a filter or dimension is the page."""
    attribution: Attribution
    active: bool
    """Whether sessions count in every bucket they were active in."""
    buckets: tuple[tuple[str, str], ...]
    """SQL of the bucket of an event and of a session, per period."""
    order_by: tuple[Order, ...] = ()
    limited: bool = False

    @property
    def labels(self) -> list[str]:
        """The columns of the dimensions."""
        return [f"d{i}" for i in range(len(self.dimensions))]

    @property
    def has_audience(self) -> bool:
        """Whether the audience of the goals is more than the matching events."""
        return self.is_narrowed or GOAL in self.dimensions


def shape_question(
    question: Question,
    *,
    buckets: tuple[tuple[str, str], ...],
    dimensions: tuple[str, ...] = (),
    active: bool = False,
    order_by: tuple[Order, ...] = (),
    limited: bool = False,
) -> Shape:
    """What the question's statement looks like, its values left out."""
    filters = question.filters
    entered = tuple(_at_entry(where) for where in filters)
    goals = goals_in_force(filters, question.dimensions, question.goals)
    return Shape(
        one_site=question.site is not None,
        metrics=question.metrics,
        dimensions=dimensions,
        conditions=shape_of(expand_goals(filters, question.goals)),
        entry_conditions=shape_of(expand_goals(entered, question.goals)),
        audience=shape_of(
            expand_goals(without_goals(filters), question.goals), "audience"
        ),
        goals=tuple(
            GoalShape(
                name=f"goal.{index}",
                where=shape_of((condition_of(goal),), f"goal.{index}")[0],
                value="" if goal.value is None else f"value.{index}",
            )
            for index, goal in enumerate(goals)
        ),
        is_narrowed=any(names_goals(where) for where in filters),
        has_page="page" in {*question.dimensions, *names_of(filters)},
        attribution=question.attribution,
        buckets=buckets,
        active=active,
        order_by=order_by,
        limited=limited,
    )


def _at_entry(where: Where) -> Where:
    """The condition with the entry page for the page, but in what users have done."""
    if isinstance(where, HasDone):
        return where
    if isinstance(where, And | Or):
        return type(where)(tuple(_at_entry(each) for each in where.filters))
    if isinstance(where, Not):
        return Not(_at_entry(where.filter))
    if isinstance(where, Filter) and where.dimension == "page":
        return msgspec.structs.replace(where, dimension="entry_page")
    return where


def values_of(question: Question) -> dict[str, object]:
    """What goes into the slots of the filters and goals of `shape_question`."""
    filters = question.filters
    values = filter_values(expand_goals(filters, question.goals))
    audience = expand_goals(without_goals(filters), question.goals)
    values |= filter_values(audience, "audience")
    goals = goals_in_force(filters, question.dimensions, question.goals)
    for index, goal in enumerate(goals):
        values[f"goal.{index}"] = goal.name
        values |= filter_values((condition_of(goal),), f"goal.{index}")
        if goal.value is not None:
            values[f"value.{index}"] = goal.value.amount
    return values


def facts_of(metric: str, shape: Shape) -> Facts:
    """What the metric is counted over in such a question."""
    facts = find_metric(metric).facts
    if metric == "sessions" and shape.active:
        return Facts.ACTIVE
    by_run = find_metric(metric).by_run and not shape.goals
    if by_run and _only_sessions_decide(shape.dimensions, shape.conditions):
        return Facts.RUNS
    if facts is Facts.ENTRIES and not shape.has_page:
        return Facts.SESSIONS
    return facts


def audience_of(shape: Shape) -> Facts:
    """What those who could have converted are counted over."""
    dimensions = [name for name in shape.dimensions if name != GOAL]
    if _only_sessions_decide(dimensions, shape.audience):
        return Facts.AUDIENCE_RUNS
    return Facts.AUDIENCE


def needs_cuts(shape: Shape) -> bool:
    """Whether anything is counted by whole sessions."""
    over = {facts_of(name, shape) for name in shape.metrics}
    if shape.has_audience and any(find_metric(name).per for name in shape.metrics):
        over.add(audience_of(shape))
    return not over.isdisjoint({Facts.RUNS, Facts.AUDIENCE_RUNS})


def _only_sessions_decide(
    dimensions: Sequence[str], conditions: Sequence[Where]
) -> bool:
    """Whether all events of a session are alike to the question."""
    levels = {find_dimension(name).level for name in dimensions}
    return levels <= {Level.SESSION} and all(map(is_of_session, conditions))
