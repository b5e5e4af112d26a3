"""`/filters/`: adds or changes one filter of a report.

The page leads from dimension to operator and values, and back to the report with the
filter in its address; reports open it as a dialog.
"""

from typing import Final

import msgspec
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_safe

from liveinsight.dashboard import runtime
from liveinsight.dashboard.pages.labels import (
    OPERATOR_NAMES,
    flag_of,
    label_of,
    name_of_dimension,
)
from liveinsight.dashboard.pages.periods import choose_period
from liveinsight.dashboard.pages.scope import Scope, answering_errors, read_scope_of
from liveinsight.dashboard.pages.way_back import WayBack, read_way_back
from liveinsight.dashboard.segments import SEGMENT
from liveinsight.errors import QueryError
from liveinsight.query.catalog.dimensions import PROPERTY, find_dimension
from liveinsight.query.check import MAX_VALUES, check_filters
from liveinsight.query.model import Filter, Operator, Question
from liveinsight.query.parse import format_filter, parse_filter
from liveinsight.query.suggest import property_names, suggest_values

SHOWN: Final = 60
"""Values in the list."""
READ: Final = 300
"""Values read where the text is compared with their labels."""
LABELLED: Final = {"country", "channel", "device", "event_type"}
"""Shown in words of their own, so those are searched."""
WHOLE: Final = (Operator.IS, Operator.IS_NOT)

GROUPS: Final = (
    (
        gettext_noop("Pages"),
        ("page", "entry_page", "exit_page", "title", "host"),
    ),
    (gettext_noop("Sources"), ("source", "channel", "referrer")),
    (
        gettext_noop("Campaigns"),
        ("utm_campaign", "utm_source", "utm_medium", "utm_term", "utm_content"),
    ),
    (gettext_noop("Places"), ("country", "region", "city", "language")),
    (
        gettext_noop("Devices"),
        ("device", "browser", "browser_version", "os", "os_version", "screen"),
    ),
    (gettext_noop("Behaviour"), ("goal", "event_type", "currency")),
)


class Option(msgspec.Struct, frozen=True, kw_only=True):
    """A dimension or operator to choose."""

    value: str
    label: str
    address: str = ""
    is_chosen: bool = False


class ValueRow(msgspec.Struct, frozen=True, kw_only=True):
    """A value to choose."""

    value: str
    label: str
    flag: str = ""
    visitors: int | None = None
    width: str = "0%"
    is_chosen: bool = False


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """The filter as far as it is chosen."""

    dimension: str
    operator: Operator
    values: tuple[str, ...]
    text: str
    """What is typed to find a value."""


@require_safe
@answering_errors
def edit_filter(request: HttpRequest) -> HttpResponse:
    """The editor; with `do=apply` the way back to the report."""
    way = read_way_back(request.GET, request, reverse("statistics"))
    scope = read_scope_of(request, way.others)
    draft = read_draft(request, way)
    if draft is None:
        return render(request, "filter.html", list_dimensions(scope, way))
    if request.GET.get("do") == "apply":
        return redirect(apply(draft, scope, way))
    return render(request, "filter.html", describe_draft(draft, scope, way))


def read_draft(request: HttpRequest, way: WayBack) -> Draft | None:
    """What the form says, else the filter of the report; None: nothing yet.

    Raises:
        QueryError: dimension or operator do not exist.
    """
    asked = request.GET
    if asked.get("do") == "choose":
        return None
    dimension = asked.get("dimension", "")
    if dimension == PROPERTY:
        dimension += asked.get("property", "").strip()
    if dimension in ("", PROPERTY):
        return read_saved(way) if not dimension else None
    find_dimension(dimension, "dimension")
    operator = asked.get("operator", Operator.IS)
    if operator not in tuple(Operator):
        raise QueryError("operator", "there is no such operator")
    return Draft(
        dimension=dimension,
        operator=Operator(operator),
        values=tuple(dict.fromkeys(asked.getlist("value")))[:MAX_VALUES],
        text=asked.get("text", "").strip(),
    )


def read_saved(way: WayBack) -> Draft | None:
    """The filter of the report that is edited."""
    if way.at is None:
        return None
    saved = parse_filter(way.query.getlist("f")[way.at])
    if not isinstance(saved, Filter) or saved.dimension == SEGMENT:
        return None
    return Draft(
        dimension=saved.dimension,
        operator=saved.operator,
        values=saved.values,
        text="",
    )


def apply(draft: Draft, scope: Scope, way: WayBack) -> str:
    """The report with the filter, or without it where nothing is chosen."""
    values = list(draft.values)
    if draft.operator in WHOLE:
        # What was typed and not chosen from the list is meant as it stands.
        if draft.text and not values:
            values = [draft.text]
    else:
        values = [value for value in values if value]
    if not values:
        return way.replaced([])
    chosen = Filter(draft.dimension, draft.operator, tuple(values))
    check_filters((chosen,), "value", scope.goals)
    return way.replaced([format_filter(chosen)])


def list_dimensions(scope: Scope, way: WayBack) -> dict[str, object]:
    """The first step: what to filter by."""
    period = choose_period(way.query, scope).period
    groups = [
        (
            _(label),
            [
                Option(
                    value=name,
                    label=name_of_dimension(name),
                    address=way.with_parameters(dimension=name),
                )
                for name in names
            ],
        )
        for label, names in GROUPS
    ]
    return {
        "scope": scope,
        "way": way,
        "groups": groups,
        "properties": [
            Option(
                value=name,
                label=name,
                address=way.with_parameters(dimension=PROPERTY + name),
            )
            for name in property_names(scope.site, period, runtime.current().reader)
        ],
        "property_prefix": PROPERTY,
    }


def describe_draft(draft: Draft, scope: Scope, way: WayBack) -> dict[str, object]:
    """The second step: how to compare, and with what."""
    is_whole = draft.operator in WHOLE
    texts = [value for value in draft.values if value]
    return {
        "scope": scope,
        "way": way,
        "draft": draft,
        "dimension_name": name_of_dimension(draft.dimension),
        "operators": [
            Option(value=each, label=_(label), is_chosen=each is draft.operator)
            for each, label in OPERATOR_NAMES.items()
        ],
        "is_whole": is_whole,
        "rows": list_values(draft, scope, way) if is_whole else [],
        "texts": [*texts, ""],
        "choose": way.with_parameters(do="choose"),
    }


def list_values(draft: Draft, scope: Scope, way: WayBack) -> list[ValueRow]:
    """The chosen values, then those that are there and fit the text."""
    counted = count_values(draft, scope, way)
    visitors = dict(counted)
    typed = [draft.text] if draft.text and draft.text not in visitors else []
    found = [value for value, _ in counted if value not in draft.values][:SHOWN]
    most = max([*visitors.values(), 1])
    return [
        ValueRow(
            value=value,
            label=label_of(draft.dimension, value),
            flag=flag_of(value) if draft.dimension == "country" else "",
            visitors=visitors.get(value),
            width=f"{100 * visitors.get(value, 0) / most:.2f}%",
            is_chosen=value in draft.values,
        )
        for value in dict.fromkeys([*draft.values, *found, *typed])
    ]


def count_values(draft: Draft, scope: Scope, way: WayBack) -> list[tuple[str, int]]:
    """Values and visitors, under the filters of the scope."""
    is_labelled = draft.dimension in LABELLED
    question = Question(
        site=scope.site,
        timezone=scope.timezone,
        period=choose_period(way.query, scope).period,
        metrics=("visitors",),
        filters=scope.filters,
        goals=scope.goals,
        limit=READ if is_labelled else SHOWN,
    )
    found = suggest_values(
        question,
        draft.dimension,
        "" if is_labelled else draft.text,
        runtime.current().reader,
    )
    if not is_labelled or not draft.text:
        return found
    wanted = draft.text.casefold()
    return [
        (value, visitors)
        for value, visitors in found
        if wanted in label_of(draft.dimension, value).casefold()
    ]
