"""Addresses made from the one that was asked: the address is a page's whole state."""

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
    added = Filter(dimension, Operator.IS, (value or "",))
    kept = [text for text in query.getlist("f") if not is_about(text, dimension)]
    changed = query.copy()
    changed.setlist("f", [*kept, format_filter(added)])
    return write_query(changed)


def is_about(text: str, dimension: str) -> bool:
    """Whether the text is that of a single filter on the dimension."""
    where = parse_filter(text)
    return isinstance(where, Filter) and where.dimension == dimension


def write_query(query: QueryDict) -> str:
    """`?…`, never empty, so that a link to it leaves the old parameters behind."""
    return "?" + query.urlencode(safe=":/")
