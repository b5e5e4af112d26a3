"""`/statistics/details/`: one breakdown in full: all rows, more metrics, search, order."""

import re
from typing import Final

import msgspec
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_safe

from liveinsight.dashboard import runtime
from liveinsight.dashboard.pages.address import change_query, filter_query
from liveinsight.dashboard.pages.api_call import call_query
from liveinsight.dashboard.pages.comparable import find_comparable
from liveinsight.dashboard.pages.filter_bar import make_filter_bar
from liveinsight.dashboard.pages.filter_editor import GROUPS
from liveinsight.dashboard.pages.labels import (
    find_countries,
    flag_of,
    format_metric,
    label_of,
    name_of_dimension,
    write_change,
)
from liveinsight.dashboard.pages.navigation import write_pairs
from liveinsight.dashboard.pages.periods import ChosenPeriod, choose_period, list_kept
from liveinsight.dashboard.pages.scope import Scope, answering_errors, read_scope
from liveinsight.dashboard.shares import shareable
from liveinsight.errors import QueryError
from liveinsight.query.catalog.dimensions import GOAL, PROPERTY, find_dimension
from liveinsight.query.catalog.metrics import METRICS
from liveinsight.query.check import MAX_LIMIT
from liveinsight.query.model import (
    Filter,
    Operator,
    Order,
    Period,
    Question,
    Row,
    Where,
)
from liveinsight.query.run import answer

PAGE_ROWS: Final = 50
MOST_PAGES: Final = MAX_LIMIT // PAGE_ROWS

METRIC_NAMES: Final = {
    "visitors": gettext_noop("Visitors"),
    "sessions": gettext_noop("Sessions"),
    "page_views": gettext_noop("Page views"),
    "events": gettext_noop("Events"),
    "bounce_rate": gettext_noop("Bounce rate"),
    "session_duration": gettext_noop("Duration"),
    "engagement_time": gettext_noop("Time in view"),
    "scroll_depth": gettext_noop("Scroll depth"),
    "exit_rate": gettext_noop("Exit rate"),
    "conversions": gettext_noop("Conversions"),
    "conversion_rate": gettext_noop("Conversion rate"),
}
USUAL: Final = (
    *("visitors", "sessions", "page_views", "bounce_rate", "session_duration"),
    "conversion_rate",
)
OF_PAGES: Final = (
    *("visitors", "page_views", "bounce_rate", "engagement_time", "scroll_depth"),
    "exit_rate",
)
OF_EVENTS: Final = ("visitors", "events", "conversion_rate")
OF_GOALS: Final = ("visitors", "conversions", "conversion_rate")
SHOWN_METRICS: Final = {
    "page": OF_PAGES,
    "event_type": OF_EVENTS,
    "currency": OF_EVENTS,
    GOAL: OF_GOALS,
}


class Column(msgspec.Struct, frozen=True, kw_only=True):
    """A metric, with the address that orders by it."""

    label: str
    address: str
    order: str
    """`ascending`, `descending` or ""."""


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """A metric of a row."""

    value: str
    change: str
    title: str


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the table."""

    label: str
    flag: str
    address: str
    cells: list[Cell]


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What the address asks of the table."""

    dimension: str
    metrics: tuple[str, ...]
    find: str
    order: Order
    page: int
    """From 0."""

    @property
    def can_find(self) -> bool:
        """Whether there is something to search: a site has few goals."""
        return self.dimension != GOAL


@shareable
@require_safe
@answering_errors
def breakdown(request: HttpRequest) -> HttpResponse:
    """One page of the rows."""
    scope = read_scope(request)
    chosen = choose_period(request.GET, scope)
    asked = read_asked(request.GET, scope)
    reader = runtime.current().reader
    before = find_comparable(scope, chosen, reader)
    question = question_of(asked, scope, chosen, before)
    got = answer(question, reader)
    seen = asked.page * PAGE_ROWS + len(got.rows)
    context = {
        "scope": scope,
        "chosen": chosen,
        "filter_bar": make_filter_bar(request, scope),
        "asked": asked,
        "name": name_of_dimension(asked.dimension),
        "groups": list_dimensions(asked.dimension),
        "columns": [make_column(request.GET, asked, each) for each in asked.metrics],
        "lines": [make_line(request.GET, asked, row) for row in got.rows],
        "totals": [
            format_metric(value, METRICS[name].unit)
            for name, value in zip(asked.metrics, got.totals, strict=True)
        ],
        "row_count": got.row_count,
        "seen": seen,
        "earlier": turn_page(request.GET, asked.page - 1) if asked.page else "",
        "later": turn_page(request.GET, asked.page + 1)
        if seen < got.row_count and asked.page + 1 < MOST_PAGES
        else "",
        "kept": list_kept(request.GET, {"find", "page"}),
        "kept_but_dimension": list_kept(request.GET, {"find", "page", "by", "order"}),
        "back": write_pairs(list_kept(request.GET, {"find", "page", "by", "order"})),
        "call": call_query(msgspec.structs.replace(question, offset=0), scope),
    }
    return render(request, "breakdown.html", context)


def read_asked(query: QueryDict, scope: Scope) -> Asked:
    """What the address asks.

    Raises:
        QueryError: it cannot be read.
    """
    dimension = query.get("by") or "page"
    find_dimension(dimension, "by")
    if dimension == "time" or (scope.share and dimension.startswith(PROPERTY)):
        raise QueryError("by", "this cannot be broken down by here")
    is_property = dimension.startswith(PROPERTY)
    metrics = OF_EVENTS if is_property else SHOWN_METRICS.get(dimension, USUAL)
    order = query.get("order") or metrics[0]
    by = order.removeprefix("-")
    if by not in (*metrics, dimension):
        raise QueryError("order", "order by a column of the table")
    page = query.get("page") or "0"
    if not (page.isascii() and page.isdigit() and int(page[:6]) < MOST_PAGES):
        raise QueryError(
            "page", "give %(least)s to %(most)s", least=0, most=MOST_PAGES - 1
        )
    return Asked(
        dimension=dimension,
        metrics=metrics,
        find=query.get("find", "").strip(),
        order=Order(by, descending=not order.startswith("-")),
        page=int(page),
    )


def question_of(
    asked: Asked, scope: Scope, chosen: ChosenPeriod, before: Period | None
) -> Question:
    """The question of one page of the rows."""
    filters: list[Where] = list(scope.filters)
    if asked.find and asked.can_find:
        filters.append(find_filter(asked))
    elif asked.dimension.startswith(PROPERTY):
        filters.append(Filter(asked.dimension, Operator.IS_NOT, ("",)))
    return Question(
        site=scope.site,
        timezone=scope.timezone,
        period=chosen.period,
        metrics=asked.metrics,
        dimensions=(asked.dimension,),
        filters=tuple(filters),
        goals=scope.goals,
        attribution=scope.attribution,
        order_by=(asked.order,),
        limit=PAGE_ROWS,
        offset=asked.page * PAGE_ROWS,
        compare=before,
    )


def find_filter(asked: Asked) -> Filter:
    """The values that contain the text, whatever its case; countries by name too."""
    if asked.dimension == "country":
        return Filter("country", Operator.IS, find_countries(asked.find))
    pattern = "(?i)" + re.escape(asked.find)
    return Filter(asked.dimension, Operator.MATCHES, (pattern,))


def list_dimensions(
    chosen: str,
) -> list[tuple[str, list[tuple[str, str, bool]]]]:
    """What else can be broken down by, in groups: value, name, whether chosen."""
    groups = [
        (
            _(label),
            [(each, name_of_dimension(each), each == chosen) for each in dimensions],
        )
        for label, dimensions in GROUPS
    ]
    if chosen.startswith(PROPERTY):
        groups.append((_("Properties"), [(chosen, name_of_dimension(chosen), True)]))
    return groups


def make_column(query: QueryDict, asked: Asked, metric: str) -> Column:
    """The head of a column; pressed again it turns the order round."""
    is_chosen = asked.order.by == metric
    turned = is_chosen and asked.order.descending
    order = "descending" if asked.order.descending else "ascending"
    return Column(
        label=_(METRIC_NAMES[metric]),
        address=change_query(
            query, order=f"-{metric}" if turned else metric, page=None
        ),
        order=order if is_chosen else "",
    )


def make_line(query: QueryDict, asked: Asked, row: Row) -> Line:
    """The row with its changes."""
    label = row.dimensions[0]
    value = None if label is None else str(label)
    before = row.before or [None] * len(row.metrics)
    change = row.change or [None] * len(row.metrics)
    cells = []
    for name, now, old, changed in zip(
        asked.metrics, row.metrics, before, change, strict=True
    ):
        unit = METRICS[name].unit
        cells.append(
            Cell(
                value=format_metric(now, unit),
                change=write_change(changed, unit) if row.change else "",
                title=format_metric(old, unit) if row.before else "",
            )
        )
    return Line(
        label=label_of(asked.dimension, value),
        flag=flag_of(value) if asked.dimension == "country" else "",
        address=filter_query(query, asked.dimension, value),
        cells=cells,
    )


def turn_page(query: QueryDict, page: int) -> str:
    """The address of another page of the rows."""
    return change_query(query, page=str(page) if page else None)
