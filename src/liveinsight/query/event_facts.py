"""The events that metrics are counted over, with the runs that they belong to.

A select gives the events that match, one row for one, with the dimensions as d0, d1 and
so on, and the columns that the metrics need.
"""

from collections.abc import Sequence

from sqlglot import exp
from sqlglot.expressions import Expr, Select

from liveinsight.query.catalog.metrics import Facts
from liveinsight.query.conditions import (
    NOT_ENGAGEMENT,
    event_condition,
    is_of_session,
    session_condition,
)
from liveinsight.query.joins import join_runs, join_touches, of_site, runs_between
from liveinsight.query.labels import event_labels
from liveinsight.query.scope import GoalShape, Scope
from liveinsight.query.statement import Slots, fragment
from liveinsight.query.where import names_of

EVENT_COLUMNS = {
    "user_key": "e.user_key",
    "session_key": "e.session_key",
    "engagement_ms": "e.engagement_ms",
    "revenue_amount": "e.revenue_amount",
    "events": "1",
    "page_views": "(e.event_type = 'page_view' and e.interactive)::int",
    "conversions": "(e.event_type = 'conversion')::int",
    "exits": "coalesce(e.event_id = r.exit_event, false)::int",
}
EVENT_CONDITIONS = {
    Facts.EVENTS: NOT_ENGAGEMENT,
    Facts.AUDIENCE: NOT_ENGAGEMENT,
    Facts.PRESENT: NOT_ENGAGEMENT,
    Facts.ENGAGED: (
        "e.event_type in ('page_view', 'engagement') and e.session_key is not null"
    ),
    Facts.DEPTHS: "e.scroll_percent is not null and e.page is not null",
}


def select_events(
    facts: Facts, selected: Sequence[Expr], scope: Scope, slots: Slots
) -> Select:
    """The matching events `e`, with their runs `r` where these are asked for.

    What a run decides is asked of each run, not of each of its events: an eighth less
    for the pages of visits from one source, of 20 million events.
    """
    if not names_of(filter(is_of_session, scope.conditions)):
        held = [event_condition(each, slots, scope.within) for each in scope.conditions]
        return select_joined(facts, selected, held, scope, slots)
    met = select_joined(facts, selected, in_sessions(scope, slots), scope, slots)
    return stack(met, select_alone(facts, selected, scope, slots))


def select_depths(scope: Scope, slots: Slots) -> Select:
    """One row per user and page: the deepest scroll."""
    columns = ("e.user_key", "e.page", "e.scroll_percent")
    scrolled = select_events(Facts.DEPTHS, [fragment(c) for c in columns], scope, slots)
    keys = [*(f"d{i}" for i in range(len(scope.dimensions))), "user_key", "page"]
    query = exp.select(*keys, fragment("max(scroll_percent) as depth"))
    query = query.from_(scrolled.subquery("scrolled", copy=False), copy=False)
    return query.group_by(*keys, copy=False)


def in_sessions(scope: Scope, slots: Slots) -> list[Expr]:
    """That an event has a run `r`, and that the conditions hold for both."""
    held = [
        session_condition(each, slots, scope.within, "r")
        if is_of_session(each)
        else event_condition(each, slots, scope.within)
        for each in scope.conditions
    ]
    return [fragment("r.session_key is not null"), *held]


def select_alone(
    facts: Facts, selected: Sequence[Expr], scope: Scope, slots: Slots
) -> Select:
    """The matching events that belong to no session."""
    held = [event_condition(each, slots, scope.within) for each in scope.conditions]
    alone = [fragment("e.session_key is null"), *held]
    return select_joined(facts, selected, alone, scope, slots, runs=[exp.false()])


def select_joined(
    facts: Facts,
    selected: Sequence[Expr],
    conditions: Sequence[Expr],
    scope: Scope,
    slots: Slots,
    runs: Sequence[Expr] | None = None,
) -> Select:
    """The events `e` of the period that the conditions hold for, with their runs `r`."""
    within = scope.within
    is_present = facts is Facts.PRESENT
    clock = "e.present_at" if is_present else "e.time"
    start = scope.slot("present" if is_present else "start")
    query = exp.select(*event_labels(scope, slots), *(s.copy() for s in selected))
    query = query.from_("events as e", copy=False)
    query = query.where(
        fragment(EVENT_CONDITIONS[facts]),
        *of_site("e", within, slots),
        fragment(clock) >= slots.add(start),
        fragment(clock) < slots.add(scope.slot("end")),
        *conditions,
        copy=False,
    )
    if runs is None and is_present:
        recent = fragment("r.present_at") >= slots.add(start)
        runs = [*of_site("r", within, slots), recent]
    elif runs is None:
        runs = runs_between("r", within, slots)
    query = join_runs(query, runs)
    return join_touches(query, "e", slots, within)


def event_column(name: str, scope: Scope, slots: Slots) -> Expr:
    """The column; conversions and revenue are of the goals in force."""
    value = fragment(EVENT_COLUMNS[name])
    if scope.goals and name == "conversions":
        met: Expr = exp.true()
        if not (scope.by_goal or scope.is_narrowed):
            goals = (event_condition(g.where, slots, scope.within) for g in scope.goals)
            met = exp.or_(*goals, copy=False)
        value = exp.cast(exp.paren(met, copy=False), "int", copy=False)
    has_amounts = any(goal.value for goal in scope.goals)
    if name == "revenue_amount" and scope.goal is not None:
        value = _amount_of(scope.goal, slots) or value
    elif name == "revenue_amount" and has_amounts:
        found = exp.Case()
        for goal in scope.goals:
            amount = _amount_of(goal, slots) or value.copy()
            met = event_condition(goal.where, slots, scope.within)
            found = found.when(met, amount, copy=False)
        value = found.else_(value, copy=False)
    return exp.alias_(value, name, copy=False)


def _amount_of(goal: GoalShape, slots: Slots) -> Expr | None:
    """A goal's own value; as decimal, as the events' are."""
    if not goal.value:
        return None
    return exp.cast(slots.add(goal.value), "decimal(18, 4)", copy=False)


def stack(*selects: Select) -> Select:
    """The rows of all selects."""
    every = exp.union(*selects, distinct=False, copy=False)
    return exp.select("*").from_(every.subquery("stacked", copy=False), copy=False)
