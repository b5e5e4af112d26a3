"""The dimensions of a question as columns."""

from collections.abc import Sequence

from sqlglot import exp
from sqlglot.expressions import Expr

from liveinsight.query.catalog.dimensions import GOAL, Level
from liveinsight.query.conditions import event_value, session_value
from liveinsight.query.scope import Scope
from liveinsight.query.statement import Slots, fragment


def event_labels(scope: Scope, slots: Slots) -> list[Expr]:
    """The dimensions d0, d1… of an event `e` and its run `r`."""
    values = []
    for dimension in scope.dimensions:
        if dimension.level is Level.TIME:
            values.append(fragment(scope.event_bucket))
        elif dimension.name == GOAL:
            values.append(_goal_label(scope, slots))
        else:
            values.append(event_value(dimension, slots, scope.within))
    return _aliased(values)


def session_labels(scope: Scope, slots: Slots, *, active: bool) -> list[Expr]:
    """The dimensions of a session `s`; with `active` in each bucket `b`."""
    values = []
    for dimension in scope.dimensions:
        if dimension.level is Level.TIME:
            bucket = "b.bucket_start" if active else scope.session_bucket
            values.append(fragment(bucket))
        elif dimension.name == GOAL:
            values.append(_goal_label(scope, slots))
        elif dimension.session_sql is None:
            values.append(event_value(dimension, slots, scope.within))
        else:
            values.append(session_value(dimension, scope.within))
    return _aliased(values)


def _goal_label(scope: Scope, slots: Slots) -> Expr:
    """The name of the goal that is met; of the audience of all goals, nothing."""
    if scope.goal is None:
        return exp.null()
    return exp.cast(slots.add(scope.goal.name), "varchar", copy=False)


def _aliased(values: Sequence[Expr]) -> list[Expr]:
    return [
        exp.alias_(value, f"d{index}", copy=False) for index, value in enumerate(values)
    ]
