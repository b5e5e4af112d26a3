"""Goals as filters: on the statistics and live pages, and in the plain addresses."""

from typing import Any

import pytest

from liveinsight.core.event import Event
from liveinsight.dashboard.goals import add_goal
from liveinsight.dashboard.rights import open_grant
from liveinsight.query.actions import Action, Definition
from liveinsight.query.model import Filter, Operator
from tests.dashboard.links import a_link, open_link
from tests.dashboard.pages import Shown, a_site_with, look, two_visits
from tests.dashboard.project import NOW, SITE, a_visit_of
from tests.query.tables import HOUR

DAY = 24 * HOUR
CART = "goal:is:Cart"


def a_shop(events: list[Event] | None = None) -> Any:
    """Anna was in the cart, ben was not."""
    client = a_site_with(two_visits() if events is None else events)
    add_goal(SITE, "Cart", Definition(action=Action(page="/cart")))
    add_goal(SITE, "Read", Definition(scroll_percent=50))
    return client


def cards_of(page: Shown) -> dict[str, str]:
    return {card.label: card.value for card in page.context["cards"]}


def bars_of(page: Shown, name: str) -> dict[str, tuple[float, str]]:
    panel = next(
        each
        for each in page.context["panels"]
        if each.element_id.removeprefix("panel-") == name
    )
    return {bar.label: (bar.number, bar.rate) for bar in panel.bars}


def test_the_panel_shows_every_goal_and_filters_by_it() -> None:
    page = look(a_shop(), "/statistics/")
    panel = page.context["goals_panel"]
    numbers = {line.name: (line.conversions, line.rate) for line in panel.lines}
    assert numbers == {
        "Cart": (1, "50.0%"),
        "Read": (0, "0.0%"),
        "conversion": (0, "0.0%"),
    }
    assert f"?f={CART}" in page.links()


def test_under_a_goal_every_row_has_its_rate() -> None:
    page = look(a_shop(), "/statistics/", f=CART)
    assert cards_of(page)["Converted visitors"] == "1"
    assert cards_of(page)["Conversion rate"] == "50.0%"
    assert bars_of(page, "places") == {"South Korea": (1, "100.0%")}
    assert bars_of(page, "pages") == {"/cart": (1, "100.0%")}
    assert "Visitors · Rate" in page.text


def test_without_a_goal_no_row_has_a_rate() -> None:
    page = look(a_shop(), "/statistics/")
    assert "Conversion rate" not in cards_of(page)
    assert {rate for _, rate in bars_of(page, "places").values()} == {""}


def test_from_one_goal_one_goes_to_another_or_to_none() -> None:
    page = look(a_shop(), "/statistics/", f=[CART, "country:is:KR"])
    lines = {line.name: line for line in page.context["goals_panel"].lines}
    assert [name for name, line in lines.items() if line.is_chosen] == ["Cart"]
    assert lines["Cart"].address == "?f=country:is:KR"
    assert lines["Read"].address == "?f=country:is:KR&f=goal:is:Read"
    assert lines["Cart"].rate == "100.0%"


def test_a_site_without_goals_is_led_to_its_first() -> None:
    page = look(a_site_with(two_visits()), "/statistics/")
    assert "No goal was reached in this period" in page.text
    assert f"/goals/add/?site={SITE}" in page.links()


def test_a_source_is_that_of_the_visit_that_is_chosen() -> None:
    first = a_visit_of(
        "/", user="anna", at=NOW - 3 * DAY, source="Bing", channel="Organic Search"
    )
    later = a_visit_of("/cart", user="anna", at=NOW - HOUR, channel="Direct")
    client = a_shop([*first, *later])

    def sources(**query: str) -> dict[str, tuple[float, str]]:
        return bars_of(look(client, "/statistics/", f=CART, **query), "sources")

    assert sources() == {"Direct": (1, "100.0%")}
    assert sources(attribution="first") == {"Bing": (1, "100.0%")}
    assert sources(attribution="last") == {"Bing": (1, "100.0%")}
    under = look(
        client, "/statistics/", f=[CART, "source:is:Bing"], attribution="first"
    )
    assert cards_of(under)["Converted visitors"] == "1"


def test_the_choice_of_the_visit_stands_in_the_address() -> None:
    page = look(a_shop(), "/statistics/", attribution="last", f=CART)
    assert f"?attribution=first&f={CART}" in page.links()
    assert f"?f={CART}" in page.links()
    assert look(a_shop_again(page), "/statistics/", attribution="eon").status == 400


def a_shop_again(page: Shown) -> Any:
    return page.response.client


def test_the_live_page_is_filtered_by_a_goal() -> None:
    page = look(a_shop(), "/", f=CART)
    assert page.status == 200
    assert page.context["panels"].current_visitors == 1


@pytest.mark.parametrize("goal", ["Cart", "Read"])
def test_the_live_stream_and_its_poll_know_the_goals(goal: str) -> None:
    client = a_shop()
    query = {"site": SITE, "f": f"goal:is:{goal}"}
    token = client.get("/live/token", query).json()["token"]
    cookies = "; ".join(f"{k}={v.value}" for k, v in client.cookies.items())
    grant = open_grant(token, cookies)
    assert grant is not None
    polled = client.get("/live/poll", query).json()
    expected = 1 if goal == "Cart" else 0
    assert polled["panels"]["panels"]["current_visitors"] == expected


def test_a_token_for_a_goal_that_is_gone_opens_nothing() -> None:
    client = a_site_with(two_visits())
    goal = add_goal(SITE, "Cart", Definition(action=Action(page="/cart")))
    query = {"site": SITE, "f": CART}
    token = client.get("/live/token", query).json()["token"]
    goal.delete()
    cookies = "; ".join(f"{k}={v.value}" for k, v in client.cookies.items())
    assert open_grant(token, cookies) is None


def test_the_plain_addresses_take_goals() -> None:
    client = a_shop()
    found = client.get("/api/statistics/pages/", {"site": SITE, "f": CART}).json()
    assert found == [{"page": "/cart", "views": 1}]
    response = client.get("/api/statistics/pages/", {"site": SITE, "f": "goal:is:No"})
    assert response.status_code == 400
    assert response.json()["error"]["field"] == "f"


def test_a_filter_by_a_goal_that_is_not_there_is_refused() -> None:
    page = look(a_shop(), "/statistics/", f="goal:is:Nothing")
    assert page.status == 400
    assert "no goal" in page.text


def test_a_link_to_those_who_reached_a_goal_tells_nothing_of_others() -> None:
    a_shop()
    reached = Filter("goal", Operator.IS, ("Cart",))
    page = open_link(a_link(segment=reached), "/statistics/")
    assert cards_of(page)["Visitors"] == "1"
    panel = page.context["goals_panel"]
    numbers = {line.name: (line.visitors, line.rate) for line in panel.lines}
    # Of all visitors it would be half.
    assert numbers["Cart"] == (1, "100.0%")
    under = open_link(a_link(segment=reached), "/statistics/", f=CART)
    assert cards_of(under)["Conversion rate"] == "100.0%"


def test_a_link_to_a_segment_does_not_tell_of_visits_outside_of_it() -> None:
    a_shop()
    in_korea = a_link(segment=Filter("country", Operator.IS, ("KR",)))
    page = open_link(in_korea, "/statistics/")
    assert "First visit" not in page.text
    assert open_link(in_korea, "/statistics/", attribution="first").status == 400
    whole = open_link(a_link(), "/statistics/", attribution="first")
    assert whole.status == 200
    assert "First visit" in whole.text
