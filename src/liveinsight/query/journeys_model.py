"""Questions about journeys, and their answers, as values."""

from enum import StrEnum

import msgspec

from liveinsight.query.catalog.metrics import Kind
from liveinsight.query.model import Goal, Period, Where
from liveinsight.query.run import change_of


class Direction(StrEnum):
    """Which way a journey is followed."""

    FORWARDS = "forwards"
    BACKWARDS = "backwards"


class PlaceKind(StrEnum):
    """What a step of a journey is at."""

    PAGE = "page"
    EVENT = "event"
    OTHER = "other"
    """Any of the places that are not shown on their own."""


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A page or pattern of pages, or a type of events; "" is a view without a page."""

    kind: PlaceKind
    name: str = ""


OTHER = Place(kind=PlaceKind.OTHER)


class Through(msgspec.Struct, frozen=True, kw_only=True):
    """The journeys that are at this place at this step."""

    step: int
    """From 1."""
    place: Place


class JourneyQuestion(msgspec.Struct, frozen=True, kw_only=True):
    """Which journeys, and how they are told."""

    site: str | None
    period: Period
    filters: tuple[Where, ...] = ()
    """A session meets them with a matching event."""
    goals: tuple[Goal, ...] = ()
    start: Place | None = None
    """Where journeys begin or, backwards, end; None: where the session does."""
    direction: Direction = Direction.FORWARDS
    steps: int = 5
    breadth: int = 8
    """So many places are shown at each step; the others are told together."""
    groups: tuple[str, ...] = ()
    """Patterns of pages that are one place each; of several the first."""
    events: bool = False
    """Whether events other than page views are steps, too."""
    through: Through | None = None
    """Also tells how many of the journeys through here took each way."""
    trails: int = 10
    compare: Period | None = None


class Node(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A place at one step."""

    place: Place
    sessions: int
    ended: int
    """Of these sessions, those that have no further step."""
    through: int
    """Of these sessions, those that the question's `through` is of."""
    places: int
    """How many places these are: 1, unless they are told together."""
    before: int | None = None
    """Sessions at the same place and step in the period compared with."""
    ended_before: int | None = None
    change: float | None = None
    """(sessions - before) ÷ before; None where undefined."""


class Link(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The sessions that went from one place to another at the next step."""

    source: Place
    target: Place
    sessions: int
    through: int
    before: int | None = None
    change: float | None = None


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """The sessions that leave a place the same way, or end there."""

    source: Node
    target: Place | None
    """None: they have no further step."""
    sessions: int
    before: int | None
    change: float | None


class Column(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One step: its places, most sessions first, the others last."""

    step: int
    """From 1; backwards, 1 is the last."""
    sessions: int
    nodes: list[Node]
    links: list[Link]
    """To the next step."""
    before: int | None = None
    change: float | None = None

    @property
    def ways(self) -> list[Way]:
        """All ways on from this step, place by place, the end last."""
        ways = []
        for node in self.nodes:
            ways += [
                Way(
                    source=node,
                    target=link.target,
                    sessions=link.sessions,
                    before=link.before,
                    change=link.change,
                )
                for link in self.links
                if link.source == node.place
            ]
            if node.ended:
                ways.append(
                    Way(
                        source=node,
                        target=None,
                        sessions=node.ended,
                        before=node.ended_before,
                        change=change_of(Kind.COUNT, node.ended, node.ended_before),
                    )
                )
        return ways


class Trail(msgspec.Struct, frozen=True, kw_only=True):
    """A journey that sessions have in common, as far as it is told."""

    places: list[Place]
    sessions: int


class Counted(msgspec.Struct, frozen=True, kw_only=True):
    """How many there were."""

    sessions: int
    journeys: int


class Journeys(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The journeys of a period.

    The places that are told of the period compared with are those of the period: the
    others of both are all places but these.
    """

    sessions: int
    """All under the filters, those without such a journey too."""
    columns: list[Column]
    trails: list[Trail]
    """The most common ones, most sessions first."""
    before: Counted | None = None

    @property
    def journeys(self) -> int:
        """The sessions that have one."""
        return self.columns[0].sessions if self.columns else 0
