"""`/journeys/`: the ways of visitors, drawn and told."""

from html import escape

import msgspec
import pytest

from liveinsight.dashboard.pages.journey_address import find_groups, read_place
from liveinsight.dashboard.pages.sankey import HEAD, LEAST_BLOCK, Block, draw_sankey
from liveinsight.query.journeys_model import (
    Column,
    Direction,
    Journeys,
    Link,
    Node,
    Place,
    PlaceKind,
)
from tests.dashboard.pages import Shown, a_site_with, look
from tests.dashboard.project import NOW, SITE, a_visit_of
from tests.query.tables import HOUR

DAY = 24 * HOUR

VISITS = [
    *a_visit_of("/", "/cart", "/thanks", user="anna", at=NOW - HOUR, country="KR"),
    *a_visit_of("/", "/about", user="ben", at=NOW - HOUR, country="DE"),
    *a_visit_of("/about", "/", "/cart", user="eve", at=NOW - HOUR, country="DE"),
]


def blocks_of(page: Shown) -> dict[tuple[int, str], int]:
    """Sessions by step and label."""
    return {
        (block.shape.step, block.label): block.shape.node.sessions
        for block in page.context["blocks"]
    }


def test_the_places_of_each_step_are_drawn() -> None:
    page = look(a_site_with(VISITS), "/journeys/")
    assert blocks_of(page) == {
        (1, "/"): 2,
        (1, "/about"): 1,
        (2, "/"): 1,
        (2, "/about"): 1,
        (2, "/cart"): 1,
        (3, "/cart"): 1,
        (3, "/thanks"): 1,
    }
    assert "3 sessions" in page.text


def test_a_table_says_what_the_drawing_shows() -> None:
    page = look(a_site_with(VISITS), "/journeys/")
    rows = [
        (row.step, row.source, row.target, row.sessions) for row in page.context["rows"]
    ]
    assert (1, "/", "/cart", 1) in rows
    assert (2, "/about", "", 1) in rows
    assert sum(sessions for step, _, _, sessions in rows if step == 1) == 3


def test_with_a_comparison_every_number_has_its_change() -> None:
    earlier = [
        *a_visit_of("/", "/about", user="anna", at=NOW - 40 * DAY),
        *a_visit_of("/", "/about", user="ben", at=NOW - 40 * DAY),
        *a_visit_of("/", user="old", at=NOW - 90 * DAY),
    ]
    client = a_site_with([*VISITS, *earlier])
    page = look(client, "/journeys/", compare="previous")
    changes = {
        (block.shape.step, block.label): (block.shape.node.before, block.change)
        for block in page.context["blocks"]
    }
    assert changes[1, "/"] == (2, "0.0%")
    assert changes[2, "/about"] == (2, "−50.0%")
    assert changes[2, "/cart"] == (0, "new")
    assert [head.change for head in page.context["heads"]] == [
        "+50.0%",
        "+50.0%",
        "new",
    ]
    rows = {
        (row.step, row.source, row.target): (row.before, row.change)
        for row in page.context["rows"]
    }
    assert rows[1, "/", "/about"] == (2, "−50.0%")
    assert rows[2, "/about", ""] == (2, "−50.0%")
    assert "3 sessions · " in page.text
    call = page.context["call"]
    answer = client.get(call.address, {"question": call.text}).json()
    assert answer["before"] == {"sessions": 2, "journeys": 2}
    assert answer["columns"] == msgspec.to_builtins(page.context["found"].columns)
    assert client.get(call.csv).content.decode().splitlines()[:2] == [
        "step,kind,name,next_kind,next_name,sessions,sessions_before,sessions_change",
        "1,page,/,page,/about,1,2,-0.5",
    ]


def test_without_being_asked_for_nothing_is_compared() -> None:
    old = a_visit_of("/", user="old", at=NOW - 90 * DAY)
    page = look(a_site_with([*VISITS, *old]), "/journeys/")
    assert page.context["asked"].compare is None
    assert "?compare=previous" in page.links()


def test_what_happened_on_a_day_is_listed() -> None:
    client = a_site_with(VISITS)
    day = {"day": "2026-02-28", "text": "Sale begins"}
    client.post(f"/annotations/add/?site={SITE}", day)
    assert "Sale begins" in look(client, "/journeys/").text


def test_a_click_shows_the_ways_through_a_place() -> None:
    client = a_site_with(VISITS)
    assert "?step=2&place=page:/cart" in look(client, "/journeys/").links()
    page = look(client, "/journeys/", step="2", place="page:/cart")
    through = {
        (block.shape.step, block.label): block.shape.node.through
        for block in page.context["blocks"]
    }
    assert through[1, "/"] == through[3, "/thanks"] == 1
    assert through[1, "/about"] == through[2, "/about"] == 0
    assert {"?at=page:/cart", "?at=page:/cart&direction=backwards"} <= {*page.links()}
    assert "?f=page:is:/cart" in page.links()
    assert "?" in page.links()  # all journeys again


def test_journeys_go_back_from_a_place() -> None:
    page = look(a_site_with(VISITS), "/journeys/", at="/cart", direction="backwards")
    assert blocks_of(page) == {(1, "/cart"): 2, (2, "/"): 2, (3, "/about"): 1}
    assert "2 of 3 sessions, 66.7%" in page.text
    assert [trail.places for trail in page.context["trails"]] == [
        ["/", "/cart"],
        ["/about", "/", "/cart"],
    ]


def test_filters_limit_the_sessions() -> None:
    page = look(a_site_with(VISITS), "/journeys/", f="country:is:KR")
    assert blocks_of(page) == {(1, "/"): 1, (2, "/cart"): 1, (3, "/thanks"): 1}


def test_a_place_that_nobody_was_at_says_what_to_do() -> None:
    page = look(a_site_with(VISITS), "/journeys/", at="/none")
    assert page.status == 200
    assert "No visit of this period was at /none." in page.text


def test_its_api_call_gives_the_same_numbers() -> None:
    client = a_site_with(VISITS)
    page = look(
        client,
        "/journeys/",
        step="2",
        place="page:/cart",
        at="/",
        g="/t*",
        f="country:is:KR|DE",
    )
    call = page.context["call"]
    answer = client.get(call.address, {"question": call.text}).json()
    found = msgspec.to_builtins(page.context["found"])
    for name in ("columns", "trails", "sessions"):
        assert answer[name] == found[name]
    assert client.get(call.csv).status_code == 200


def test_an_empty_site_says_what_to_do() -> None:
    page = look(a_site_with([]), "/journeys/")
    assert (page.status, page.context["sankey"]) == (200, None)
    assert "see on the live page whether events arrive" in page.text


def test_places_are_escaped() -> None:
    evil = '/"><script>alert(1)</script>'
    page = look(a_site_with(a_visit_of(evil, "/")), "/journeys/", at=evil)
    assert "<script>alert" not in page.html
    assert escape(evil) in page.html


@pytest.mark.parametrize(
    "query",
    [
        {"steps": "x"},
        {"steps": "1"},
        {"steps": "21"},
        {"breadth": "0"},
        {"direction": "up"},
        {"g": "/none"},
        {"step": "9", "place": "page:/"},
        {"at": "event:"},
    ],
)
def test_what_cannot_be_asked_is_a_page_with_status_400(query: dict[str, str]) -> None:
    assert look(a_site_with([]), "/journeys/", **query).status == 400


@pytest.mark.parametrize(
    ("pages", "patterns"),
    [
        (["/", "/blog/", "/blog/a", "/blog/b", "/blog/c", "/blog/d"], ("/blog/*",)),
        (["/blog/a/", "/blog/b/", "/blog/c/", "/blog/d/"], ("/blog/*/",)),
        (["/blog/a", "/blog/b", "/blog/c"], ()),
        (["/a", "/b", "/c", "/d", "/e"], ()),
        (["/user/1/edit", "/user/22/edit"], ("/user/*/edit",)),
        # A folder of folders is the parts of a site.
        (["/s/blog/", "/s/cart", "/s/a", "/s/b", "/s/blog/x", "/s/blog/y"], ()),
    ],
)
def test_folders_of_many_pages_are_found(
    pages: list[str], patterns: tuple[str, ...]
) -> None:
    assert find_groups(pages) == patterns


@pytest.mark.parametrize(
    ("text", "kind", "name"),
    [
        ("/a", PlaceKind.PAGE, "/a"),
        ("**/a", PlaceKind.PAGE, "**/a"),
        ("page:", PlaceKind.PAGE, ""),
        ("event:/a", PlaceKind.EVENT, "/a"),
        ("buy", PlaceKind.EVENT, "buy"),
    ],
)
def test_a_start_is_a_page_or_an_event(text: str, kind: PlaceKind, name: str) -> None:
    assert read_place(text) == Place(kind=kind, name=name)


def a_page(name: str, sessions: int, ended: int = 0) -> Node:
    place = Place(kind=PlaceKind.PAGE, name=name)
    return Node(place=place, sessions=sessions, ended=ended, through=0, places=1)


@pytest.mark.parametrize("direction", Direction)
def test_blocks_stay_inside_the_drawing_and_apart(direction: Direction) -> None:
    first = [a_page("/", 1_000, 898), *(a_page(f"/{n}", 1, 1) for n in range(9))]
    second = [a_page("/x", 101, 101), a_page("/y", 1, 1)]
    links = [
        Link(
            source=first[0].place, target=node.place, sessions=node.sessions, through=0
        )
        for node in second
    ]
    found = Journeys(
        sessions=1_009,
        columns=[
            Column(step=1, sessions=1_009, nodes=first, links=links),
            Column(step=2, sessions=102, nodes=second, links=[]),
        ],
        trails=[],
    )
    drawn = draw_sankey(found, direction)
    for step in (1, 2):
        column = [block for block in drawn.blocks if block.step == step]
        ends = [float(block.y) + float(block.height) for block in column]
        starts = [float(block.y) for block in column[1:]]
        assert all(end < start for end, start in zip(ends, starts, strict=False))
        assert ends[-1] <= drawn.height
        assert min(float(block.height) for block in column) >= LEAST_BLOCK
    assert float(drawn.blocks[0].y) == HEAD
    left = {block.step: of_width(block) for block in drawn.blocks}
    assert (left[1] < left[2]) is (direction is Direction.FORWARDS)
    assert all(0 <= x <= 100 - float(drawn.blocks[0].width[:-1]) for x in left.values())


def of_width(block: Block) -> float:
    return float(block.x.removesuffix("%"))
