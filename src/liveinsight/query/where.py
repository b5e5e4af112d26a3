"""Conditions as JSON, and what is common to walking them.

The form is the field's: `["is", "page", ["/a", "/b"]]`, `["and", [F, G]]`,
`["or", [F, G]]`, `["not", F]`, `["has_done", F]`, `["has_not_done", F]`.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache

import re2

from liveinsight.errors import QueryError
from liveinsight.query.model import (
    And,
    Filter,
    HasDone,
    Not,
    Operator,
    Or,
    Reached,
    Where,
)

MAX_DEPTH = 6
MAX_LEAVES = 60
MAX_PATTERN_CHARS = 500

_OPERATORS = {operator.value: operator for operator in Operator}


def read_where(value: object, field: str) -> Where:
    """The condition that decoded JSON spells; its names are not yet looked up.

    Raises:
        QueryError: it spells none; names the place in `field`.
    """
    where = _read(value, field, MAX_DEPTH)
    if sum(1 for _ in leaves(where)) > MAX_LEAVES:
        raise QueryError(field, "it has more than %(most)s conditions", most=MAX_LEAVES)
    return where


def write_where(where: Where) -> list[object]:
    """What `read_where` reads as this condition."""
    if isinstance(where, Filter):
        return [where.operator.value, where.dimension, list(where.values)]
    if isinstance(where, And | Or):
        name = "and" if isinstance(where, And) else "or"
        return [name, [write_where(each) for each in where.filters]]
    if isinstance(where, Not):
        return ["not", write_where(where.filter)]
    if isinstance(where, HasDone):
        name = "has_done" if where.done else "has_not_done"
        return [name, write_where(where.filter)]
    raise TypeError("a threshold is part of a goal, not of a filter")


def leaves(where: Where) -> Iterator[Filter | Reached]:
    """The single conditions, those of what a user has done too."""
    if isinstance(where, And | Or):
        for each in where.filters:
            yield from leaves(each)
    elif isinstance(where, Not | HasDone):
        yield from leaves(where.filter)
    else:
        yield where


def own_leaves(where: Where) -> Iterator[Filter | Reached]:
    """The single conditions on the event or session itself."""
    if isinstance(where, And | Or):
        for each in where.filters:
            yield from own_leaves(each)
    elif isinstance(where, Not):
        yield from own_leaves(where.filter)
    elif not isinstance(where, HasDone):
        yield where


def replace_filters(where: Where, change: Callable[[Filter], Where]) -> Where:
    """The condition with each of its filters replaced by what `change` makes of it."""
    if isinstance(where, Filter):
        return change(where)
    if isinstance(where, And):
        return And(tuple(replace_filters(each, change) for each in where.filters))
    if isinstance(where, Or):
        return Or(tuple(replace_filters(each, change) for each in where.filters))
    if isinstance(where, Not):
        return Not(replace_filters(where.filter, change))
    if isinstance(where, HasDone):
        return HasDone(replace_filters(where.filter, change), where.done)
    pages = tuple(replace_filters(each, change) for each in where.pages)
    return Reached(where.engagement_ms, where.scroll_percent, pages)


def is_accepted(condition: Filter, text: str) -> bool:
    """Whether the filter holds for a value; "" stands for "not set"."""
    if condition.operator in (Operator.IS, Operator.IS_NOT):
        found = text in condition.values
    elif condition.operator in (Operator.CONTAINS, Operator.CONTAINS_NOT):
        found = any(part in text for part in condition.values)
    else:
        found = any(_pattern(value).search(text) for value in condition.values)
    return found is not condition.operator.is_negative


def check_pattern(pattern: str, field: str) -> None:
    """Returns if it is a regular expression as the engine takes it.

    Raises:
        QueryError: names `field`, and why it is none.
    """
    if len(pattern) > MAX_PATTERN_CHARS:
        raise QueryError(
            field, "a pattern has at most %(most)s characters", most=MAX_PATTERN_CHARS
        )
    try:
        _pattern(pattern)
    except re2.error as error:
        reason = error.args[0] if error.args else ""
        said = reason.decode() if isinstance(reason, bytes) else str(reason)
        raise QueryError(
            field, "no RE2 expression: %(said)s", said=said[:281]
        ) from None


@lru_cache(maxsize=256)
def _pattern(pattern: str) -> "re2._Regexp[str]":
    options = re2.Options()
    options.log_errors = False
    return re2.compile(pattern, options=options)


def names_of(filters: Iterable[Where]) -> set[str]:
    """The dimensions that the events or sessions themselves are asked for."""
    return {
        leaf.dimension
        for where in filters
        for leaf in own_leaves(where)
        if isinstance(leaf, Filter)
    }


def _read(value: object, field: str, depth: int) -> Where:
    if not isinstance(value, list | tuple) or not 2 <= len(value) <= 3:
        raise _no_condition(field)
    if depth <= 0:
        raise QueryError(
            field, "conditions are nested more than %(most)s deep", most=MAX_DEPTH
        )
    name = value[0]
    if not isinstance(name, str):
        raise _no_condition(f"{field}[0]")
    if name in ("and", "or") and len(value) == 2:
        parts = _read_parts(value[1], f"{field}[1]", depth - 1)
        return And(parts) if name == "and" else Or(parts)
    if name in ("not", "has_done", "has_not_done") and len(value) == 2:
        inner = _read(value[1], f"{field}[1]", depth - 1)
        return Not(inner) if name == "not" else HasDone(inner, name == "has_done")
    if name in _OPERATORS and len(value) == 3:
        return _read_filter(_OPERATORS[name], value[1], value[2], field)
    known = ", ".join([*_OPERATORS, "and", "or", "not", "has_done", "has_not_done"])
    raise QueryError(
        f"{field}[0]", "give one of %(known)s, and what belongs to it", known=known
    )


def _no_condition(field: str) -> QueryError:
    return QueryError(
        field,
        "write [OPERATOR, DIMENSION, [VALUE, …]], [and|or, [FILTER, …]],"
        " or [not|has_done|has_not_done, FILTER]",
    )


def _read_parts(value: object, field: str, depth: int) -> tuple[Where, ...]:
    if not isinstance(value, list | tuple) or not 1 <= len(value) <= MAX_LEAVES:
        raise QueryError(field, "give a list of 1 to %(most)s filters", most=MAX_LEAVES)
    return tuple(
        _read(each, f"{field}[{index}]", depth) for index, each in enumerate(value)
    )


def _read_filter(
    operator: Operator, dimension: object, values: object, field: str
) -> Filter:
    if not isinstance(dimension, str):
        raise QueryError(f"{field}[1]", "give the name of a dimension")
    if not isinstance(values, list | tuple):
        raise QueryError(f"{field}[2]", "give a list of texts")
    texts = [each for each in values if isinstance(each, str)]
    if len(texts) != len(values):
        raise QueryError(f"{field}[2]", "give texts")
    return Filter(dimension, operator, tuple(texts))
