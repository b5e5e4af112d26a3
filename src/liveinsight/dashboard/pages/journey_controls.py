"""What can be chosen on the page of journeys, as links and parameters of forms."""

from typing import Final

import msgspec
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from liveinsight.dashboard.pages import journey_address as address
from liveinsight.dashboard.pages.address import change_query
from liveinsight.dashboard.pages.choice import Choice
from liveinsight.dashboard.pages.labels import (
    format_change,
    format_whole,
    label_of,
)
from liveinsight.dashboard.pages.periods import list_kept
from liveinsight.query.journeys import MOST_BREADTH
from liveinsight.query.journeys_model import (
    Column,
    Direction,
    JourneyQuestion,
    Journeys,
    Link,
    Node,
    Place,
    PlaceKind,
    Through,
    Way,
)

SUGGESTED: Final = 200


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """A pattern of pages in force."""

    pattern: str
    without: str


class Controls(msgspec.Struct, frozen=True, kw_only=True):
    """What can be asked instead."""

    at: str
    without_start: str
    """The address without a start; "" where there is none."""
    places: list[str]
    """Suggested as a start."""
    kept: list[tuple[str, str]]
    """What the form for another start carries on."""
    directions: list[Choice]
    steps: list[Choice]
    kinds: list[Choice]
    groups: list[Group]
    groupings: list[Choice]
    group_kept: list[tuple[str, str]]
    """What the form for another pattern carries on."""


class Selected(msgspec.Struct, frozen=True, kw_only=True):
    """The place that journeys are shown through, and where to go on from it."""

    label: str
    step: int
    node: Node
    before: str
    share: float
    """Of all journeys."""
    ended: float
    """Of those that are there."""
    ways: list[Choice]
    without: str


def list_controls(
    query: QueryDict, asked: JourneyQuestion, pages: list[str], types: list[str]
) -> Controls:
    """All that can be chosen; `pages` and `types` are those of the period."""
    start = asked.start
    unseen = {"step", "place"}
    return Controls(
        at="" if start is None else write_start(start),
        without_start=address.start_query(query, None, asked.direction)
        if start
        else "",
        places=[*pages[:SUGGESTED], *types],
        kept=list_kept(query, unseen | {"at"}),
        directions=[
            Choice(
                label=pgettext("journeys", "From")
                if each is Direction.FORWARDS
                else pgettext("journeys", "To"),
                address=address.start_query(query, start, each),
                is_chosen=each is asked.direction,
            )
            for each in Direction
        ],
        steps=[
            Choice(
                label=_("%(n)d steps") % {"n": n},
                address=change_query(query, steps=str(n), step=None, place=None),
                is_chosen=n == asked.steps,
            )
            for n in address.STEPS
        ],
        kinds=[
            Choice(
                label=_("Pages and events") if events else _("Pages"),
                address=change_query(
                    query, events="1" if events else None, step=None, place=None
                ),
                is_chosen=events is asked.events,
            )
            for events in (False, True)
        ],
        groups=list_groups(query, asked),
        groupings=list_groupings(query, asked),
        group_kept=[
            *list_kept(query, unseen | {"g"}),
            *(("g", pattern) for pattern in asked.groups),
        ],
    )


def list_groups(query: QueryDict, asked: JourneyQuestion) -> list[Group]:
    """The patterns in force, each with the address without it."""
    return [
        Group(
            pattern=pattern,
            without=address.groups_query(
                query, [each for each in asked.groups if each != pattern]
            ),
        )
        for pattern in asked.groups
    ]


def list_groupings(query: QueryDict, asked: JourneyQuestion) -> list[Choice]:
    """By themselves, none, or one's own."""
    return [
        Choice(
            label=_("Folders with many pages"),
            address=change_query(query, g=None, step=None, place=None),
            is_chosen="g" not in query,
        ),
        Choice(
            label=_("Every page on its own"),
            address=address.groups_query(query, []),
            is_chosen="g" in query and not asked.groups,
        ),
    ]


def write_start(place: Place) -> str:
    """What one would write into the field for this start."""
    return (
        place.name
        if address.read_place(place.name) == place
        else str(address.write_place(place))
    )


def name_place(place: Place, places: int = 1) -> str:
    """The place in the words of the page; `places` are told together."""
    if place.kind is PlaceKind.OTHER:
        return _("%(n)d others") % {"n": places} if places > 1 else _("another")
    if place.kind is PlaceKind.EVENT:
        return label_of("event_type", place.name)
    return place.name or _("(no page)")


def tell_change(counted: Column | Node | Link | Way) -> str:
    """How its sessions have changed; "" where they are not compared."""
    if counted.before is None:
        return ""
    return format_change(counted.change) if counted.before else _("new")


def tell_before(counted: Node | Link) -> str:
    """How many sessions it had before; "" where it is not compared."""
    if counted.before is None:
        return ""
    return _("sessions before: %(before)s (%(change)s)") % {
        "before": format_whole(counted.before),
        "change": tell_change(counted),
    }


def find_selected(
    query: QueryDict, asked: JourneyQuestion, found: Journeys
) -> Selected | None:
    """The place that is shown through, if it is there."""
    through = asked.through
    if through is None or through.step > len(found.columns):
        return None
    nodes = found.columns[through.step - 1].nodes
    node = next((each for each in nodes if each.place == through.place), None)
    if node is None:
        return None
    return Selected(
        label=name_place(node.place),
        step=through.step,
        node=node,
        before=tell_before(node),
        share=node.sessions / found.journeys,
        ended=node.ended / node.sessions,
        ways=list_ways(query, asked, node.place),
        without=address.through_query(query, None),
    )


def list_ways(query: QueryDict, asked: JourneyQuestion, place: Place) -> list[Choice]:
    """Where one can go on from a place."""
    ways = [
        Choice(
            label=_("Journeys from here"),
            address=address.start_query(query, place, Direction.FORWARDS),
        ),
        Choice(
            label=_("Journeys to here"),
            address=address.start_query(query, place, Direction.BACKWARDS),
        ),
        Choice(
            label=_("Only sessions that were here"),
            address=address.only_query(query, place),
        ),
    ]
    here = (asked.start, asked.direction)
    known = [(place, Direction.FORWARDS), (place, Direction.BACKWARDS), None]
    return [way for way, same in zip(ways, known, strict=True) if same != here]


def block_query(
    query: QueryDict, asked: JourneyQuestion, step: int, place: Place
) -> str:
    """What a click on a block asks: through it, not through it, or more of the others."""
    if place.kind is PlaceKind.OTHER:
        return change_query(query, breadth=str(MOST_BREADTH))
    here = Through(step=step, place=place)
    return address.through_query(query, None if asked.through == here else here)
