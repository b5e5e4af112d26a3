"""Journeys stated naively: each session's steps as a list, cut and counted by hand."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TypeVar

from msgspec.structs import replace

from liveinsight.core.event import Event
from liveinsight.query.journeys_model import (
    OTHER,
    Column,
    Counted,
    Direction,
    JourneyQuestion,
    Journeys,
    Link,
    Node,
    Place,
    PlaceKind,
    Trail,
)
from liveinsight.query.model import Period, Question
from tests.oracle import Oracle, Visit

Walk = list[Place]
Told = TypeVar("Told", Column, Node, Link)


def journeys(events: Sequence[Event], asked: JourneyQuestion) -> Journeys:
    """What the warehouse must say, too."""
    visits, walks = walks_of(events, asked, asked.period)
    shown = [
        Counter(walk[step] for walk in walks if step < len(walk))
        for step in range(asked.steps)
    ]
    kept = [set(in_order(places)[: asked.breadth]) for places in shown]
    columns = [
        column(step, walks, kept, asked) for step, places in enumerate(shown) if places
    ]
    found = Journeys(sessions=len(visits), columns=columns, trails=common(walks, asked))
    if asked.compare is None:
        return found
    earlier, those = walks_of(events, asked, asked.compare)
    return replace(
        found,
        columns=[compared(each, those, kept, asked) for each in columns],
        before=Counted(sessions=len(earlier), journeys=len(those)),
    )


def walks_of(
    events: Sequence[Event], asked: JourneyQuestion, period: Period
) -> tuple[list[Visit], list[Walk]]:
    """The sessions of the period under the filters, and their journeys."""
    question = Question(
        site=asked.site,
        period=period,
        metrics=("sessions",),
        filters=asked.filters,
        goals=asked.goals,
    )
    found = Oracle(events, question).of_sessions(period, ())
    visits = [fact.visit for _, fact in found if fact.visit]
    return visits, [each for visit in visits for each in journey_of(visit, asked)]


def compared(
    now: Column, walks: list[Walk], kept: list[set[Place]], asked: JourneyQuestion
) -> Column:
    """The column with how many of the other period's journeys are at the same places."""
    at = now.step - 1
    here = [walk for walk in walks if at < len(walk)]
    nodes = []
    for node in now.nodes:
        those = [walk for walk in here if told(walk[at], kept[at]) == node.place]
        ended = sum(len(walk) == now.step for walk in those)
        nodes.append(replace(before(node, those), ended_before=ended))
    links = [
        before(
            link,
            [
                walk
                for walk in here
                if now.step < min(len(walk), asked.steps)
                and told(walk[at], kept[at]) == link.source
                and told(walk[at + 1], kept[at + 1]) == link.target
            ],
        )
        for link in now.links
    ]
    return replace(before(now, here), nodes=nodes, links=links)


def before(counted: Told, walks: list[Walk]) -> Told:
    change = counted.sessions / len(walks) - 1 if walks else None
    return replace(counted, before=len(walks), change=change)


def place_of(event: Event, asked: JourneyQuestion) -> Place:
    if event.event_type != "page_view":
        return Place(kind=PlaceKind.EVENT, name=event.event_type)
    page = event.page or ""
    patterns = list(asked.groups)
    start = asked.start
    if start and start.kind is PlaceKind.PAGE and start.name:
        patterns.insert(0, start.name)
    name = next((each for each in patterns if fits(page, each)), page)
    return Place(kind=PlaceKind.PAGE, name=name)


def fits(page: str, pattern: str) -> bool:
    """`**` is any text, `*` any text without a slash."""
    if not pattern:
        return not page
    if pattern.startswith("**"):
        return any(fits(page[at:], pattern[2:]) for at in range(len(page) + 1))
    if pattern.startswith("*"):
        part = page.partition("/")[0]
        return any(fits(page[at:], pattern[1:]) for at in range(len(part) + 1))
    return page[:1] == pattern[0] and fits(page[1:], pattern[1:])


def is_step(event: Event, asked: JourneyQuestion) -> bool:
    if not event.interactive or event.event_type == "engagement":
        return False
    if event.event_type == "page_view" or asked.events:
        return True
    start = asked.start
    is_event = start is not None and start.kind is PlaceKind.EVENT
    return is_event and start is not None and start.name == event.event_type


def journey_of(visit: Visit, asked: JourneyQuestion) -> Iterable[Walk]:
    """The session's journey, one step more than is asked for; none, or one."""
    steps = [
        (event.time, place_of(event, asked))
        for event in visit.events
        if is_step(event, asked)
    ]
    steps.sort(key=lambda step: (step[0], by_name(step[1])))
    walk: Walk = []
    for _, place in steps:
        if not walk or walk[-1] != place:
            walk.append(place)
    if asked.start is not None:
        if asked.start not in walk:
            return
        at = walk.index(asked.start)
        backwards = asked.direction is Direction.BACKWARDS
        walk = walk[: at + 1] if backwards else walk[at:]
    if asked.direction is Direction.BACKWARDS:
        walk.reverse()
    if walk:
        yield walk[: asked.steps + 1]


def by_name(place: Place) -> str:
    return f"{place.kind}:{place.name}"


def in_order(places: Counter[Place]) -> list[Place]:
    return sorted(places, key=lambda place: (-places[place], by_name(place)))


def column(
    step: int, walks: list[Walk], kept: list[set[Place]], asked: JourneyQuestion
) -> Column:
    here = [walk for walk in walks if step < len(walk)]
    nodes: dict[Place, list[Walk]] = {}
    links: dict[tuple[Place, Place], list[Walk]] = {}
    for walk in here:
        place = told(walk[step], kept[step])
        nodes.setdefault(place, []).append(walk)
        if step + 1 < min(len(walk), asked.steps):
            target = told(walk[step + 1], kept[step + 1])
            links.setdefault((place, target), []).append(walk)
    return Column(
        step=step + 1,
        sessions=len(here),
        nodes=[
            Node(
                place=place,
                sessions=len(those),
                ended=sum(len(walk) == step + 1 for walk in those),
                through=through(those, asked),
                places=len({walk[step] for walk in those}),
            )
            for place, those in nodes.items()
        ],
        links=[
            Link(
                source=source,
                target=target,
                sessions=len(those),
                through=through(those, asked),
            )
            for (source, target), those in links.items()
        ],
    )


def told(place: Place, kept: set[Place]) -> Place:
    return place if place in kept else OTHER


def through(walks: list[Walk], asked: JourneyQuestion) -> int:
    if asked.through is None:
        return 0
    at = asked.through.step - 1
    return sum(at < len(walk) and walk[at] == asked.through.place for walk in walks)


def common(walks: list[Walk], asked: JourneyQuestion) -> list[Trail]:
    counted = Counter(tuple(walk[: asked.steps]) for walk in walks)
    best = sorted(
        counted, key=lambda trail: (-counted[trail], [by_name(each) for each in trail])
    )
    return [
        Trail(places=list(trail), sessions=counted[trail])
        for trail in best[: asked.trails]
    ]
