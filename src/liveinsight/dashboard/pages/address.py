"""Addresses made from the one that was asked: the address is a page's whole state."""

from collections.abc import Sequence

from django.http import QueryDict

from liveinsight.query.model import Filter, Operator
from liveinsight.query.parse import format_filter, parse_filter


def change_query(query: QueryDict, **changes: str | None) -> str:
    """The address with these parameters set, or taken out where None."""
    changed = query.copy()
    for name, value in changes.items():
        if value is None:
            changed.pop(name, None)
        else:
            changed[name] = value
    return write_query(changed)


def filter_query(query: QueryDict, dimension: str, value: str | None) -> str:
    """The address with this one value, in place of other filters on the dimension."""
    return filter_all(query, [(dimension, value)])


def filter_all(query: QueryDict, chosen: Sequence[tuple[str, str | None]]) -> str:
    """The address with these values, in place of other filters on their dimensions."""
    names = {dimension for dimension, _value in chosen}
    added = [Filter(name, Operator.IS, (value or "",)) for name, value in chosen]
    kept = [text for text in query.getlist("f") if dimension_of(text) not in names]
    changed = query.copy()
    changed.setlist("f", [*kept, *map(format_filter, added)])
    return write_query(changed)


def dimension_of(text: str) -> str | None:
    """The dimension of a single filter; None for conditions that are put together."""
    where = parse_filter(text)
    return where.dimension if isinstance(where, Filter) else None


def write_query(query: QueryDict) -> str:
    """`?…`, never empty, so that a link to it leaves the old parameters behind."""
    return "?" + query.urlencode(safe=":/")
