"""What metrics are counted over: one select for each kind of facts.

Each gives the facts that match, one row for one, with the dimensions as d0, d1 and
so on, and the columns that the metrics need.
"""

from collections.abc import Sequence

import msgspec
from sqlglot import exp
from sqlglot.expressions import Expr, Select

from liveinsight.query.catalog.dimensions import Level, find_dimension
from liveinsight.query.catalog.metrics import Facts
from liveinsight.query.conditions import (
    NOT_ENGAGEMENT,
    event_condition,
    is_of_session,
    join_runs,
    join_touches,
    of_site,
    runs_between,
    session_condition,
)
from liveinsight.query.labels import event_labels, session_labels
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
RUN_COLUMNS = {
    "user_key": "s.user_key",
    "events": "s.total_events",
    "page_views": "s.page_views",
    "conversions": "s.conversions",
    "exits": "(s.exit_event is not null)::int",
}
"""The same summed over a session."""
SESSION_COLUMNS = {
    "page_views": "s.page_views",
    "is_bounce": "s.is_bounce",
    "session_duration": "s.session_duration",
}
AUDIENCES = (Facts.AUDIENCE, Facts.AUDIENCE_RUNS)
EVENT_CONDITIONS = {
    Facts.EVENTS: NOT_ENGAGEMENT,
    Facts.AUDIENCE: NOT_ENGAGEMENT,
    Facts.PRESENT: NOT_ENGAGEMENT,
    Facts.ENGAGED: (
        "e.event_type in ('page_view', 'engagement') and e.session_key is not null"
    ),
    Facts.DEPTHS: "e.scroll_percent is not null and e.page is not null",
}


def select_facts(
    facts: Facts, columns: Sequence[str], scope: Scope, slots: Slots
) -> Select:
    """The matching facts, their dimensions and these columns."""
    if facts in AUDIENCES:
        scope = msgspec.structs.replace(scope, conditions=scope.audience)
    elif scope.by_goal and scope.goal is None:
        return _by_goal(facts, columns, scope, slots)
    if facts is Facts.DEPTHS:
        return _depths(scope, slots)
    if facts in (Facts.RUNS, Facts.AUDIENCE_RUNS):
        return _runs(columns, scope, slots)
    if facts in EVENT_CONDITIONS:
        selected = [_event_column(name, scope, slots) for name in columns]
        return _events(facts, selected or [fragment("e.time")], scope, slots)
    if facts is Facts.ENTRIES:
        scope = _at_entry(scope)
    return _sessions(facts, columns, scope, slots)


def _by_goal(
    facts: Facts, columns: Sequence[str], scope: Scope, slots: Slots
) -> Select:
    """The facts that meet a goal, one goal after the other.

    Each reads what its own condition lets through: with a row of each event for each
    goal, two million events and seven goals took five times as long.
    """
    selects = [
        select_facts(
            facts,
            columns,
            msgspec.structs.replace(
                scope,
                goal=goal,
                conditions=(*scope.conditions, goal.where),
                entry_conditions=(*scope.entry_conditions, goal.where),
            ),
            slots,
        )
        for goal in scope.goals
    ]
    if len(selects) == 1:
        return selects[0]
    return _stacked(*selects)


def _runs(columns: Sequence[str], scope: Scope, slots: Slots) -> Select:
    """Sessions inside of the period, and the events of the others and of none.

    The others have their events at its ends, before `first_cut` and from `last_cut`
    on. On 2 million events half of what a join of all events takes.
    """
    within = scope.within
    whole = exp.select(
        *session_labels(scope, slots, active=False),
        *(exp.alias_(fragment(RUN_COLUMNS[name]), name) for name in columns),
    )
    whole = whole.from_("sessions as s", copy=False)
    whole = whole.where(
        *of_site("s", within, slots),
        fragment("s.start_time") >= slots.add(within.start),
        fragment("s.last_activity") < slots.add(within.end),
        *(session_condition(each, slots, within) for each in scope.conditions),
        copy=False,
    )
    whole = join_touches(whole, "s", slots, within)
    at_ends = exp.or_(
        fragment("e.time") < slots.add(scope.slot("first_cut")),
        fragment("e.time") >= slots.add(scope.slot("last_cut")),
        copy=False,
    )
    is_cut = exp.or_(
        fragment("r.start_time") < slots.add(within.start),
        fragment("r.last_activity") >= slots.add(within.end),
        copy=False,
    )
    selected = [_event_column(name, scope, slots) for name in columns]
    ends = [*_in_sessions(scope, slots), at_ends, is_cut]
    cut = _joined(Facts.EVENTS, selected, ends, scope, slots)
    return _stacked(whole, cut, _alone(Facts.EVENTS, selected, scope, slots))


def _event_column(name: str, scope: Scope, slots: Slots) -> Expr:
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


def _depths(scope: Scope, slots: Slots) -> Select:
    columns = ("e.user_key", "e.page", "e.scroll_percent")
    scrolled = _events(Facts.DEPTHS, [fragment(c) for c in columns], scope, slots)
    keys = [*(f"d{i}" for i in range(len(scope.dimensions))), "user_key", "page"]
    query = exp.select(*keys, fragment("max(scroll_percent) as depth"))
    query = query.from_(scrolled.subquery("scrolled", copy=False), copy=False)
    return query.group_by(*keys, copy=False)


def _events(
    facts: Facts, selected: Sequence[Expr], scope: Scope, slots: Slots
) -> Select:
    """The matching events `e`, with their runs `r` where these are asked for.

    What a run decides is asked of each run, not of each of its events: an eighth less
    for the pages of visits from one source, of 20 million events.
    """
    if not names_of(filter(is_of_session, scope.conditions)):
        held = [event_condition(each, slots, scope.within) for each in scope.conditions]
        return _joined(facts, selected, held, scope, slots)
    met = _joined(facts, selected, _in_sessions(scope, slots), scope, slots)
    return _stacked(met, _alone(facts, selected, scope, slots))


def _in_sessions(scope: Scope, slots: Slots) -> list[Expr]:
    """That an event has a run `r`, and that the conditions hold for both."""
    held = [
        session_condition(each, slots, scope.within, "r")
        if is_of_session(each)
        else event_condition(each, slots, scope.within)
        for each in scope.conditions
    ]
    return [fragment("r.session_key is not null"), *held]


def _alone(
    facts: Facts, selected: Sequence[Expr], scope: Scope, slots: Slots
) -> Select:
    """The matching events that belong to no session."""
    held = [event_condition(each, slots, scope.within) for each in scope.conditions]
    alone = [fragment("e.session_key is null"), *held]
    return _joined(facts, selected, alone, scope, slots, runs=[exp.false()])


def _joined(
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


def _sessions(
    facts: Facts, columns: Sequence[str], scope: Scope, slots: Slots
) -> Select:
    """The sessions `s` with a matching event, once per value of the dimensions."""
    active = facts is Facts.ACTIVE
    query = exp.select(
        *session_labels(scope, slots, active=active),
        "s.session_key",
        *(exp.alias_(fragment(SESSION_COLUMNS[c]), c) for c in columns),
    )
    query = query.from_("sessions as s", copy=False)
    begun = "s.last_activity" if active else "s.start_time"
    within = scope.within
    on_session = [
        *of_site("s", within, slots),
        fragment(begun) >= slots.add(scope.slot("start")),
        fragment("s.start_time") < slots.add(scope.slot("end")),
    ]
    on_event: list[Expr] = []
    for each in scope.conditions:
        if is_of_session(each):
            on_session.append(session_condition(each, slots, within))
        else:
            on_event.append(event_condition(each, slots, within))
    if active:
        query = _with_buckets(query, scope, slots)
    by_event = any(d.level is Level.EVENT for d in scope.dimensions)
    if not by_event and not on_event:
        query = query.where(*on_session, copy=False)
        return join_touches(query, "s", slots, within)
    on_event += [fragment(NOT_ENGAGEMENT), *of_site("e", within, slots)]
    if not active:
        on_event.append(fragment("e.time") >= slots.add(scope.slot("start")))
    if by_event:
        on = "e.session_key = s.session_key"
        query = query.join("events as e", on=on, copy=False)
        query = query.where(*on_session, *on_event, copy=False).distinct(copy=False)
        query = join_runs(query, runs_between("r", within, slots))
        return join_touches(query, "s", slots, within)
    keys = exp.select("e.session_key").from_("events as e").where(*on_event)
    keys = join_runs(keys, runs_between("r", within, slots))
    keys = join_touches(keys, "e", slots, within)
    found = exp.column("session_key", "s").isin(query=keys)
    query = query.where(*on_session, found, copy=False)
    return join_touches(query, "s", slots, within)


def _with_buckets(query: Select, scope: Scope, slots: Slots) -> Select:
    """Joined with each bucket `b` that the session was active in."""
    table = exp.select(
        slots.bind("unnest(:x::bigint[]) as bucket_start", x=scope.slot("starts")),
        slots.bind("unnest(:x::bigint[]) as bucket_end", x=scope.slot("ends")),
    )
    on = "s.start_time < b.bucket_end and s.last_activity >= b.bucket_start"
    return query.join(table.subquery("b", copy=False), on=on, copy=False)


def _stacked(*selects: Select) -> Select:
    """The rows of all selects."""
    every = exp.union(*selects, distinct=False, copy=False)
    return exp.select("*").from_(every.subquery("stacked", copy=False), copy=False)


def _at_entry(scope: Scope) -> Scope:
    """The same with the entry page in place of the page."""
    entry = find_dimension("entry_page")
    return msgspec.structs.replace(
        scope,
        dimensions=tuple(entry if d.name == "page" else d for d in scope.dimensions),
        conditions=scope.entry_conditions,
    )
