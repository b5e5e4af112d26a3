"""What a goal means in a question: a condition, evaluated when asked."""

from collections.abc import Sequence

from liveinsight.core.event import CONVERSION
from liveinsight.errors import QueryError
from liveinsight.query.catalog.dimensions import GOAL
from liveinsight.query.model import (
    And,
    Filter,
    Goal,
    Not,
    Operator,
    Or,
    Reached,
    Where,
)
from liveinsight.query.where import is_accepted, replace_filters

BUILT_IN = Goal(name=CONVERSION, where=Filter("event_type", Operator.IS, (CONVERSION,)))
"""The goal that every site has."""


def with_built_in(goals: Sequence[Goal]) -> tuple[Goal, ...]:
    """The goals and the built-in one, unless one of them has its name."""
    has_own = any(goal.name == BUILT_IN.name for goal in goals)
    return tuple(goals) if has_own else (*goals, BUILT_IN)


def condition_of(goal: Goal) -> Where:
    """What an event that meets the goal fulfils."""
    if not goal.engagement_ms and not goal.scroll_percent:
        return goal.where
    parts = goal.where.filters if isinstance(goal.where, And) else (goal.where,)
    pages = tuple(
        part for part in parts if isinstance(part, Filter) and part.dimension == "page"
    )
    reached = Reached(goal.engagement_ms, goal.scroll_percent, pages)
    return And((goal.where, reached))


def expand_goals(
    filters: Sequence[Where], goals: Sequence[Goal], field: str = "filters"
) -> tuple[Where, ...]:
    """The filters with the goals' conditions in place of their names.

    Raises:
        QueryError: one names a goal that the site does not have.
    """
    known = with_built_in(goals)

    def change(leaf: Filter) -> Where:
        if leaf.dimension != GOAL:
            return leaf
        meant = Or(tuple(condition_of(g) for g in find_goals(leaf, known, field)))
        found: Where = meant
        if "" in leaf.values:  # not set: meets no goal at all
            none = Not(Or(tuple(condition_of(goal) for goal in known)))
            found = Or((meant, none))
        return Not(found) if leaf.operator.is_negative else found

    return tuple(replace_filters(where, change) for where in filters)


def find_goals(leaf: Filter, known: Sequence[Goal], field: str) -> list[Goal]:
    """The goals that a filter's values name.

    Raises:
        QueryError: a name is no goal's.
    """
    if leaf.operator in (Operator.IS, Operator.IS_NOT):
        names = {goal.name for goal in known}
        for value in leaf.values:
            if value and value not in names:
                raise QueryError(
                    field, "the site has no goal %(name)r", name=value[:64]
                )
        return [goal for goal in known if goal.name in leaf.values]
    return [
        goal
        for goal in known
        if is_accepted(leaf, goal.name) is not leaf.operator.is_negative
    ]


def names_goals(where: Where) -> bool:
    """Whether it is a filter that keeps the events of some goals alone."""
    return (
        isinstance(where, Filter)
        and where.dimension == GOAL
        and not where.operator.is_negative
    )


def goals_in_force(
    filters: Sequence[Where], dimensions: Sequence[str], goals: Sequence[Goal]
) -> tuple[Goal, ...]:
    """The goals that conversions are of; none: the built-in one's, as of any event."""
    known = with_built_in(goals)
    named = [
        goal
        for where in filters
        if names_goals(where) and isinstance(where, Filter)
        for goal in find_goals(where, known, "filters")
    ]
    if named:
        return tuple(dict.fromkeys(named))
    return known if GOAL in dimensions else ()


def without_goals(filters: Sequence[Where]) -> tuple[Where, ...]:
    """The filters that the audience of the goals is under."""
    return tuple(where for where in filters if not names_goals(where))
