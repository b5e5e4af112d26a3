"""Journeys: the ways that visitors take."""

from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from liveinsight.core import limits
from liveinsight.dashboard import runtime
from liveinsight.dashboard.api_v1.endpoint import (
    Caller,
    Endpoint,
    complete_to,
    find_subject,
)
from liveinsight.query.csv import Cell, Table
from liveinsight.query.journeys import (
    LEAST_STEPS,
    MOST_BREADTH,
    MOST_GROUPS,
    MOST_STEPS,
    MOST_TRAILS,
    answer_journeys,
)
from liveinsight.query.journeys_model import (
    Column,
    Counted,
    Direction,
    JourneyQuestion,
    Place,
    PlaceKind,
    Through,
    Trail,
)
from liveinsight.query.wire import About, CompareForm, read_compare


class PlaceForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A page, a pattern of pages, or a type of events."""

    kind: Literal["page", "event"] = "page"
    name: Annotated[
        str,
        Meta(
            max_length=limits.URL_CHARS,
            description=(
                "A path, in which `*` is any text without a slash and `**` any text;"
                " or the event's type."
            ),
        ),
    ]


class ThroughForm(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True
):
    """The journeys that are at a place at a step."""

    step: Annotated[int, Meta(ge=1, le=MOST_STEPS)]
    place: PlaceForm


class JourneysQuery(About, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A question about journeys: one of each session that starts in the period."""

    start: Annotated[
        PlaceForm | None,
        Meta(
            description=(
                "Journeys begin, or backwards end, with the first time here; without"
                " it, where the session does."
            )
        ),
    ] = None
    direction: Direction = Direction.FORWARDS
    steps: Annotated[int, Meta(ge=LEAST_STEPS, le=MOST_STEPS)] = 5
    breadth: Annotated[
        int,
        Meta(
            ge=1,
            le=MOST_BREADTH,
            description="So many places of each step; the others are told together.",
        ),
    ] = 8
    groups: Annotated[
        tuple[Annotated[str, Meta(max_length=limits.URL_CHARS)], ...],
        Meta(
            max_length=MOST_GROUPS,
            description="Patterns of pages that are one place each, as `/blog/*`.",
        ),
    ] = ()
    events: Annotated[
        bool, Meta(description="Whether events that are no page views are steps.")
    ] = False
    through: Annotated[
        ThroughForm | None,
        Meta(description="Also tells how many of these journeys took each way."),
    ] = None
    trails: Annotated[
        int,
        Meta(ge=0, le=MOST_TRAILS, description="So many of the most common journeys."),
    ] = 10
    compare: CompareForm = None


class JourneysAnswer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The places of each step, and the ways between them.

    With a comparison `before` is the sessions of the same place, way or step, and
    `change` (sessions - before) ÷ before, absent where it is undefined.
    """

    sessions: Annotated[
        int, Meta(description="Sessions under the filters, also without a journey.")
    ]
    journeys: Annotated[int, Meta(description="Sessions with such a journey.")]
    columns: Annotated[
        list[Column],
        Meta(description="A step each; the kind `other` is all places not told."),
    ]
    trails: Annotated[list[Trail], Meta(description="The most common journeys.")]
    before: Annotated[
        Counted | None, Meta(description="Of the period compared with.")
    ] = None
    as_of: Annotated[
        int, Meta(description="All events received up to then are counted, ms.")
    ]


def answer_journeys_query(caller: Caller, asked: JourneysQuery) -> JourneysAnswer:
    """The journeys that the question asks for."""
    as_of = complete_to(caller.now)
    subject = find_subject(caller, asked)
    through = asked.through
    question = JourneyQuestion(
        site=subject.site,
        period=subject.period,
        filters=subject.filters,
        goals=subject.goals,
        start=None if asked.start is None else read_place(asked.start),
        direction=asked.direction,
        steps=asked.steps,
        breadth=asked.breadth,
        groups=asked.groups,
        events=asked.events,
        through=None
        if through is None
        else Through(step=through.step, place=read_place(through.place)),
        trails=asked.trails,
        compare=read_compare(asked.compare, subject),
    )
    found = answer_journeys(question, runtime.current().reader)
    return JourneysAnswer(
        sessions=found.sessions,
        journeys=found.journeys,
        columns=found.columns,
        trails=found.trails,
        before=found.before,
        as_of=as_of,
    )


def read_place(form: PlaceForm) -> Place:
    """The place of that form."""
    return Place(kind=PlaceKind(form.kind), name=form.name)


def write_form(place: Place) -> PlaceForm:
    """What `read_place` reads as this place."""
    kind: Literal["page", "event"] = (
        "event" if place.kind is PlaceKind.EVENT else "page"
    )
    return PlaceForm(kind=kind, name=place.name)


def tabulate(answered: JourneysAnswer) -> Table:
    """A row for each way, and for each end of journeys at a place."""
    heads = ["step", "kind", "name", "next_kind", "next_name", "sessions"]
    if answered.before is not None:
        heads += ["sessions_before", "sessions_change"]
    rows: list[list[Cell]] = []
    for column in answered.columns:
        for way in column.ways:
            source, target = way.source.place, way.target
            places = [source.kind, source.name]
            places += ["", ""] if target is None else [target.kind, target.name]
            compared = [] if way.before is None else [way.before, way.change]
            rows.append([column.step, *places, way.sessions, *compared])
    return Table(heads=heads, rows=rows)


JOURNEYS: Final = Endpoint(
    name="journeys",
    summary="The ways that visitors take, from or to any page or event.",
    request=JourneysQuery,
    response=JourneysAnswer,
    answer=answer_journeys_query,
    table=tabulate,
    example=JourneysQuery(
        period="7d",
        start=PlaceForm(name="/cart/"),
        direction=Direction.BACKWARDS,
        steps=10,
        groups=("/products/*",),
    ),
)
