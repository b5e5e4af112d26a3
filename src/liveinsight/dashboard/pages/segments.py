"""`/segments/`: saved filters, and the page on which conditions are put together."""

from typing import Final

import msgspec
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from liveinsight.dashboard import models, runtime
from liveinsight.dashboard.errors import explain
from liveinsight.dashboard.pages.condition_tree import (
    KIND_NAMES,
    Group,
    Line,
    change_tree,
    filters_of,
    group_of,
    lines_of,
    place,
    read_tree,
)
from liveinsight.dashboard.pages.describe import describe
from liveinsight.dashboard.pages.filter_editor import GROUPS, edit_filter
from liveinsight.dashboard.pages.labels import OPERATOR_NAMES, name_of_dimension
from liveinsight.dashboard.pages.navigation import name_site, write_pairs
from liveinsight.dashboard.pages.scope import (
    Scope,
    answering_errors,
    read_scope,
    read_scope_of,
)
from liveinsight.dashboard.pages.way_back import WayBack, read_way_back
from liveinsight.dashboard.segments import (
    account_of,
    find_segment,
    list_segments,
    resolve,
    save_segment,
)
from liveinsight.dashboard.segments import filters_of as filters_of_segment
from liveinsight.errors import ConfigError, FieldError, QueryError
from liveinsight.query.catalog.dimensions import PROPERTY
from liveinsight.query.check import check_filters
from liveinsight.query.model import And, Question, Where
from liveinsight.query.parse import (
    DEFAULT_PERIOD,
    format_filter,
    parse_filter,
    parse_period,
)
from liveinsight.query.run import answer
from liveinsight.query.suggest import property_names, suggest_values

SUGGESTED: Final = 40
"""Values offered for a dimension."""
MOST_SUGGESTED: Final = 12
"""Dimensions for which values are offered: each is a question."""


class SegmentRow(msgspec.Struct, frozen=True, kw_only=True):
    """A segment in the list."""

    segment: models.Segment
    text: str
    use: str
    is_mine: bool


@require_safe
@answering_errors
def segments(request: HttpRequest) -> HttpResponse:
    """The segments that the account may use for the site."""
    scope = read_scope(request)
    account = account_of(request)
    rows = [
        SegmentRow(
            segment=each,
            text=describe(And(filters_of_segment(each))),
            use=reverse("statistics")
            + write_pairs([*name_site(scope.site), ("f", f"segment:is:{each.pk}")]),
            is_mine=each.account_id == account,
        )
        for each in list_segments(scope.site, account)
    ]
    return render(request, "segments.html", {"scope": scope, "rows": rows})


@require_http_methods(["GET", "HEAD", "POST"])
@answering_errors
def add_segment(request: HttpRequest) -> HttpResponse:
    """A new segment, or conditions for one report alone."""
    scope = read_scope(request)
    way = read_way_back(request.GET, request, reverse("statistics"))
    if request.method != "POST":
        texts = way.query.getlist("f")
        chosen = texts if way.at is None else [texts[way.at]]
        filters = resolve(map(parse_filter, chosen), scope.site, account_of(request))
        return show_form(
            request, read_scope_of(request, way.others), group_of(filters), way=way
        )
    return change(request, scope, None, way)


@require_http_methods(["GET", "HEAD", "POST"])
@answering_errors
def segment(request: HttpRequest, segment_id: int) -> HttpResponse:
    """A saved segment."""
    scope = read_scope(request)
    found = find_segment(str(segment_id), scope.site, account_of(request))
    if found is None:
        raise Http404
    if request.method != "POST":
        return show_form(
            request, scope, group_of(filters_of_segment(found)), saved=found
        )
    return change(request, scope, found, None)


@require_POST
@answering_errors
def remove_segment(request: HttpRequest, segment_id: int) -> HttpResponse:
    """Removes the segment, unless a shared link stands on it."""
    found = models.Segment.objects.filter(pk=segment_id).first()
    if found is None or found.account_id not in (None, account_of(request)):
        raise Http404
    if models.SharedLink.objects.filter(segment=found, revoked_at=None).exists():
        raise QueryError("segment", "a shared link shows it; revoke the link first")
    models.SharedLink.objects.filter(segment=found).delete()
    found.delete()
    messages.success(request, _("The segment is removed."))
    return redirect("segments")


def change(
    request: HttpRequest,
    scope: Scope,
    saved: models.Segment | None,
    way: WayBack | None,
) -> HttpResponse:
    """Does what the pressed button says."""
    tree = read_tree(request.POST)
    action = request.POST.get("do", "")
    if action not in ("save", "use"):
        if action:
            change_tree(tree, action)
        return show_form(request, scope, tree, saved=saved, way=way)
    try:
        filters = filters_of(tree)
        check_filters(filters, "conditions", scope.goals)
        if action == "use" and way is not None:
            return redirect(way.replaced([format_filter(each) for each in filters]))
        saved = save(request, scope, saved, filters)
    except (ConfigError, FieldError) as error:
        said = explain(error)
        return show_form(request, scope, tree, saved=saved, way=way, problem=said)
    messages.success(request, _("The segment is saved."))
    if way is not None and way.query:
        everything = way.query.copy()
        everything.setlist("f", [f"segment:is:{saved.pk}"])
        return redirect(msgspec.structs.replace(way, query=everything).address)
    return redirect(reverse("segments") + write_pairs(name_site(scope.site)))


def save(
    request: HttpRequest,
    scope: Scope,
    saved: models.Segment | None,
    filters: tuple[Where, ...],
) -> models.Segment:
    """The segment as the form says it."""
    form = request.POST
    row = saved or models.Segment()
    row.site = "" if form.get("everywhere") else scope.site
    row.account_id = None if form.get("shared") else account_of(request)
    return save_segment(row, form.get("name", ""), filters)


def show_form(
    request: HttpRequest,
    scope: Scope,
    tree: Group,
    *,
    saved: models.Segment | None = None,
    way: WayBack | None = None,
    problem: str = "",
) -> HttpResponse:
    """The form; status 400 with a problem."""
    if not tree.children:
        tree.children.append(Line())
    place(tree)
    posted = request.POST if request.method == "POST" else None
    context = {
        "scope": scope,
        "tree": tree,
        "saved": saved,
        "way": way if way is not None and way.query else None,
        "problem": problem,
        "name": posted.get("name", "") if posted else saved.name if saved else "",
        "is_shared": bool(posted.get("shared"))
        if posted
        else bool(saved and saved.account_id is None),
        "is_everywhere": bool(posted.get("everywhere"))
        if posted
        else bool(saved and not saved.site),
        "kinds": [(kind.value, _(name)) for kind, name in KIND_NAMES.items()],
        "operators": [(each.value, _(name)) for each, name in OPERATOR_NAMES.items()],
        **list_choices(scope, tree),
    }
    status = 400 if problem else 200
    return render(request, "segment.html", context, status=status)


def list_choices(scope: Scope, tree: Group) -> dict[str, object]:
    """Dimensions, the values seen of those in use, and how many visitors fit."""
    reader = runtime.current().reader
    period = parse_period(DEFAULT_PERIOD, None, None, scope.timezone, scope.now)
    question = Question(
        site=scope.site,
        timezone=scope.timezone,
        period=period,
        metrics=("visitors",),
        goals=scope.goals,
        limit=SUGGESTED,
    )
    used = list(
        dict.fromkeys(line.dimension for line in lines_of(tree) if line.dimension)
    )
    suggestions = {}
    for name in used[:MOST_SUGGESTED]:
        try:
            found = suggest_values(question, name, "", reader)
        except QueryError:
            continue
        suggestions[name] = [value for value, _visitors in found if value]
    names = property_names(scope.site, period, reader)
    unseen = [name for name in used if name.startswith(PROPERTY)]
    return {
        "groups": [
            (_(label), [(name, name_of_dimension(name)) for name in dimensions])
            for label, dimensions in GROUPS
        ],
        "properties": list(
            dict.fromkeys([*(PROPERTY + name for name in names), *unseen])
        ),
        "property_prefix": PROPERTY,
        "suggestions": suggestions,
        "visitors": count_visitors(question, tree),
    }


def count_visitors(question: Question, tree: Group) -> int | None:
    """Visitors of the last 30 days who fit; None where it cannot be asked."""
    filters = filters_of(tree)
    try:
        asked = msgspec.structs.replace(question, filters=filters)
        return int(answer(asked, runtime.current().reader).totals[0] or 0)
    except QueryError:
        return None


segment_urls = [
    path("filters/", edit_filter, name="filter"),
    path("segments/", segments, name="segments"),
    path("segments/add/", add_segment, name="add-segment"),
    path("segments/<int:segment_id>/", segment, name="segment"),
    path("segments/<int:segment_id>/remove/", remove_segment, name="remove-segment"),
]
