"""Journeys: which ways visitors take through a site, from or to any page or event.

A session's steps are its page views, and if asked for its other interactive events, in
the order of their time. A page that a pattern holds for is at the place of the pattern;
equal neighbours are one step. Of the sessions that start in the period and meet the
filters there is one journey each: forwards it begins at the first step, or with the
first time at the `start`; backwards it goes back from the last step, or from the first
time at the `start`.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import cast

import msgspec

from liveinsight.core import limits
from liveinsight.core.event import ENGAGEMENT
from liveinsight.core.ports import Reader
from liveinsight.errors import QueryError
from liveinsight.query.check import check_filters, check_period, check_site, check_text
from liveinsight.query.conditions import filter_values, shape_of
from liveinsight.query.goals import expand_goals
from liveinsight.query.journeys_compared import compare_journeys
from liveinsight.query.journeys_model import (
    OTHER,
    Column,
    Direction,
    JourneyQuestion,
    Journeys,
    Link,
    Node,
    Place,
    PlaceKind,
    Trail,
)
from liveinsight.query.journeys_sql import (
    EVENT_MARK,
    PAGE_MARK,
    PERIOD,
    JourneyShape,
    compile_journeys,
)
from liveinsight.query.patterns import ANY, pattern_regex
from liveinsight.query.statement import SITE, fill
from liveinsight.query.where import check_pattern

LEAST_STEPS = 2
MOST_STEPS = 20
MOST_BREADTH = 20
MOST_GROUPS = 30
MOST_TRAILS = 50


def answer_journeys(question: JourneyQuestion, reader: Reader) -> Journeys:
    """The places and ways of the journeys.

    Raises:
        QueryError: it cannot be answered as asked; names the field and why.
        StoreUnavailable: the warehouse is closed or being replaced.
    """
    check_journeys(question)
    found = _read(reader.query(*compile_question(question)))
    if question.compare is None:
        return found
    earlier = msgspec.structs.replace(
        question, period=question.compare, through=None, trails=0
    )
    shown = [
        _write_shown(column.step, node.place)
        for column in found.columns
        for node in column.nodes
        if node.place != OTHER
    ]
    return compare_journeys(
        found, _read(reader.query(*compile_question(earlier, shown)))
    )


def _read(rows: list[tuple[object, ...]]) -> Journeys:
    nodes: dict[int, dict[Place, Node]] = defaultdict(dict)
    links: dict[int, list[Link]] = defaultdict(list)
    trails: list[tuple[int, Trail]] = []
    sessions = 0
    # The places of all steps before their sessions.
    for row in sorted(rows, key=lambda row: row[0] != "place"):
        kind, step, place, target, counted, passing, trail = row
        at, count, through = cast("int", step), _whole(counted), _whole(passing)
        here = _read_place(place)
        if kind == "all":
            sessions = count
        elif kind == "trail":
            names = [_read_place(each) for each in cast("list[str]", trail)]
            trails.append((at, Trail(places=names, sessions=count)))
        elif kind == "place":
            nodes[at][here] = Node(
                place=here, sessions=0, ended=0, through=0, places=count
            )
        else:
            node = nodes[at][here]
            nodes[at][here] = msgspec.structs.replace(
                node,
                sessions=node.sessions + count,
                ended=node.ended + (count if kind == "end" else 0),
                through=node.through + through,
            )
        if kind == "link":
            goes_to = _read_place(target)
            links[at].append(
                Link(source=here, target=goes_to, sessions=count, through=through)
            )
    return Journeys(
        sessions=sessions,
        columns=[
            _column(step, [*places.values()], links[step])
            for step, places in sorted(nodes.items())
        ],
        trails=[trail for _, trail in sorted(trails, key=lambda pair: pair[0])],
    )


def _whole(number: object) -> int:
    return int(cast("int", number))


def check_journeys(question: JourneyQuestion) -> None:
    """Returns if the question can be answered.

    Raises:
        QueryError: names the field, and why not.
    """
    check_site(question.site)
    check_period("period", question.period)
    if question.compare is not None:
        check_period("compare", question.compare)
    check_filters(question.filters, field="filters", goals=question.goals)
    _check_number("steps", question.steps, LEAST_STEPS, MOST_STEPS)
    _check_number("breadth", question.breadth, 1, MOST_BREADTH)
    _check_number("trails", question.trails, 0, MOST_TRAILS)
    if question.start is not None:
        _check_place("start", question.start)
    if question.through is not None:
        _check_place("through", question.through.place)
        _check_number("through", question.through.step, 1, question.steps)
    if len(question.groups) > MOST_GROUPS:
        raise QueryError("groups", "give at most %(most)s", most=MOST_GROUPS)
    for pattern in question.groups:
        check_text(pattern, "groups")
        if ANY not in pattern:
            raise QueryError("groups", "a pattern has a *, as in /blog/*")
        check_pattern(pattern_regex(pattern), "groups")


def compile_question(
    question: JourneyQuestion, shown: list[str] | None = None
) -> tuple[str, list[object]]:
    """The statement and its parameters; `shown` are the places told, by step."""
    filters = expand_goals(question.filters, question.goals)
    start, through = question.start, question.through
    groups = list(_groups_of(question))
    statement = compile_journeys(
        JourneyShape(
            one_site=question.site is not None,
            filters=shape_of(filters),
            is_backwards=question.direction is Direction.BACKWARDS,
            has_start=start is not None,
            has_through=through is not None,
            with_events=question.events,
            start_is_event=start is not None and start.kind is PlaceKind.EVENT,
            groups=len(groups),
            is_told=shown is not None,
        )
    )
    values = filter_values(filters) | {
        SITE: question.site,
        f"{PERIOD}.start": question.period.start,
        f"{PERIOD}.end": question.period.end,
        "steps": question.steps,
        "breadth": question.breadth,
        "shown": shown,
        "trails": question.trails,
    }
    if start is not None:
        values |= {"start": _write_place(start), "start_event": start.name}
    if through is not None:
        values["through"] = _write_place(through.place)
        values["through.step"] = through.step
    for index, pattern in enumerate(groups):
        values[f"group.{index}.pattern"] = pattern_regex(pattern)
        values[f"group.{index}.name"] = pattern
    return statement.sql, fill(statement.slots, values)


def _groups_of(question: JourneyQuestion) -> Iterable[str]:
    """The patterns; a page that journeys start at is a place of its own before all."""
    start = question.start
    if start is not None and start.kind is PlaceKind.PAGE and start.name:
        yield start.name
    yield from question.groups


def _column(step: int, nodes: list[Node], links: list[Link]) -> Column:
    def order(node: Node) -> tuple[bool, int, str, str]:
        place = node.place
        return place == OTHER, -node.sessions, place.kind, place.name

    ordered = sorted(nodes, key=order)
    rank = {node.place: index for index, node in enumerate(ordered)}
    return Column(
        step=step,
        sessions=sum(node.sessions for node in nodes),
        nodes=ordered,
        links=sorted(
            links,
            key=lambda link: (rank[link.source], -link.sessions, str(link.target)),
        ),
    )


def _write_shown(step: int, place: Place) -> str:
    return f"{step} {_write_place(place)}"


def _read_place(text: object) -> Place:
    if text is None:
        return OTHER
    said = str(text)
    if said.startswith(PAGE_MARK):
        return Place(kind=PlaceKind.PAGE, name=said.removeprefix(PAGE_MARK))
    return Place(kind=PlaceKind.EVENT, name=said.removeprefix(EVENT_MARK))


def _write_place(place: Place) -> str:
    mark = PAGE_MARK if place.kind is PlaceKind.PAGE else EVENT_MARK
    return mark + place.name


def _check_place(field: str, place: Place) -> None:
    check_text(place.name, field)
    if place.kind is PlaceKind.OTHER:
        raise QueryError(field, "name a page or an event")
    if place.kind is PlaceKind.PAGE and ANY in place.name:
        check_pattern(pattern_regex(place.name), field)
    if place.kind is PlaceKind.EVENT:
        if not 0 < len(place.name) <= limits.EVENT_TYPE_CHARS:
            most = limits.EVENT_TYPE_CHARS
            raise QueryError(
                field, "an event's type has 1 to %(most)s characters", most=most
            )
        if place.name == ENGAGEMENT:
            raise QueryError(field, "engagement is no step of a journey")


def _check_number(field: str, number: int, least: int, most: int) -> None:
    if not least <= number <= most:
        raise QueryError(field, "give %(least)s to %(most)s", least=least, most=most)
