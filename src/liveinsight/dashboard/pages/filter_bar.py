"""The filter bar: what a report is limited to, the same on every report.

A report adds `"filter_bar": make_filter_bar(request, scope)` to its context and
includes `filter_bar.html`. The address is the state: each chip, segment and button is
a link to the address with that one thing changed.
"""

from urllib.parse import urlencode

import msgspec
from django.http import HttpRequest, QueryDict
from django.urls import reverse

from liveinsight.dashboard.models import Segment
from liveinsight.dashboard.pages.address import write_query
from liveinsight.dashboard.pages.describe import describe, write_filter
from liveinsight.dashboard.pages.scope import Scope
from liveinsight.dashboard.segments import SEGMENT, account_of, list_segments
from liveinsight.query.model import Filter, Operator, Where
from liveinsight.query.parse import format_filter, parse_filter


class Chip(msgspec.Struct, frozen=True, kw_only=True):
    """A filter in force, with the addresses that change it and take it away."""

    name: str
    """Of the dimension; "" for conditions that are put together."""
    operator: str
    """In words; "" for the plain `is`."""
    value: str
    flagged: str
    title: str
    """The whole in words."""
    edit: str
    """"" where it cannot be changed."""
    opens_dialog: bool
    without: str


class SegmentChoice(msgspec.Struct, frozen=True, kw_only=True):
    """A saved segment, with the address that turns it on, or off."""

    name: str
    address: str
    is_on: bool
    is_shared: bool


class FilterBar(msgspec.Struct, frozen=True, kw_only=True):
    """What the bar shows."""

    chips: list[Chip]
    segments: list[SegmentChoice]
    add: str
    """Where a filter is added."""
    save: str
    """Where the filters in force are saved as a segment; "" where there are none."""
    clear: str
    """The address without filters."""
    can_choose: bool
    """Whether who looks may add filters and use segments."""


def make_filter_bar(request: HttpRequest, scope: Scope) -> FilterBar:
    """The bar of the report that was asked for.

    Raises:
        QueryError: a filter cannot be read.
    """
    texts = request.GET.getlist("f")
    account = account_of(request)
    can_choose = account is not None and scope.share is None
    saved = list_segments(scope.site, account) if can_choose else []
    return FilterBar(
        chips=[
            make_chip(request, index, parse_filter(text), saved, can_edit=can_choose)
            for index, text in enumerate(texts)
        ],
        segments=[make_choice(request.GET, each) for each in saved],
        add=editor_address(request, "filter"),
        save=editor_address(request, "add-segment") if texts and can_choose else "",
        clear=change_filters(request.GET, []),
        can_choose=can_choose,
    )


def make_chip(
    request: HttpRequest,
    index: int,
    where: Where,
    saved: list[Segment],
    *,
    can_edit: bool,
) -> Chip:
    """The chip of one filter of the address."""
    texts = request.GET.getlist("f")
    names = {str(each.pk): each.name for each in saved}

    def segment_name(text: str) -> str:
        return names.get(text, text)

    name = operator = flagged = ""
    value = title = describe(where, segment_name)
    edit = editor_address(request, "add-segment", at=str(index))
    if isinstance(where, Filter):
        name, operator, value = write_filter(where, segment_name)
        if where.dimension == "country" and len(where.values) == 1:
            flagged = where.values[0]
        if where.operator is Operator.IS:
            operator = ""
        edit = editor_address(request, "filter", at=str(index))
        if where.dimension == SEGMENT and where.values[0] in names:
            edit = reverse("segment", args=[where.values[0]])
    return Chip(
        name=name,
        operator=operator,
        value=value,
        flagged=flagged,
        title=title,
        edit=edit if can_edit else "",
        opens_dialog=isinstance(where, Filter) and where.dimension != SEGMENT,
        without=change_filters(
            request.GET, [text for at, text in enumerate(texts) if at != index]
        ),
    )


def make_choice(query: QueryDict, segment: Segment) -> SegmentChoice:
    """The segment's line in the menu."""
    text = format_filter(Filter(SEGMENT, Operator.IS, (str(segment.pk),)))
    texts = query.getlist("f")
    is_on = text in texts
    changed = [each for each in texts if each != text] if is_on else [*texts, text]
    return SegmentChoice(
        name=segment.name,
        address=change_filters(query, changed),
        is_on=is_on,
        is_shared=segment.account_id is None,
    )


def change_filters(query: QueryDict, texts: list[str]) -> str:
    """The address with these filters."""
    changed = query.copy()
    changed.setlist("f", texts)
    return write_query(changed)


def editor_address(request: HttpRequest, route: str, **more: str) -> str:
    """Where filters are edited; it knows the way back."""
    back = {"back": request.path, "q": request.GET.urlencode(), **more}
    return f"{reverse(route)}?{urlencode(back)}"
