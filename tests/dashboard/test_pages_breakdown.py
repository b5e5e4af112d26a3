"""`/statistics/details/`: one breakdown in full."""

from typing import Any

import pytest

from liveinsight.dashboard.pages.filter_editor import GROUPS
from tests.dashboard.pages import Shown, a_site_with, look, two_visits
from tests.dashboard.project import NOW, a_visit_of
from tests.query.tables import HOUR

PATH = "/statistics/details/"
DAY = 24 * HOUR


def labels_of(page: Shown) -> list[str]:
    return [line.label for line in page.context["lines"]]


def test_every_dimension_can_be_broken_down_by() -> None:
    client = a_site_with(two_visits())
    for _label, names in GROUPS:
        for name in (*names, "property:plan"):
            assert look(client, PATH, by=name).status == 200, name


def test_rows_are_found_by_part_of_their_value_or_name() -> None:
    client = a_site_with(two_visits())
    assert labels_of(look(client, PATH, by="page", find="CAR")) == ["/cart"]
    assert labels_of(look(client, PATH, by="country", find="korea")) == ["South Korea"]
    nothing = look(client, PATH, by="country", find="nowhere")
    assert "Nothing here has a value that fits" in nothing.text


def test_a_column_orders_the_rows_and_turns_them_round() -> None:
    client = a_site_with(two_visits())
    most = look(client, PATH, by="page", order="page_views")
    least = look(client, PATH, by="page", order="-page_views")
    assert labels_of(most) == ["/", "/cart"]
    assert labels_of(least) == ["/cart", "/"]
    assert "?by=page&order=-page_views" in most.links()


def test_more_rows_are_on_further_pages() -> None:
    visit = a_visit_of(*(f"/{number}" for number in range(60)), at=NOW - 2 * HOUR)
    client = a_site_with(visit)
    first = look(client, PATH, by="page")
    second = look(client, PATH, by="page", page="1")
    assert (len(labels_of(first)), len(labels_of(second))) == (50, 10)
    assert "?by=page&page=1" in first.links()
    assert len({*labels_of(first), *labels_of(second)}) == 60


def test_rows_carry_their_change() -> None:
    long_ago = a_visit_of("/", user="older", at=NOW - 90 * DAY)
    before = a_visit_of("/", user="old", at=NOW - 40 * DAY)
    page = look(a_site_with(two_visits() + before + long_ago), PATH, by="page")
    line = page.context["lines"][0]
    assert (line.label, line.cells[0].value, line.cells[0].change) == (
        "/",
        "2",
        "+100.0%",
    )


@pytest.mark.parametrize(
    "query",
    [
        {"by": "time"},
        {"by": "nonsense"},
        {"order": "revenue"},
        {"page": "-1"},
        {"page": "999999999999"},
    ],
    ids=lambda query: "-".join(query),
)
def test_what_cannot_be_asked_is_a_page_with_status_400(query: dict[str, str]) -> None:
    assert look(a_site_with([]), PATH, **query).status == 400


def test_the_csv_and_the_call_of_a_panel_give_its_numbers() -> None:
    client = a_site_with(two_visits())
    page = look(client, "/statistics/", f="country:is:KR")
    panel = page.context["panels"][0]
    rows = [(bar.label, bar.number) for bar in panel.bars]
    answered: Any = client.post(
        panel.call.address, panel.call.text, content_type="application/json"
    ).json()
    got = [(row["dimensions"][0], row["metrics"][0]) for row in answered["results"]]
    assert got == rows == [("/", 1), ("/cart", 1)]
    csv = client.get(panel.call.csv).content.decode()
    assert csv.splitlines()[1:] == ["/,1", "/cart,1"]


def test_the_call_is_shown_for_a_shell() -> None:
    client = a_site_with(two_visits())
    call = look(client, "/statistics/", f="page:contains:it's").context["call"]
    page = Shown(client.get(call.shown))
    assert "it'\"'\"'s" in page.context["curl"]
    assert client.get("/api-call/?endpoint=query&question={").status_code == 400
    assert client.get("/api-call/?endpoint=../x&question={}").status_code == 400
