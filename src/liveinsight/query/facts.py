"""What metrics are counted over: one select for each kind of facts.

Each gives the facts that match, one row for one, with the dimensions as d0, d1 and
so on, and the columns that the metrics need.
"""

from collections.abc import Sequence

import msgspec
from sqlglot import exp
from sqlglot.expressions import Expr, Select

from liveinsight.query.catalog import Dimension, Facts, Level, find_dimension
from liveinsight.query.conditions import (
    SITE,
    Condition,
    Slots,
    event_condition,
    fragment,
    join_runs,
    labelled,
    session_condition,
)

EVENT_COLUMNS = {
    "user_key": "e.user_key",
    "session_key": "e.session_key",
    "engagement_ms": "e.engagement_ms",
    "revenue_amount": "e.revenue_amount",
    "is_page_view": "e.event_type = 'page_view' and e.interactive",
    "is_conversion": "e.event_type = 'conversion'",
    "is_exit": "coalesce(e.event_id = r.exit_event, false)",
}
SESSION_COLUMNS = {
    "page_views": "s.page_views",
    "is_bounce": "s.is_bounce",
    "session_duration": "s.session_duration",
}
NOT_ENGAGEMENT = "e.event_type <> 'engagement'"
EVENT_CONDITIONS = {
    Facts.EVENTS: NOT_ENGAGEMENT,
    Facts.PRESENT: NOT_ENGAGEMENT,
    Facts.ENGAGED: (
        "e.event_type in ('page_view', 'engagement') and e.session_key is not null"
    ),
    Facts.DEPTHS: "e.scroll_percent is not null and e.page is not null",
}


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """What the selects over one period share."""

    name: str
    """Of the period: its slots are `name.start`, `name.end` and so on."""
    one_site: bool
    dimensions: tuple[Dimension, ...]
    conditions: tuple[Condition, ...]
    event_bucket: str = ""
    """SQL for the bucket of an event, where the dimension `time` is asked for."""
    session_bucket: str = ""

    def slot(self, name: str) -> str:
        """The slot of the period's value."""
        return f"{self.name}.{name}"


def select_facts(
    facts: Facts, columns: Sequence[str], scope: Scope, slots: Slots
) -> Select:
    """The matching facts, their dimensions and these columns."""
    if facts is Facts.DEPTHS:
        return _depths(scope, slots)
    if facts in EVENT_CONDITIONS:
        selected = [exp.alias_(fragment(EVENT_COLUMNS[c]), c) for c in columns]
        return _events(facts, selected or [fragment("e.time")], scope, slots)
    if facts is Facts.ENTRIES:
        scope = _at_entry(scope)
    return _sessions(facts, columns, scope, slots)


def _depths(scope: Scope, slots: Slots) -> Select:
    selected = [fragment("e.user_key"), fragment("e.page")]
    selected.append(fragment("max(e.scroll_percent) as depth"))
    query = _events(Facts.DEPTHS, selected, scope, slots)
    labels = [f"d{i}" for i in range(len(scope.dimensions))]
    return query.group_by(*labels, "e.user_key", "e.page", copy=False)


def _events(
    facts: Facts, selected: Sequence[Expr], scope: Scope, slots: Slots
) -> Select:
    """The matching events `e`, with their runs `r` where these are asked for."""
    present = facts is Facts.PRESENT
    clock = "e.present_at" if present else "e.time"
    query = exp.select(*_event_labels(scope, slots), *selected).from_(
        "events as e", copy=False
    )
    query = query.where(
        fragment(EVENT_CONDITIONS[facts]),
        *_of_site("e", scope, slots),
        fragment(clock) >= slots.add(scope.slot("present" if present else "start")),
        fragment(clock) < slots.add(scope.slot("end")),
        *(event_condition(condition, slots) for condition in scope.conditions),
        copy=False,
    )
    return join_runs(query, _runs_between(scope, slots, present=present))


def _runs_between(scope: Scope, slots: Slots, *, present: bool) -> list[Expr]:
    """Runs that can hold an event of the period: the join need not read the others."""
    of_site = _of_site("r", scope, slots)
    if present:
        return [*of_site, fragment("r.present_at") >= slots.add(scope.slot("present"))]
    return [
        *of_site,
        fragment("r.last_activity") >= slots.add(scope.slot("start")),
        fragment("r.start_time") < slots.add(scope.slot("end")),
    ]


def _sessions(
    facts: Facts, columns: Sequence[str], scope: Scope, slots: Slots
) -> Select:
    """The sessions `s` with a matching event, once per value of the dimensions."""
    active = facts is Facts.ACTIVE
    query = exp.select(
        *_session_labels(scope, slots, active=active),
        "s.session_key",
        *(exp.alias_(fragment(SESSION_COLUMNS[c]), c) for c in columns),
    )
    query = query.from_("sessions as s", copy=False)
    begun = "s.last_activity" if active else "s.start_time"
    on_session = [
        *_of_site("s", scope, slots),
        fragment(begun) >= slots.add(scope.slot("start")),
        fragment("s.start_time") < slots.add(scope.slot("end")),
    ]
    on_event: list[Expr] = []
    for condition in scope.conditions:
        session_sql = find_dimension(condition.dimension).session_sql
        if session_sql is None:
            on_event.append(event_condition(condition, slots))
        else:
            on_session.append(session_condition(session_sql, condition, slots))
    if active:
        query = _with_buckets(query, scope, slots)
    by_event = any(d.level is Level.EVENT for d in scope.dimensions)
    if not by_event and not on_event:
        return query.where(*on_session, copy=False)
    on_event += [fragment(NOT_ENGAGEMENT), *_of_site("e", scope, slots)]
    if not active:
        on_event.append(fragment("e.time") >= slots.add(scope.slot("start")))
    if by_event:
        on = "e.session_key = s.session_key"
        query = query.join("events as e", on=on, copy=False)
        return query.where(*on_session, *on_event, copy=False).distinct(copy=False)
    keys = exp.select("e.session_key").from_("events as e").where(*on_event)
    return query.where(*on_session, exp.column("session_key", "s").isin(query=keys))


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
    conditions = [
        msgspec.structs.replace(c, dimension=entry.name) if c.dimension == "page" else c
        for c in scope.conditions
    ]
    return msgspec.structs.replace(
        scope,
        dimensions=tuple(entry if d.name == "page" else d for d in scope.dimensions),
        conditions=tuple(conditions),
    )


def _event_labels(scope: Scope, slots: Slots) -> list[Expr]:
    sqls = [
        scope.event_bucket if dimension.level is Level.TIME else dimension.event_sql
        for dimension in scope.dimensions
    ]
    return _aliased(sqls, scope, slots)


def _session_labels(scope: Scope, slots: Slots, *, active: bool) -> list[Expr]:
    bucket = "b.bucket_start" if active else scope.session_bucket
    sqls = [
        bucket
        if dimension.level is Level.TIME
        else dimension.session_sql or dimension.event_sql
        for dimension in scope.dimensions
    ]
    return _aliased(sqls, scope, slots)


def _aliased(sqls: Sequence[str], scope: Scope, slots: Slots) -> list[Expr]:
    return [
        exp.alias_(labelled(sql, dimension, slots), f"d{index}", copy=False)
        for index, (sql, dimension) in enumerate(
            zip(sqls, scope.dimensions, strict=True)
        )
    ]


def _of_site(table: str, scope: Scope, slots: Slots) -> list[Expr]:
    if not scope.one_site:
        return []
    return [exp.column("site", table).eq(slots.add(SITE))]
