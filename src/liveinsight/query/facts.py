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
    session_condition,
)
from liveinsight.query.event_facts import (
    EVENT_CONDITIONS,
    event_column,
    in_sessions,
    select_alone,
    select_depths,
    select_events,
    select_joined,
    stack,
)
from liveinsight.query.joins import join_runs, join_touches, of_site, runs_between
from liveinsight.query.labels import session_labels
from liveinsight.query.scope import Scope
from liveinsight.query.statement import Slots, fragment

RUN_COLUMNS = {
    "user_key": "s.user_key",
    "events": "s.total_events",
    "page_views": "s.page_views",
    "conversions": "s.conversions",
    "exits": "(s.exit_event is not null)::int",
}
"""EVENT_COLUMNS summed over a session."""
SESSION_COLUMNS = {
    "page_views": "s.page_views",
    "is_bounce": "s.is_bounce",
    "session_duration": "s.session_duration",
}
AUDIENCES = (Facts.AUDIENCE, Facts.AUDIENCE_RUNS)


def select_facts(
    facts: Facts, columns: Sequence[str], scope: Scope, slots: Slots
) -> Select:
    """The matching facts, their dimensions and these columns."""
    if facts in AUDIENCES:
        scope = msgspec.structs.replace(scope, conditions=scope.audience)
    elif scope.by_goal and scope.goal is None:
        return _by_goal(facts, columns, scope, slots)
    if facts is Facts.DEPTHS:
        return select_depths(scope, slots)
    if facts in (Facts.RUNS, Facts.AUDIENCE_RUNS):
        return _runs(columns, scope, slots)
    if facts in EVENT_CONDITIONS:
        selected = [event_column(name, scope, slots) for name in columns]
        return select_events(facts, selected or [fragment("e.time")], scope, slots)
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
    return stack(*selects)


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
    selected = [event_column(name, scope, slots) for name in columns]
    ends = [*in_sessions(scope, slots), at_ends, is_cut]
    cut = select_joined(Facts.EVENTS, selected, ends, scope, slots)
    return stack(whole, cut, select_alone(Facts.EVENTS, selected, scope, slots))


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


def _at_entry(scope: Scope) -> Scope:
    """The same with the entry page in place of the page."""
    entry = find_dimension("entry_page")
    return msgspec.structs.replace(
        scope,
        dimensions=tuple(entry if d.name == "page" else d for d in scope.dimensions),
        conditions=scope.entry_conditions,
    )
