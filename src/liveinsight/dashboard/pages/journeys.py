"""`/journeys/`: the ways that visitors take, as a Sankey diagram and as tables."""

from typing import Final

import msgspec
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from liveinsight.core.ports import Reader
from liveinsight.dashboard import runtime
from liveinsight.dashboard.pages import journey_address as address
from liveinsight.dashboard.pages.annotations import list_notes
from liveinsight.dashboard.pages.comparable import find_comparable
from liveinsight.dashboard.pages.filter_bar import make_filter_bar
from liveinsight.dashboard.pages.journey_controls import (
    block_query,
    find_selected,
    list_controls,
    name_place,
    tell_before,
    tell_change,
)
from liveinsight.dashboard.pages.labels import format_whole
from liveinsight.dashboard.pages.periods import OFF, ChosenPeriod, choose_period
from liveinsight.dashboard.pages.sankey import Band, Block, Head, Sankey, draw_sankey
from liveinsight.dashboard.pages.scope import Scope, answering_errors, read_scope
from liveinsight.dashboard.pages.ways_call import call_journeys
from liveinsight.dashboard.shares import shareable
from liveinsight.query.journeys import answer_journeys
from liveinsight.query.journeys_model import (
    Direction,
    JourneyQuestion,
    Journeys,
    Link,
    Node,
    PlaceKind,
    Through,
)
from liveinsight.query.model import Question
from liveinsight.query.run import answer

KNOWN: Final = 500
"""So many of the most frequent pages are looked at for patterns, and suggested."""


class ShownBlock(msgspec.Struct, frozen=True, kw_only=True):
    """A block with its words and address."""

    shape: Block
    kind: PlaceKind
    label: str
    title: str
    change: str
    address: str
    is_selected: bool


class ShownHead(msgspec.Struct, frozen=True, kw_only=True):
    """The name of a step, with the change of its sessions."""

    shape: Head
    change: str


class ShownBand(msgspec.Struct, frozen=True, kw_only=True):
    """A band with its words."""

    shape: Band
    title: str


class ShownTrail(msgspec.Struct, frozen=True, kw_only=True):
    """One of the most common journeys."""

    places: list[str]
    sessions: int
    share: float
    width: str
    """Of its bar."""


class WayRow(msgspec.Struct, frozen=True, kw_only=True):
    """A way from one step to the next, for the table; without `target` an end."""

    step: int
    source: str
    target: str
    sessions: int
    share: float
    """Of those at the source."""
    before: int | None
    change: str


@shareable
@require_safe
@vary_on_headers("HX-Request", "HX-Target")
@answering_errors
def journeys(request: HttpRequest) -> HttpResponse:
    """The page; for htmx only the report."""
    scope = read_scope(request)
    # Compared where that is asked for: it takes as long again.
    chosen = choose_period(request.GET, scope, comparison=OFF)
    reader = runtime.current().reader
    pages = list_values("page", scope, chosen, reader)
    asked = msgspec.structs.replace(
        read_question(request.GET, scope, chosen, pages),
        compare=find_comparable(scope, chosen, reader),
    )
    found = answer_journeys(asked, reader)
    types = list_values("event_type", scope, chosen, reader)
    sankey = draw_sankey(found, asked.direction) if found.journeys else None
    context = {
        "scope": scope,
        "chosen": chosen,
        "call": call_journeys(asked, scope),
        "filter_bar": make_filter_bar(request, scope),
        "controls": list_controls(request.GET, asked, pages, types),
        "asked": asked,
        "is_backwards": asked.direction is Direction.BACKWARDS,
        "start": "" if asked.start is None else name_place(asked.start),
        "found": found,
        "share": found.journeys / found.sessions if found.sessions else 0,
        "sankey": sankey,
        "heads": sankey and list_heads(sankey),
        "blocks": sankey and list_blocks(request.GET, asked, sankey),
        "bands": sankey and list_bands(sankey),
        "selected": find_selected(request.GET, asked, found),
        "change": tell_change(found.columns[0]) if found.columns else "",
        "notes": list_notes(scope, chosen),
        "trails": list_trails(found, asked.direction),
        "rows": list_rows(found),
    }
    is_part = request.headers.get("HX-Target", "") == "report"
    return render(
        request, "journeys/report.html" if is_part else "journeys.html", context
    )


def read_question(
    query: QueryDict, scope: Scope, chosen: ChosenPeriod, pages: list[str]
) -> JourneyQuestion:
    """The question that the address asks.

    Raises:
        QueryError: a parameter cannot be read.
    """
    return JourneyQuestion(
        site=scope.site,
        period=chosen.period,
        filters=scope.filters,
        goals=scope.goals,
        start=address.read_start(query),
        direction=address.read_direction(query),
        steps=address.read_steps(query),
        breadth=address.read_breadth(query),
        groups=address.read_groups(query, pages),
        events=query.get("events") == "1",
        through=address.read_through(query),
    )


def list_values(
    dimension: str, scope: Scope, chosen: ChosenPeriod, reader: Reader
) -> list[str]:
    """The values of the period, the most frequent first."""
    found = answer(
        Question(
            site=scope.site,
            timezone=scope.timezone,
            period=chosen.period,
            metrics=("events",),
            dimensions=(dimension,),
            filters=() if scope.share is None else scope.share.filters,
            limit=KNOWN,
        ),
        reader,
    )
    return [str(row.dimensions[0]) for row in found.rows if row.dimensions[0]]


def list_heads(sankey: Sankey) -> list[ShownHead]:
    """The names of the steps."""
    return [
        ShownHead(shape=head, change=tell_change(head.column)) for head in sankey.heads
    ]


def list_blocks(
    query: QueryDict, asked: JourneyQuestion, sankey: Sankey
) -> list[ShownBlock]:
    """The blocks of the drawing."""
    return [
        ShownBlock(
            shape=block,
            kind=block.node.place.kind,
            label=name_place(block.node.place, block.node.places),
            title=describe_node(block.node),
            change=tell_change(block.node),
            address=block_query(query, asked, block.step, block.node.place),
            is_selected=asked.through
            == Through(step=block.step, place=block.node.place),
        )
        for block in sankey.blocks
    ]


def describe_node(node: Node) -> str:
    """All that is known of a place at a step, in words."""
    label = name_place(node.place, node.places)
    sessions = ngettext("%(n)s session", "%(n)s sessions", node.sessions) % {
        "n": format_whole(node.sessions)
    }
    told = f"{label}: {sessions}"
    if node.ended:
        told = _("%(label)s: %(sessions)s, no further step in %(ended)s") % {
            "label": label,
            "sessions": sessions,
            "ended": format_whole(node.ended),
        }
    return " · ".join(filter(None, (told, tell_before(node))))


def list_bands(sankey: Sankey) -> list[ShownBand]:
    """The bands of the drawing."""
    return [
        ShownBand(
            shape=band,
            title=describe_link(band.link),
        )
        for band in sankey.bands
    ]


def describe_link(link: Link) -> str:
    """All that is known of a way, in words."""
    way = f"{name_place(link.source)} → {name_place(link.target)}"
    told = f"{way}: {format_whole(link.sessions)}"
    return " · ".join(filter(None, (told, tell_before(link))))


def list_trails(found: Journeys, direction: Direction) -> list[ShownTrail]:
    """The most common journeys, in the order of time."""
    most = max((trail.sessions for trail in found.trails), default=1)
    return [
        ShownTrail(
            places=[
                name_place(place)
                for place in trail.places[
                    :: -1 if direction is Direction.BACKWARDS else 1
                ]
            ],
            sessions=trail.sessions,
            share=trail.sessions / found.journeys,
            width=f"{trail.sessions / most:.2%}",
        )
        for trail in found.trails
    ]


def list_rows(found: Journeys) -> list[WayRow]:
    """Every way, and every end, by step."""
    return [
        WayRow(
            step=column.step,
            source=name_place(way.source.place, way.source.places),
            target=name_place(way.target) if way.target else "",
            sessions=way.sessions,
            share=way.sessions / way.source.sessions,
            before=way.before,
            change=tell_change(way),
        )
        for column in found.columns
        for way in column.ways
    ]
