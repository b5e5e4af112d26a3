"""The SQL of journeys says what the oracle says; and what cannot be asked."""

from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from liveinsight.core.event import Event
from liveinsight.errors import QueryError
from liveinsight.query.journeys import answer_journeys
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
    Through,
)
from liveinsight.query.model import Filter, Operator, Period
from tests import oracle_journeys
from tests.query.sites import cases, comparisons
from tests.query.tables import HOUR, MINUTE, NOON, SITE, an_event, warehouse_of

Row = tuple[object, ...]
PLACES = (
    Place(kind=PlaceKind.PAGE, name="/"),
    Place(kind=PlaceKind.PAGE, name="/a"),
    Place(kind=PlaceKind.PAGE, name="/a*"),
    Place(kind=PlaceKind.PAGE),
    Place(kind=PlaceKind.EVENT, name="click"),
)


@st.composite
def journey_cases(draw: st.DrawFn) -> tuple[list[Event], JourneyQuestion]:
    """Visits, and any question about their journeys."""
    events, question = draw(cases())
    steps = draw(st.sampled_from((3, 5, 2, 12)))
    through = None
    if draw(st.booleans()):
        place = draw(st.sampled_from(PLACES))
        through = Through(step=draw(st.integers(1, steps)), place=place)
    asked = JourneyQuestion(
        site=question.site,
        period=question.period,
        filters=question.filters,
        goals=question.goals,
        start=draw(st.sampled_from((None, *PLACES))),
        direction=draw(st.sampled_from(Direction)),
        steps=steps,
        breadth=draw(st.sampled_from((8, 2, 1))),
        groups=tuple(draw(st.lists(st.sampled_from(("/a*", "/**", "*b")), max_size=2))),
        events=draw(st.booleans()),
        through=through,
        trails=draw(st.sampled_from((10, 1))),
        compare=draw(comparisons(question)),
    )
    return events, asked


@given(case=journey_cases())
@settings(max_examples=30)
def test_journeys_equal_the_oracle(case: tuple[list[Event], JourneyQuestion]) -> None:
    events, asked = case
    expected = oracle_journeys.journeys(events, asked)
    with warehouse_of(events) as warehouse:
        found = answer_journeys(asked, warehouse)
    assert found.sessions == expected.sessions
    assert found.trails == expected.trails
    assert found.before == expected.before
    assert [in_any_order(each) for each in found.columns] == [
        in_any_order(each) for each in expected.columns
    ]
    for column in found.columns:
        assert column.sessions == sum(node.sessions for node in column.nodes)
        shown = [node.sessions for node in column.nodes if node.place != OTHER]
        assert shown == sorted(shown, reverse=True)


def in_any_order(column: Column) -> object:
    return (
        column.step,
        column.sessions,
        column.before,
        {msgspec.json.encode(rounded(node)) for node in column.nodes},
        {msgspec.json.encode(rounded(link)) for link in column.links},
    )


def rounded(counted: Node | Link) -> Node | Link:
    change = None if counted.change is None else round(counted.change, 9)
    return msgspec.structs.replace(counted, change=change)


def a_walk(user: str, *pages: str, at: int = NOON) -> list[Event]:
    return [
        an_event(
            at + n * MINUTE, event_id=f"evt_{user}_{n:04}", user_id=user, page=page
        )
        for n, page in enumerate(pages)
    ]


def about(**fields: object) -> JourneyQuestion:
    asked = JourneyQuestion(site=SITE, period=Period(NOON - HOUR, NOON + HOUR))
    return msgspec.structs.replace(asked, **fields)


def ask(happened: list[Event], /, **fields: object) -> Journeys:
    with warehouse_of(happened) as warehouse:
        return answer_journeys(about(**fields), warehouse)


def names(found: Journeys) -> list[list[str]]:
    return [[node.place.name for node in column.nodes] for column in found.columns]


def test_a_walk_of_fourteen_steps_is_told_to_its_end() -> None:
    pages = [f"/{number}" for number in range(14)]
    found = ask(a_walk("anna", *pages), steps=14)
    assert names(found) == [[page] for page in pages]
    assert [column.nodes[0].ended for column in found.columns] == [0] * 13 + [1]


def test_a_page_that_is_loaded_again_is_one_step() -> None:
    found = ask(a_walk("anna", "/", "/", "/cart", "/"))
    assert names(found) == [["/"], ["/cart"], ["/"]]


def test_pages_of_a_pattern_are_one_place() -> None:
    found = ask(
        a_walk("anna", "/", "/p/1", "/p/2", "/cart"), groups=("/p/*", "/never/*")
    )
    assert names(found) == [["/"], ["/p/*"], ["/cart"]]


def test_the_page_that_journeys_start_at_is_not_lost_in_a_pattern() -> None:
    start = Place(kind=PlaceKind.PAGE, name="/p/2")
    found = ask(a_walk("anna", "/p/1", "/p/2", "/p/3"), groups=("/p/*",), start=start)
    assert names(found) == [["/p/2"], ["/p/*"]]


def test_backwards_the_first_time_there_is_the_end() -> None:
    start = Place(kind=PlaceKind.PAGE, name="/cart")
    found = ask(
        a_walk("anna", "/", "/p", "/cart", "/", "/cart"),
        start=start,
        direction=Direction.BACKWARDS,
    )
    assert names(found) == [["/cart"], ["/p"], ["/"]]


def test_an_event_can_be_the_start_while_steps_are_pages() -> None:
    events = a_walk("anna", "/", "/cart", "/thanks")
    bought = an_event(NOON + MINUTE + 1, event_id="evt_buy_00", event_type="buy")
    clicked = an_event(NOON + MINUTE + 2, event_id="evt_clk_00", event_type="click")
    start = Place(kind=PlaceKind.EVENT, name="buy")
    found = ask([*events, bought, clicked], start=start)
    assert names(found) == [["buy"], ["/thanks"]]
    assert names(ask([*events, bought, clicked], start=start, events=True)) == [
        ["buy"],
        ["click"],
        ["/thanks"],
    ]


def test_places_beyond_the_breadth_are_told_together() -> None:
    events = [
        event
        for user, page in (("a", "/x"), ("b", "/x"), ("c", "/y"), ("d", "/z"))
        for event in a_walk(user, "/", page)
    ]
    second = ask(events, breadth=1).columns[1]
    assert [(n.place, n.sessions, n.places) for n in second.nodes] == [
        (Place(kind=PlaceKind.PAGE, name="/x"), 2, 1),
        (OTHER, 2, 2),
    ]


def test_of_places_with_as_many_sessions_the_first_by_name_is_shown() -> None:
    events = a_walk("a", "/", "/z") + a_walk("b", "/", "/y")
    assert names(ask(events, breadth=1))[1] == ["/y", ""]


def test_sessions_that_take_the_same_way_are_all_counted_through_a_place() -> None:
    events = [
        *(a_walk("a", "/", "/x") + a_walk("b", "/", "/x") + a_walk("c", "/", "/y")),
    ]
    place = Place(kind=PlaceKind.PAGE, name="/x")
    first = ask(events, through=Through(step=2, place=place)).columns[0]
    assert [node.through for node in first.nodes] == [2]
    assert [link.through for link in first.links] == [2, 0]


def test_filters_choose_sessions_by_any_of_their_events() -> None:
    events = a_walk("anna", "/", "/cart") + a_walk("ben", "/", "/about")
    in_cart = Filter("page", Operator.IS, ("/cart",))
    found = ask(events, filters=(in_cart,))
    assert found.sessions == found.journeys == 1
    assert names(found) == [["/"], ["/cart"]]


def test_a_session_belongs_to_the_period_that_it_starts_in() -> None:
    period = Period(NOON - HOUR, NOON + MINUTE)
    found = ask(a_walk("anna", "/", "/cart", "/thanks"), period=period)
    assert names(found) == [["/"], ["/cart"], ["/thanks"]]
    later = Period(NOON + MINUTE, NOON + HOUR)
    assert ask(a_walk("anna", "/", "/cart", "/thanks"), period=later).sessions == 0


def test_a_place_that_was_not_among_those_shown_before_has_its_true_number() -> None:
    """Of the other period, with /x and /y before it, only the first would be shown."""
    earlier = [
        event
        for user, page in (("a", "/x"), ("b", "/x"), ("c", "/x"), ("d", "/z"))
        for event in a_walk(user, "/", page, at=NOON - 2 * HOUR)
    ]
    now = a_walk("e", "/", "/z") + a_walk("f", "/", "/z") + a_walk("g", "/", "/new")
    before = Period(NOON - 3 * HOUR, NOON - HOUR)
    first, second = ask([*earlier, *now], breadth=1, compare=before).columns
    assert [(n.place.name, n.sessions, n.before, n.change) for n in second.nodes] == [
        ("/z", 2, 1, 1.0),
        ("", 1, 3, pytest.approx(-2 / 3)),
    ]
    assert [(link.target.name, link.before) for link in first.links] == [
        ("/z", 1),
        ("", 3),
    ]
    assert (first.before, first.nodes[0].ended_before) == (4, 0)


def test_without_a_comparison_one_statement_is_asked() -> None:
    asked: list[str] = []

    class Counting:
        def query(self, sql: str, params: Sequence[object] = ()) -> list[Row]:
            asked.append(sql)
            return warehouse.query(sql, params)

    with warehouse_of(a_walk("anna", "/", "/cart")) as warehouse:
        answer_journeys(about(), Counting())
        assert len(asked) == 1
        answer_journeys(about(compare=Period(NOON - 3 * HOUR, NOON)), Counting())
    assert len(asked) == 3


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"compare": Period(NOON, NOON)}, "compare"),
        ({"steps": 1}, "steps"),
        ({"steps": 21}, "steps"),
        ({"breadth": 0}, "breadth"),
        ({"trails": 51}, "trails"),
        ({"start": OTHER}, "start"),
        ({"start": Place(kind=PlaceKind.EVENT)}, "start"),
        ({"start": Place(kind=PlaceKind.EVENT, name="engagement")}, "start"),
        ({"start": Place(kind=PlaceKind.PAGE, name="x" * 2_049)}, "start"),
        ({"through": Through(step=6, place=PLACES[0])}, "through"),
        ({"groups": ("/a",)}, "groups"),
        ({"groups": ("\ud800*",)}, "groups"),
        ({"groups": ("/*",) * 31}, "groups"),
        ({"groups": ("*a" * 1_000,)}, "groups"),
        ({"start": Place(kind=PlaceKind.PAGE, name="*a" * 1_000)}, "start"),
        ({"site": "\ud800"}, "site"),
        ({"period": Period(NOON, NOON)}, "period"),
        ({"filters": (Filter("size", Operator.IS, ("1",)),)}, "filters"),
    ],
)
def test_what_cannot_be_asked_names_the_field(
    fields: dict[str, object], field: str
) -> None:
    with pytest.raises(QueryError) as refused:
        ask([], **fields)
    assert refused.value.field == field
