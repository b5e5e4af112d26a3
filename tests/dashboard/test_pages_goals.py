"""`/goals/`: what the owner wants, in a form, and what became of it."""

from typing import Any

import pytest
from django.test import Client

from liveinsight.core.event import Revenue
from liveinsight.dashboard.goals import (
    MOST_GOALS,
    add_goal,
    load_goals,
    read_definition,
)
from liveinsight.dashboard.models import Goal
from liveinsight.query.actions import Action, Definition, PropertyTest
from liveinsight.query.model import Operator
from tests.dashboard.pages import Shown, a_site_with, look, two_visits
from tests.dashboard.project import NOW, SITE, a_visit_of
from tests.query.tables import MINUTE, an_event

ROWS = {"property-TOTAL_FORMS": "0", "property-INITIAL_FORMS": "0"}


def post(client: Client, path: str, **fields: str) -> Shown:
    return Shown(client.post(f"{path}?site={SITE}", {**ROWS, **fields}))


def definition_of(name: str) -> Definition:
    return read_definition(Goal.objects.get(name=name))


def numbers_of(page: Shown) -> dict[str, Any]:
    return {row.line.name: row.line for row in page.context["rows"]}


@pytest.mark.parametrize(
    ("fields", "definition"),
    [
        pytest.param(
            {"kind": "page", "page": "/blog/**", "seconds": "7", "event_type": "x"},
            Definition(action=Action(page="/blog/**")),
            id="page",
        ),
        pytest.param(
            {"kind": "page", "page": "https://shop.example/a/?q=1#top"},
            Definition(action=Action(page="/a/")),
            id="a whole address",
        ),
        pytest.param(
            {"kind": "time", "page": "/a", "seconds": "90"},
            Definition(action=Action(page="/a"), engagement_ms=90_000),
            id="time",
        ),
        pytest.param(
            {"kind": "scroll", "page": "", "percent": "75"},
            Definition(scroll_percent=75),
            id="depth on any page",
        ),
        pytest.param(
            {"kind": "page", "page": "/a", "amount": "2.5", "currency": "eur"},
            Definition(
                action=Action(page="/a"), value=Revenue(amount=2.5, currency="EUR")
            ),
            id="value",
        ),
        pytest.param(
            {
                "kind": "event",
                "event_type": " signup ",
                "property-TOTAL_FORMS": "2",
                "property-0-name": "plan",
                "property-0-operator": "is",
                "property-0-value": "pro",
                "property-1-name": "",
                "property-1-operator": "contains",
                "property-1-value": "",
            },
            Definition(
                action=Action(
                    event_type="signup",
                    properties=(PropertyTest(name="plan", value="pro"),),
                )
            ),
            id="event",
        ),
    ],
)
def test_a_goal_is_kept_as_it_was_written(
    fields: dict[str, str], definition: Definition
) -> None:
    client = a_site_with([])
    assert post(client, "/goals/add/", name="Won", **fields).status == 302
    assert definition_of("Won") == definition
    goal = Goal.objects.get(name="Won")
    # And the form shows it again as it was.
    shown = look(client, f"/goals/{goal.pk}/").context["forms"]
    again = {
        bound.html_name: bound.value() or ""
        for form in (shown.goal, *shown.properties.forms)
        for bound in form
    }
    again |= {"property-TOTAL_FORMS": str(len(shown.properties.forms))}
    assert post(client, f"/goals/{goal.pk}/", **again).status == 302
    assert definition_of("Won") == definition


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        pytest.param({"name": " ", "page": "/a"}, "name", id="no name"),
        pytest.param({"name": "conversion", "page": "/a"}, "name", id="built-in name"),
        pytest.param({"name": "Taken", "page": "/a"}, "name", id="name in use"),
        pytest.param({"kind": "eon", "page": "/a"}, "kind", id="no kind"),
        pytest.param({"page": ""}, "page", id="no page"),
        pytest.param({"page": "blog"}, "page", id="no path"),
        pytest.param({"page": "/" + "a" * 2048}, "page", id="long page"),
        pytest.param({"kind": "event"}, "event_type", id="no event"),
        pytest.param(
            {"kind": "event", "event_type": "engagement"}, "event_type", id="engagement"
        ),
        pytest.param({"kind": "time", "seconds": "0"}, "seconds", id="no time"),
        pytest.param({"kind": "time", "seconds": "9e9"}, "seconds", id="no number"),
        pytest.param({"kind": "scroll", "percent": "101"}, "percent", id="too deep"),
        pytest.param({"page": "/a", "amount": "1"}, "currency", id="no currency"),
        pytest.param(
            {"page": "/a", "amount": "1", "currency": "€"}, "currency", id="a sign"
        ),
        pytest.param({"page": "/a", "amount": "nan"}, "amount", id="no amount"),
        pytest.param({"page": "/a", "amount": "-1"}, "amount", id="less than nothing"),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_nothing_is_kept(
    fields: dict[str, str], field: str
) -> None:
    client = a_site_with([])
    add_goal(SITE, "Taken", Definition(action=Action(page="/t")))
    page = post(client, "/goals/add/", **{"name": "New", "kind": "page", **fields})
    assert page.status == 400
    assert list(page.context["forms"].goal.errors) == [field]
    assert [goal.name for goal in load_goals(SITE)] == ["Taken"]


@pytest.mark.parametrize(
    "row",
    [
        pytest.param({"operator": "matches", "value": "("}, id="no pattern"),
        pytest.param({"operator": "contains", "value": ""}, id="no text"),
        pytest.param({"operator": "sounds like", "value": "a"}, id="no operator"),
        pytest.param({"operator": "is", "value": "a" * 501}, id="long value"),
    ],
)
def test_a_condition_on_a_property_must_be_one(row: dict[str, str]) -> None:
    fields = {f"property-0-{name}": value for name, value in row.items()}
    page = post(
        a_site_with([]),
        "/goals/add/",
        name="New",
        kind="event",
        event_type="x",
        **{"property-TOTAL_FORMS": "1", "property-0-name": "plan", **fields},
    )
    assert page.status == 400
    assert page.context["forms"].properties.forms[0].errors
    assert load_goals(SITE) == ()


def test_the_form_needs_its_hidden_fields() -> None:
    client = a_site_with([])
    fields = {"name": "New", "kind": "page", "page": "/a"}
    response = client.post(f"/goals/add/?site={SITE}", fields)
    assert response.status_code == 400
    many = {"property-TOTAL_FORMS": "100000", "property-INITIAL_FORMS": "0"}
    assert Shown(client.post("/goals/add/", {**fields, **many})).status == 400
    assert load_goals(SITE) == ()


def test_a_site_has_a_bounded_number_of_goals() -> None:
    client = a_site_with([])
    for number in range(MOST_GOALS):
        add_goal(SITE, f"Goal {number}", Definition(action=Action(page="/t")))
    page = post(client, "/goals/add/", name="One more", kind="page", page="/a")
    assert page.status == 400
    assert "at most 50 goals" in page.text
    listed = look(client, "/goals/")
    assert "at most 50 goals" in listed.text
    assert not [link for link in listed.links() if link.startswith("/goals/add/")]


def test_a_goal_counts_the_past() -> None:
    client = a_site_with(two_visits())
    add_goal(SITE, "Cart", Definition(action=Action(page="/c*")))
    add_goal(SITE, "Never", Definition(action=Action(page="/never")))
    page = look(client, "/goals/", site=SITE)
    lines = numbers_of(page)
    cart = lines["Cart"]
    assert (cart.visitors, cart.conversions, cart.rate) == (1, 1, "50.0%")
    assert (lines["Never"].visitors, lines["Never"].rate) == (0, "0.0%")
    assert f"/statistics/?f=goal:is:Cart&site={SITE}" in page.links()


def test_a_threshold_counts_once_per_session_and_page() -> None:
    read = [
        an_event(
            NOW - MINUTE + second * 1_000,
            event_id=f"evt_read_{second}",
            event_type="engagement",
            page="/",
            engagement_ms=6_000,
            scroll_percent=second * 10,
        )
        for second in (1, 5, 9)
    ]
    client = a_site_with([*a_visit_of("/", at=NOW - 2 * MINUTE), *read])
    add_goal(SITE, "Read", Definition(engagement_ms=15_000))
    add_goal(SITE, "Long", Definition(engagement_ms=19_000))
    add_goal(SITE, "Deep", Definition(scroll_percent=90))
    lines = numbers_of(look(client, "/goals/"))
    assert {name: line.conversions for name, line in lines.items()} == {
        "Read": 1,
        "Long": 0,
        "Deep": 1,
        "conversion": 0,
    }


def test_revenue_is_the_goals_value_or_the_events() -> None:
    paid = an_event(
        NOW - MINUTE,
        event_id="evt_paid",
        event_type="conversion",
        page="/",
        revenue=Revenue(amount=19.5, currency="EUR"),
    )
    client = a_site_with([*two_visits(), paid])
    value = Revenue(amount=2, currency="USD")
    add_goal(SITE, "Lead", Definition(action=Action(page="/"), value=value))
    lines = numbers_of(look(client, "/goals/"))
    assert lines["conversion"].revenue == "19.50 EUR"
    assert lines["Lead"].revenue == "4 USD"


def test_amounts_of_several_currencies_are_not_added_up() -> None:
    sales = [
        an_event(
            NOW - (number + 1) * MINUTE,
            event_id=f"evt_{number}",
            event_type="conversion",
            page=page,
            revenue=Revenue(amount=amount, currency=currency),
        )
        for number, (page, amount, currency) in enumerate(
            [("/a", 5, "EUR"), ("/a", 7, "EUR"), ("/b", 9_000, "KRW")]
        )
    ]
    client = a_site_with([*two_visits(), *sales])
    value = Revenue(amount=2, currency="USD")
    add_goal(SITE, "Lead", Definition(action=Action(page="/"), value=value))
    abroad = Action(event_type="conversion", page="/b")
    add_goal(SITE, "Abroad", Definition(action=abroad))
    lines = numbers_of(look(client, "/goals/"))
    assert lines["conversion"].every_revenue == "12 EUR, 9,000 KRW"
    assert lines["conversion"].revenue == "12 EUR +1"
    assert lines["Abroad"].revenue == lines["Abroad"].every_revenue == "9,000 KRW"
    assert lines["Lead"].revenue == "4 USD"


def test_a_goal_is_tried_before_it_is_saved() -> None:
    client = a_site_with(two_visits())
    page = post(
        client, "/goals/add/", name="Cart", kind="page", page="/cart", **{"try": "1"}
    )
    assert page.status == 200
    assert "1 conversions by 1 visitors, 50.0% of all" in page.text
    assert load_goals(SITE) == ()


def test_frequent_events_are_suggested() -> None:
    sign_up = an_event(NOW - MINUTE, event_type="sign_up", event_id="evt_sign_up")
    client = a_site_with([*two_visits(), sign_up])
    page = look(client, "/goals/")
    address = f"/goals/add/?site={SITE}&event=sign_up"
    assert address in page.links()
    form = look(client, "/goals/add/", site=SITE, event="sign_up").context["forms"]
    assert form.goal["event_type"].value() == "sign_up"
    assert form.goal["kind"].value() == "event"
    add_goal(SITE, "Sign-up", Definition(action=Action(event_type="sign_up")))
    assert address not in look(client, "/goals/").links()


def test_a_goal_says_what_has_to_happen() -> None:
    client = a_site_with([])
    tests = (PropertyTest(name="plan", operator=Operator.IS_NOT, value="free"),)
    action = Action(event_type="buy", page="/a*", properties=tests)
    for name, definition in {
        "a": Definition(action=action),
        "b": Definition(action=Action(page="/x"), engagement_ms=5_000),
        "c": Definition(scroll_percent=50),
    }.items():
        add_goal(SITE, name, definition)
    text = look(client, "/goals/").text
    assert "Event buy, on /a*, plan is not free" in text
    assert "/x is read for 5s" in text
    assert "any page is scrolled to 50%" in text


def test_a_goal_is_removed_and_its_events_stay() -> None:
    client = a_site_with(two_visits())
    goal = add_goal(SITE, "Cart", Definition(action=Action(page="/cart")))
    assert look(client, f"/goals/{goal.pk}/remove/").status == 405
    response = client.post(f"/goals/{goal.pk}/remove/")
    assert response.headers["Location"] == f"/goals/?site={SITE}"
    assert load_goals(SITE) == ()
    assert look(client, f"/goals/{goal.pk}/").status == 404


def test_a_goal_is_its_sites_whatever_the_address_says() -> None:
    client = a_site_with([])
    goal = add_goal("other.example", "Theirs", Definition(action=Action(page="/t")))
    page = look(client, f"/goals/{goal.pk}/", site=SITE)
    assert page.context["scope"].site == "other.example"
    assert "Theirs" not in look(client, "/goals/", site=SITE).text


def test_names_are_written_as_text() -> None:
    client = a_site_with([])
    name = "<script>alert(1)</script>"
    post(client, "/goals/add/", name=name, kind="page", page="/<b>")
    assert "<script>alert" not in look(client, "/goals/").html
    assert "<b>" not in look(client, "/goals/").html.partition("<main")[2].replace(
        "<body>", ""
    )


def test_goals_need_an_account() -> None:
    a_site_with([])
    assert Client().get("/goals/").status_code == 302
    assert Client().post("/goals/add/", {"name": "x"}).status_code == 302
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = a_site_with_again().cookies
    assert strict.post("/goals/add/", {"name": "x"}).status_code == 403


def a_site_with_again() -> Client:
    """A second browser, signed in to the same site."""
    client = Client()
    assert client.login(username="ada", password="correct horse 9")
    return client
