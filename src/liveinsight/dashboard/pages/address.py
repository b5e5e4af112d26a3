"""Addresses made from the one that was asked: the address is a page's whole state."""

import msgspec
from django.http import QueryDict

from liveinsight.dashboard.pages.labels import label_of, name_of_dimension
from liveinsight.query.model import Filter, Operator
from liveinsight.query.parse import format_filter, parse_filter
from liveinsight.query.where import names_of


class Chip(msgspec.Struct, frozen=True, kw_only=True):
    """A filter in force, as shown, with the address that takes it away."""

    dimension: str
    operator: Operator
    label: str
    flagged: str
    without: str


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
    """Whether the text of a filter names the dimension."""
    return dimension in names_of([parse_filter(text)])


def list_chips(query: QueryDict, filters: tuple[Filter, ...]) -> list[Chip]:
    """The filters in force."""
    return [
        Chip(
            dimension=name_of_dimension(each.dimension),
            operator=each.operator,
            label=", ".join(label_of(each.dimension, value) for value in each.values),
            flagged=each.values[0] if each.dimension == "country" else "",
            without=drop_filter(query, filters, each),
        )
        for each in filters
    ]


def drop_filter(query: QueryDict, filters: tuple[Filter, ...], gone: Filter) -> str:
    """The address without one of its filters."""
    changed = query.copy()
    changed.setlist("f", [format_filter(each) for each in filters if each is not gone])
    return write_query(changed)


def write_query(query: QueryDict) -> str:
    """`?…`, never empty, so that a link to it leaves the old parameters behind."""
    return "?" + query.urlencode(safe=":/")
