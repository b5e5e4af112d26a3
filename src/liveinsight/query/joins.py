"""Where the events of a condition are, and the runs and touches that belong to them."""

from collections.abc import Sequence

import msgspec
from sqlglot import exp
from sqlglot.expressions import Expr, Select

from liveinsight.query.model import Attribution
from liveinsight.query.statement import SITE, Slots, fragment


class Within(msgspec.Struct, frozen=True, kw_only=True):
    """Where the events of a condition's own look-ups are: which slots say when."""

    one_site: bool
    start: str
    end: str
    attribution: Attribution = Attribution.SESSION


def of_site(table: str, within: Within, slots: Slots) -> list[Expr]:
    """That the row is of the site, where one is asked for."""
    if not within.one_site:
        return []
    return [exp.column("site", table).eq(slots.add(SITE))]


def runs_between(table: str, within: Within, slots: Slots) -> list[Expr]:
    """That a run, or session, can hold an event of the time."""
    return [
        *of_site(table, within, slots),
        fragment(f"{table}.last_activity") >= slots.add(within.start),
        fragment(f"{table}.start_time") < slots.add(within.end),
    ]


def join_runs(query: Select, conditions: Sequence[Expr] = ()) -> Select:
    """The select with the runs `r` of its events `e`, if it names any."""
    if _names_table(query, "r"):
        of_event = fragment("r.session_key = e.session_key")
        on = exp.and_(of_event, *conditions, copy=False)
        query = query.join("runs as r", on=on, join_type="left", copy=False)
    return query


def join_touches(query: Select, of: str, slots: Slots, within: Within) -> Select:
    """The select with the touches `t` of the sessions of `of`, if it names any."""
    if not _names_table(query, "t"):
        return query
    named = {column.name for column in query.find_all(exp.Column) if column.db == "t"}
    touches = select_touches(sorted(named), within, slots).subquery("t", copy=False)
    on = f"t.session_key = {of}.session_key"
    return query.join(touches, on=on, join_type="left", copy=False)


def select_touches(names: Sequence[str], within: Within, slots: Slots) -> Select:
    """session_key and `touch`, the values of these dimensions that it is attributed.

    Of the sessions that reach into the period; over all sessions of their users. The
    sort carries the values along: all of TOUCH instead of one doubles its time.
    """
    here = exp.select("s.user_key").from_("sessions as s")
    here = here.where(*runs_between("s", within, slots), copy=False)
    columns = ", ".join(f"{name} := s.{name}" for name in names)
    order = "partition by s.user_key order by s.start_time, s.session_key"
    if within.attribution is Attribution.FIRST:
        touch = f"first_value(struct_pack({columns})) over ({order})"
    else:
        touch = (
            f"last_value(case when s.channel <> 'Direct' then struct_pack({columns}) end"
            f" ignore nulls) over ({order}"
            " rows between unbounded preceding and current row)"
        )
    query = exp.select("s.session_key", exp.alias_(fragment(touch), "touch"))
    query = query.from_("sessions as s", copy=False)
    query = query.where(exp.column("user_key", "s").isin(query=here), copy=False)
    return query.where(*of_site("s", within, slots), copy=False)


def _names_table(query: Select, table: str) -> bool:
    """Whether the select itself, not one inside it, names a column of the table."""
    nodes = query.walk(
        prune=lambda node: isinstance(node, exp.Select) and node is not query
    )
    return any(isinstance(node, exp.Column) and node.table == table for node in nodes)
