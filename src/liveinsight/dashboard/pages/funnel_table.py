"""A funnel's rows: by a dimension, or by saved segments."""

from typing import Final

import msgspec
from django.http import HttpRequest, QueryDict

from liveinsight.core.ports import Reader
from liveinsight.dashboard.pages.address import change_query, filter_query
from liveinsight.dashboard.pages.labels import (
    DIMENSION_NAMES,
    flag_of,
    format_metric,
    format_whole,
    label_of,
    name_of_dimension,
)
from liveinsight.dashboard.segments import (
    SEGMENT,
    account_of,
    filters_of,
    list_segments,
)
from liveinsight.query.catalog.dimensions import DIMENSIONS, GOAL, TIME
from liveinsight.query.funnel import (
    FunnelAnswer,
    FunnelCounts,
    FunnelQuestion,
    FunnelRow,
    answer_funnel,
)
from liveinsight.query.model import And

SHOWN_TABS: Final = ("source", "channel", "utm_campaign", "country", "device")
"""The others are in a menu."""
DEFAULT_TAB: Final = "source"
ROWS: Final = 10
MOST_ROWS: Final = 200
SEGMENTS: Final = 10
MOST_SEGMENTS: Final = 50
"""Each is a question of its own."""


class TabView(msgspec.Struct, frozen=True, kw_only=True):
    """What to cut by."""

    label: str
    address: str
    is_chosen: bool


class RowView(msgspec.Struct, frozen=True, kw_only=True):
    """The funnel of one label."""

    label: str
    flag: str
    address: str
    steps: list[str]
    rate: str


class TableView(msgspec.Struct, frozen=True, kw_only=True):
    """The funnel cut by one thing."""

    label: str
    is_of_segments: bool
    tabs: list[TabView]
    others: list[TabView]
    other_label: str
    rows: list[RowView]
    more: int
    more_address: str


def choose_cut(query: QueryDict) -> str:
    """What the address cuts by: a dimension, or SEGMENT."""
    return query.get("by") or DEFAULT_TAB


def read_limit(query: QueryDict) -> int:
    """How many rows the table has."""
    return MOST_ROWS if query.get("all") == "rows" else ROWS


def make_table(
    request: HttpRequest, answer: FunnelAnswer, question: FunnelQuestion, reader: Reader
) -> TableView:
    """The answer's rows, or those of the reader's segments."""
    query, cut = request.GET, choose_cut(request.GET)
    names = [each for each in DIMENSION_NAMES if each in DIMENSIONS]
    others = [each for each in names if each not in (*SHOWN_TABS, GOAL, TIME)]
    # Who came by a shared link has none.
    account = account_of(request)
    tabs = SHOWN_TABS if account is None else (*SHOWN_TABS, SEGMENT)
    rows = [make_row(query, cut, row) for row in answer.rows]
    more = answer.row_count - len(rows)
    if cut == SEGMENT:
        rows, more = [], 0
        if account is not None:
            rows, more = ask_segments(query, account, question, reader)
    return TableView(
        label=name_of_dimension(cut),
        is_of_segments=cut == SEGMENT,
        tabs=[make_tab(query, each, cut) for each in tabs],
        others=[make_tab(query, each, cut) for each in others],
        other_label=name_of_dimension(cut) if cut in others else "",
        rows=rows,
        more=max(0, more),
        more_address=change_query(query, all="rows"),
    )


def make_tab(query: QueryDict, cut: str, chosen: str) -> TabView:
    """The tab that cuts so."""
    return TabView(
        label=name_of_dimension(cut),
        address=change_query(query, by=cut, all=None),
        is_chosen=cut == chosen,
    )


def make_row(query: QueryDict, dimension: str, row: FunnelRow) -> RowView:
    """One label."""
    label = None if row.label is None else str(row.label)
    return write_row(
        label_of(dimension, label),
        flag_of(label) if dimension == "country" else "",
        filter_query(query, dimension, label),
        row.counts,
    )


def write_row(label: str, flag: str, address: str, counts: FunnelCounts) -> RowView:
    """The numbers of a row."""
    return RowView(
        label=label,
        flag=flag,
        address=address,
        steps=[format_whole(step.visitors) for step in counts.steps],
        rate=format_metric(counts.conversion_rate, "ratio"),
    )


def ask_segments(
    query: QueryDict, account: int, question: FunnelQuestion, reader: Reader
) -> tuple[list[RowView], int]:
    """A row for each of the account's segments, and how many have none."""
    saved = list_segments(question.site or "", account)
    shown = saved[: MOST_SEGMENTS if query.get("all") == "rows" else SEGMENTS]
    rows = []
    for segment in shown:
        asked = msgspec.structs.replace(
            question,
            filters=(And((*question.filters, *filters_of(segment))),),
            dimension=None,
            compare=None,
        )
        counts = answer_funnel(asked, reader).totals
        address = filter_query(query, SEGMENT, str(segment.pk))
        rows.append(write_row(segment.name, "", address, counts))
    return rows, len(saved) - len(shown)
