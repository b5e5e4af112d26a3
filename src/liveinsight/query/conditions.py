"""Fragments and conditions, and the places of their values in a statement.

A statement is built once per shape of question and kept, for sqlglot takes 2-10 ms
for one; so its parameters are slots, named here and filled for each question.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache

import msgspec
from sqlglot import exp, parse_one
from sqlglot.expressions import Expr, Select

from liveinsight.query.catalog import PROPERTY, Dimension, find_dimension
from liveinsight.query.model import Filter, Operator

DIALECT = "duckdb"

SITE = "site"


class Slots:
    """The parameters of a statement by name, each once, in the order of $1, $2…."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def add(self, name: str) -> Expr:
        """The place of the value in the statement."""
        if name not in self.names:
            self.names.append(name)
        number = exp.Literal.number(self.names.index(name) + 1)
        return exp.Parameter(this=number)

    def bind(self, sql: str, **names: str) -> Expr:
        """The fragment with places where it says `:word`."""
        places = {word: self.add(name) for word, name in names.items()}
        return exp.replace_placeholders(fragment(sql), **places)


class Statement(msgspec.Struct, frozen=True):
    """One select, and the slots of its parameters, $1 first."""

    sql: str
    slots: tuple[str, ...]


class Condition(msgspec.Struct, frozen=True):
    """A filter without its values: the slots they go to instead."""

    dimension: str
    operator: Operator
    slots: tuple[str, ...]
    accepts_nothing: bool
    """Whether "not set" is among the values."""


def conditions_of(filters: Sequence[Filter]) -> tuple[Condition, ...]:
    """The shapes of the filters."""
    return tuple(
        Condition(
            f.dimension,
            f.operator,
            tuple(f"filter.{index}.{n}" for n in range(len(f.values))),
            "" in f.values,
        )
        for index, f in enumerate(filters)
    )


def filter_values(filters: Sequence[Filter]) -> dict[str, object]:
    """What goes into the slots of `conditions_of(filters)`."""
    return {
        slot: value
        for condition, f in zip(conditions_of(filters), filters, strict=True)
        for slot, value in zip(condition.slots, f.values, strict=True)
    }


def fill(slots: Iterable[str], values: dict[str, object]) -> list[object]:
    """The parameters of a statement."""
    return [
        _pointer(slot) if slot.startswith(PROPERTY) else values[slot] for slot in slots
    ]


def make_statement(query: Select, slots: Slots) -> Statement:
    """The select as text."""
    return Statement(
        query.sql(dialect=DIALECT, pretty=True, copy=False), tuple(slots.names)
    )


@lru_cache(maxsize=1024)
def parse_fragment(sql: str) -> Expr:
    """The parsed fragment, not to be changed."""
    return parse_one(sql, dialect=DIALECT)


def fragment(sql: str) -> Expr:
    """The parsed fragment, to be put into a statement."""
    return parse_fragment(sql).copy()


def labelled(sql: str, dimension: Dimension, slots: Slots) -> Expr:
    """The dimension's fragment; the name of a property is a value."""
    if dimension.name.startswith(PROPERTY):
        return slots.bind(sql, property=dimension.name)
    return fragment(sql)


def event_condition(condition: Condition, slots: Slots) -> Expr:
    """The filter's condition on an event `e` and its run `r`."""
    dimension = find_dimension(condition.dimension)
    return _matches(labelled(dimension.event_sql, dimension, slots), condition, slots)


def session_condition(sql: str, condition: Condition, slots: Slots) -> Expr:
    """The filter's condition on a session `s`, whose value the fragment is."""
    return _matches(fragment(sql), condition, slots)


def join_runs(query: Select, conditions: Sequence[Expr] = ()) -> Select:
    """The select with the runs `r` of its events `e`, if it names any."""
    if not any(column.table == "r" for column in query.find_all(exp.Column)):
        return query
    on = exp.and_(fragment("r.session_key = e.session_key"), *conditions, copy=False)
    return query.join("runs as r", on=on, join_type="left", copy=False)


def _matches(value: Expr, condition: Condition, slots: Slots) -> Expr:
    """Null is the empty value, so that "is not X" holds for what is not set."""
    operator = condition.operator
    # A bare column lets the engine skip whole blocks; null never is in a list.
    if operator is Operator.IS and not condition.accepts_nothing:
        return value.isin(*(slots.add(slot) for slot in condition.slots))
    known = exp.func("coalesce", value, exp.Literal.string(""))
    if operator in (Operator.IS, Operator.IS_NOT):
        found: Expr = known.isin(*(slots.add(slot) for slot in condition.slots))
    else:
        found = exp.or_(
            *(exp.func("contains", known, slots.add(slot)) for slot in condition.slots)
        )
    return exp.not_(found) if operator.is_negative else found


def _pointer(dimension: str) -> str:
    """The property's JSON pointer: any name can be written, its two signs escaped."""
    key = dimension.removeprefix(PROPERTY)
    return "/" + key.replace("~", "~0").replace("/", "~1")
