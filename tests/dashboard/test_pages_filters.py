"""The filter bar and its editor: the address is the state, and the way back is ours."""

from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from liveinsight.dashboard.pages.filter_bar import FilterBar
from liveinsight.query.model import Operator
from tests.dashboard.pages import Shown, a_site_with, look, two_visits
from tests.dashboard.project import NOW, a_visit_of


def editor(**query: str | list[str]) -> str:
    return "/filters/?" + urlencode({"back": "/statistics/", **query}, doseq=True)


def bar_of(page: Shown) -> FilterBar:
    bar: FilterBar = page.context["filter_bar"]
    return bar


def test_a_chip_says_dimension_operator_and_values() -> None:
    filters = ["country:is:KR|DE", "page:contains_not:/a", "source:is:"]
    chips = bar_of(look(a_site_with([]), "/statistics/", f=filters)).chips
    assert [(chip.name, chip.operator, chip.value) for chip in chips] == [
        ("Country", "", "South Korea or Germany"),
        ("Page", "does not contain", "/a"),
        ("Source", "", "Direct"),
    ]
    assert chips[0].without == "?f=page:contains_not:/a&f=source:is:"


def test_conditions_put_together_are_one_chip_in_words() -> None:
    where = '["or",[["is","country",["KR"]],["not",["has_done",["is","page",["/a"]]]]]]'
    chips = bar_of(look(a_site_with([]), "/", f=where)).chips
    assert [chip.value for chip in chips] == [
        "Country is South Korea or not (has done (Page is /a))"
    ]


def test_every_operator_leads_back_to_the_report() -> None:
    client = a_site_with(two_visits())
    for operator in Operator:
        query = {
            "dimension": "page",
            "operator": operator.value,
            "value": ["/a", "/b|c"],
        }
        back = client.get(editor(q="period=7d", do="apply", **query))
        assert back.status_code == 302
        path, asked = urlsplit(back.headers["Location"])[2:4]
        assert path == "/statistics/"
        assert parse_qs(asked) == {
            "period": ["7d"],
            "f": [f"page:{operator.value}:/a|/b\\|c"],
        }
        assert client.get(back.headers["Location"]).status_code == 200


def test_a_filter_is_changed_in_its_place_or_taken_away() -> None:
    client = a_site_with(two_visits())
    was = urlencode([("f", "country:is:KR"), ("f", "page:is:/a")])
    shown = Shown(client.get(editor(q=was, at="0")))
    assert [row.value for row in shown.context["rows"] if row.is_chosen] == ["KR"]
    change = {"dimension": "country", "operator": "is_not", "value": "DE"}
    back = client.get(editor(q=was, at="0", do="apply", **change))
    assert parse_qs(urlsplit(back.headers["Location"])[3])["f"] == [
        "country:is_not:DE",
        "page:is:/a",
    ]
    gone = client.get(editor(q=was, at="0", do="apply", dimension="country"))
    assert gone.headers["Location"] == "/statistics/?f=page:is:/a"


def test_the_values_are_those_under_the_other_filters_with_their_visitors() -> None:
    client = a_site_with(two_visits())
    page = Shown(client.get(editor(q="f=country:is:KR", dimension="page")))
    rows = [(row.value, row.visitors) for row in page.context["rows"]]
    assert rows == [("/", 1), ("/cart", 1)]


def test_a_value_is_found_by_its_label_or_part_and_any_text_can_be_chosen() -> None:
    client = a_site_with(two_visits())
    for dimension, text, values in (
        ("country", "kor", ["KR", "kor"]),
        ("page", "CAR", ["/cart", "CAR"]),
        ("page", ".", ["."]),
    ):
        page = Shown(client.get(editor(dimension=dimension, text=text)))
        assert [row.value for row in page.context["rows"]] == values


def test_what_is_typed_and_not_chosen_is_meant_as_it_stands() -> None:
    back = a_site_with([]).get(editor(dimension="page", text="/new", do="apply"))
    assert back.headers["Location"] == "/statistics/?f=page:is:/new"


def test_the_properties_of_events_are_offered_and_any_other_can_be_named() -> None:
    bought = a_visit_of("/", at=NOW - 1, properties={"plan": "pro", "a:b": 1})
    client = a_site_with(bought)
    first = Shown(client.get(editor()))
    assert {each.label for each in first.context["properties"]} == {"plan", "a:b"}
    named = {"dimension": "property:", "property": "a:b", "value": "1", "do": "apply"}
    back = client.get(editor(**named)).headers["Location"]
    page = look(client, "/statistics/", f=parse_qs(urlsplit(back)[3])["f"])
    assert bar_of(page).chips[0].name == "a:b"
    assert page.context["cards"][0].value == "1"


@pytest.mark.parametrize(
    "query",
    [
        {"back": "https://evil.example/"},
        {"back": "//evil.example/"},
        {"back": "/statistics/?x=1"},
        {"back": "/nowhere/"},
        {"back": "/\\evil.example/"},
        {"at": "0"},
        {"at": "x", "q": "f=page:is:/"},
        {"dimension": "nonsense"},
        {"dimension": "page", "operator": "nonsense"},
        {"dimension": "page", "operator": "matches", "value": "(", "do": "apply"},
        {"dimension": "page", "value": "x" * 3000, "do": "apply"},
        {"q": "f=nonsense", "dimension": "page"},
    ],
    ids=str,
)
def test_what_cannot_be_edited_is_a_page_with_status_400(query: dict[str, str]) -> None:
    assert a_site_with([]).get(editor(**query)).status_code == 400
