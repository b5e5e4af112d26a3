"""A statement: fragments of SQL, and the slots that its values go into.

A statement is built once per shape of question and kept, for sqlglot takes 2-10 ms
for one; so its parameters are slots, named here and filled for each question.
"""

from collections.abc import Iterable
from functools import lru_cache

import msgspec
from sqlglot import exp, parse_one
from sqlglot.expressions import Expr, Select

from liveinsight.query.catalog.dimensions import PROPERTY

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


def _pointer(dimension: str) -> str:
    """The property's JSON pointer: any name can be written, its two signs escaped."""
    key = dimension.removeprefix(PROPERTY)
    return "/" + key.replace("~", "~0").replace("/", "~1")
