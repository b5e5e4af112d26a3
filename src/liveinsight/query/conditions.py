"""Conditions on events, sessions and users, as SQL."""

from collections.abc import Callable, Sequence

from sqlglot import exp
from sqlglot.expressions import Expr, Select

from liveinsight.query.catalog.dimensions import (
    PROPERTY,
    TOUCH,
    Dimension,
    find_dimension,
)
from liveinsight.query.joins import (
    Within,
    join_runs,
    join_touches,
    of_site,
    runs_between,
)
from liveinsight.query.model import (
    And,
    Attribution,
    Filter,
    HasDone,
    Not,
    Operator,
    Or,
    Reached,
    Where,
)
from liveinsight.query.statement import Slots, fragment
from liveinsight.query.where import own_leaves, replace_filters

NOT_ENGAGEMENT = "e.event_type <> 'engagement'"


def shape_of(filters: Sequence[Where], prefix: str = "filter") -> tuple[Where, ...]:
    """The filters with slots in place of their values; "", not set, stays."""
    return _take_apart(filters, prefix)[0]


def filter_values(
    filters: Sequence[Where], prefix: str = "filter"
) -> dict[str, object]:
    """What goes into the slots of `shape_of(filters, prefix)`."""
    return _take_apart(filters, prefix)[1]


def _take_apart(
    filters: Sequence[Where], prefix: str
) -> tuple[tuple[Where, ...], dict[str, object]]:
    values: dict[str, object] = {}

    def keep(value: str) -> str:
        slot = f"{prefix}.{len(values)}"
        values[slot] = value
        return slot

    def change(leaf: Filter) -> Filter:
        slots = tuple(value and keep(value) for value in leaf.values)
        return Filter(leaf.dimension, leaf.operator, slots)

    shapes = tuple(replace_filters(where, change) for where in filters)
    return shapes, values


def labelled(sql: str, dimension: Dimension, slots: Slots) -> Expr:
    """The dimension's fragment; the name of a property is a value."""
    if dimension.name.startswith(PROPERTY):
        return slots.bind(sql, property=dimension.name)
    return fragment(sql)


def event_value(dimension: Dimension, slots: Slots, within: Within) -> Expr:
    """The dimension's value of an event `e` in its run `r`."""
    own = labelled(dimension.event_sql, dimension, slots)
    return _touched(own, dimension, within)


def session_value(dimension: Dimension, within: Within, table: str = "s") -> Expr:
    """The dimension's value of a session `s`, or run, where a session has one."""
    own = fragment(dimension.session_sql or "null")
    for column in own.find_all(exp.Column):
        column.set("table", exp.to_identifier(table))
    return _touched(own, dimension, within)


def event_condition(where: Where, slots: Slots, within: Within) -> Expr:
    """The condition on an event `e` and its run `r`; values are slots."""

    def of_leaf(leaf: Filter | Reached) -> Expr:
        if isinstance(leaf, Reached):
            return _reached(leaf, slots, within)
        value = event_value(find_dimension(leaf.dimension), slots, within)
        return _matches(value, leaf, slots)

    return _combined(where, of_leaf, "e", slots, within)


def session_condition(
    where: Where, slots: Slots, within: Within, table: str = "s"
) -> Expr:
    """The condition, one that `is_of_session`, on a session `s`; values are slots.

    Or on the run `table`: an event's, where that has one.
    """

    def of_leaf(leaf: Filter | Reached) -> Expr:
        if isinstance(leaf, Reached):
            raise TypeError("a threshold is a condition on events")
        value = session_value(find_dimension(leaf.dimension), within, table)
        return _matches(value, leaf, slots)

    return _combined(where, of_leaf, table, slots, within)


def is_of_session(where: Where) -> bool:
    """Whether a session alone decides it, without its events."""
    return all(
        isinstance(leaf, Filter)
        and find_dimension(leaf.dimension).session_sql is not None
        for leaf in own_leaves(where)
    )


def _touched(own: Expr, dimension: Dimension, within: Within) -> Expr:
    """The value of the session that the visit is attributed to."""
    if dimension.name not in TOUCH or within.attribution is Attribution.SESSION:
        return own
    return exp.replace_placeholders(
        fragment(
            f"case when t.touch is null then :own else t.touch.{dimension.name} end"
        ),
        own=own,
    )


def _combined(
    where: Where,
    of_leaf: Callable[[Filter | Reached], Expr],
    table: str,
    slots: Slots,
    within: Within,
) -> Expr:
    def build(node: Where) -> Expr:
        if isinstance(node, And | Or):
            parts = [exp.paren(build(each), copy=False) for each in node.filters]
            if not parts:
                return exp.true() if isinstance(node, And) else exp.false()
            join = exp.and_ if isinstance(node, And) else exp.or_
            return join(*parts, copy=False)
        if isinstance(node, Not):
            # Of what is not set nothing is known: then it does not hold.
            held = exp.func("coalesce", build(node.filter), exp.false())
            return exp.not_(held, copy=False)
        if isinstance(node, HasDone):
            done = exp.column("user_key", table).isin(
                query=_users_with(node.filter, slots, within)
            )
            return done if node.done else exp.not_(done, copy=False)
        return of_leaf(node)

    return build(where)


def _users_with(where: Where, slots: Slots, within: Within) -> Select:
    """The users with an event in the time for which the condition holds."""
    query = exp.select("e.user_key").from_("events as e")
    query = query.where(
        fragment(NOT_ENGAGEMENT),
        *of_site("e", within, slots),
        fragment("e.time") >= slots.add(within.start),
        fragment("e.time") < slots.add(within.end),
        event_condition(where, slots, within),
        copy=False,
    )
    query = join_runs(query, runs_between("r", within, slots))
    return join_touches(query, "e", slots, within)


def _reached(threshold: Reached, slots: Slots, within: Within) -> Expr:
    """The first view of a page on which its session reached the threshold.

    What is not interactive has no session, hence views of a session are.
    """
    inside = [
        fragment("e.time") >= slots.add(within.start),
        fragment("e.time") < slots.add(within.end),
    ]
    # Of sessions over an end of the time also what is outside of it.
    cut = exp.select("r.session_key").from_("runs as r")
    cut = cut.where(
        *runs_between("r", within, slots),
        exp.or_(
            fragment("r.start_time") < slots.add(within.start),
            fragment("r.last_activity") >= slots.add(within.end),
        ),
        copy=False,
    )
    reached = exp.select("e.session_key", "e.page").from_("events as e")
    reached = reached.where(
        *of_site("e", within, slots),
        exp.or_(exp.and_(*inside), exp.column("session_key", "e").isin(query=cut)),
        fragment("e.event_type in ('page_view', 'engagement')"),
        *(event_condition(page, slots, within) for page in threshold.pages),
        copy=False,
    )
    reached = reached.group_by("e.session_key", "e.page", copy=False)
    reached = reached.having(
        fragment(f"coalesce(sum(e.engagement_ms), 0) >= {threshold.engagement_ms}"),
        fragment(f"coalesce(max(e.scroll_percent), 0) >= {threshold.scroll_percent}"),
        copy=False,
    )
    # Only then the first view: the least of all views would be half of the time.
    first = exp.select(fragment("arg_min(v.event_key, (v.time, v.event_id))"))
    first = first.from_("events as v", copy=False)
    on = "p.session_key = v.session_key and p.page is not distinct from v.page"
    first = first.join(reached.subquery("p", copy=False), on=on, copy=False)
    first = first.where(
        *of_site("v", within, slots), fragment("v.event_type = 'page_view'"), copy=False
    )
    first = first.group_by("v.session_key", "v.page", copy=False)
    return exp.column("event_key", "e").isin(query=first)


def _matches(value: Expr, leaf: Filter, slots: Slots) -> Expr:
    """Null is the empty value, so that "is not X" holds for what is not set."""
    operator = leaf.operator
    empty = exp.Literal.string("")
    wanted = [slots.add(slot) if slot else empty for slot in leaf.values]
    # A bare column lets the engine skip whole blocks; null never is in a list.
    if operator is Operator.IS and "" not in leaf.values:
        return value.isin(*wanted)
    known = exp.func("coalesce", value, empty)
    if operator in (Operator.IS, Operator.IS_NOT):
        found: Expr = known.isin(*wanted)
    else:
        is_text = operator in (Operator.CONTAINS, Operator.CONTAINS_NOT)
        name = "contains" if is_text else "regexp_matches"
        found = exp.or_(
            *(exp.Anonymous(this=name, expressions=[known.copy(), w]) for w in wanted)
        )
    return exp.not_(found) if operator.is_negative else found
