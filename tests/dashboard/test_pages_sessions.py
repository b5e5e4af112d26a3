"""Sessions and people on pages: listed, searched, followed step by step, erased."""

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from liveinsight.store.person import Person
from tests.dashboard.clients import an_account, nobody
from tests.dashboard.pages import a_site_with, look, two_visits
from tests.dashboard.project import NOW, SITE, a_server, a_visit_of
from tests.query.tables import HOUR, MINUTE, NOON, an_event

from liveinsight.dashboard import runtime  # isort: skip
from liveinsight.dashboard.audit import ERASED, note  # isort: skip
from liveinsight.dashboard.models import AuditLine  # isort: skip
from liveinsight.dashboard.pages.session import list_pages, list_steps  # isort: skip
from liveinsight.dashboard.pages.sessions import LISTED  # isort: skip
from liveinsight.dashboard.sites import add_site  # isort: skip
from liveinsight.query.sessions import MOST_STEPS, read_timeline  # isort: skip

DAY = 24 * HOUR

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.test import Client

    from liveinsight.core.event import Event


@pytest.fixture(autouse=True)
def _no_lines() -> None:
    AuditLine.objects.all().delete()


def many_visits() -> "list[Event]":
    """One an hour and visitor, more than a page of the list."""
    return [
        event
        for number in range(LISTED + 5)
        for event in a_visit_of("/", user=f"user{number}", at=NOON - number * HOUR)
    ]


def engagement(page: str, at: int, ms: int, depth: int | None) -> "Event":
    return an_event(
        at,
        event_id=f"evt_e{at}",
        event_type="engagement",
        session_id="sess_anna",
        session_sent=True,
        page=page,
        engagement_ms=ms,
        scroll_percent=depth,
    )


def test_the_list_shows_sessions_by_day_with_their_visitors() -> None:
    client = a_site_with(two_visits())
    page = look(client, "/sessions/", period="7d")
    assert page.status == 200
    assert "2 sessions of 2 visitors" in page.text
    assert "/ → /cart" in page.text
    links = page.links()
    assert "/sessions/sess_anna/?site=shop.example" in links
    assert "/visitors/ben/?site=shop.example" in links


def test_the_list_goes_on_page_by_page_under_the_same_filters() -> None:
    client = a_site_with(many_visits())
    asked = {"period": "7d", "f": "page:is:/"}
    first = look(client, "/sessions/", **asked)
    view = first.context["view"]
    assert sum(len(day.sessions) for day in view.days) == LISTED
    assert view.counts.sessions == LISTED + 5
    second = look(client, "/sessions/" + view.older)
    rest = second.context["view"]
    assert sum(len(day.sessions) for day in rest.days) == 5
    assert "f=page:is:/" in view.older
    assert (rest.older, rest.newest) == ("", "?period=7d&f=page:is:/")
    assert rest.counts is None  # the first page has counted them
    assert "Older sessions" in second.text
    # Other filters begin with the newest again.
    assert "after=" not in second.context["filter_bar"].clear


def test_the_number_of_sessions_is_that_of_the_statistics_with_its_change() -> None:
    before = [
        event
        for number in range(3)
        for event in a_visit_of("/", user=f"old{number}", at=NOW - (31 + number) * DAY)
    ]
    first = a_visit_of("/", user="first", at=NOW - 90 * DAY)
    client = a_site_with([*two_visits(), *before, *first])
    for query in ({}, {"f": "page:is:/cart"}, {"compare": "year"}, {"period": "7d"}):
        counts = look(client, "/sessions/", **query).context["view"].counts
        cards = look(client, "/statistics/", **query).context["cards"]
        (card,) = [each for each in cards if each.metric == "sessions"]
        assert str(counts.sessions) == card.value
        told = "–" if counts.sessions_before is None else str(counts.sessions_before)
        assert told == card.before
    assert "2 sessions −33.3% of 2 visitors" in look(client, "/sessions/").text


def test_what_happened_on_a_day_is_said_at_the_day() -> None:
    client = a_site_with(two_visits())
    day = {"day": "2026-03-01", "text": "Sale <b>begins</b>"}
    client.post(f"/annotations/add/?site={SITE}", day)
    page = look(client, "/sessions/")
    assert [note.text for note in page.context["view"].days[0].notes] == [day["text"]]
    assert page.text.count(day["text"]) == 2
    assert "<b>begins" not in page.html


@pytest.mark.parametrize(
    ("search", "users"),
    [("CART", ["anna"]), ("ben", ["ben"]), ("sess_", ["ben", "anna"]), ("no", [])],
)
def test_a_search_finds_visitors_sessions_and_pages(
    search: str, users: list[str]
) -> None:
    client = a_site_with(two_visits())
    page = look(client, "/sessions/", search=search)
    days = page.context["view"].days
    assert [each.user_id for day in days for each in day.sessions] == users


def test_a_whole_id_leads_to_its_page_whenever_that_was() -> None:
    old = a_visit_of("/", user="old", at=NOON - 100 * 24 * HOUR)
    client = a_site_with([*two_visits(), *old])
    for search, address in (
        ("old", "/visitors/old/?site=shop.example"),
        ("sess_old", "/sessions/sess_old/?site=shop.example"),
    ):
        page = look(client, "/sessions/", search=search, period="today")
        assert "No session matches" in page.text
        assert address in page.links()


def test_an_empty_list_says_what_to_do_next() -> None:
    client = a_site_with([])
    assert "Nobody came in this time" in look(client, "/sessions/").text
    assert "Look at 12 months" in look(client, "/sessions/").text
    filtered = look(client, "/sessions/", f="country:is:KR")
    assert "No session matches" in filtered.text
    assert "?" in filtered.links()  # everything


@pytest.mark.parametrize(
    "query", [{"after": "x"}, {"search": "x" * 201}, {"f": "size:is:1"}]
)
def test_a_wrong_list_is_refused(query: dict[str, str]) -> None:
    assert look(a_site_with([]), "/sessions/", **query).status == 400


def test_only_a_part_of_the_list_is_swapped() -> None:
    client = a_site_with(two_visits())
    part = client.get(
        "/sessions/", headers={"HX-Request": "true", "HX-Target": "report"}
    )
    assert b"<html" not in part.content
    assert b'id="report"' in part.content


def a_visit_with_engagement() -> "list[Event]":
    """Two pages, the first one seen twice; engagement of both, told in parts."""
    return [
        engagement("/before", NOON - 1, 700, None),
        *a_visit_of("/", "/cart", "/"),
        engagement("/", NOON + 20_000, 4_000, 30),
        engagement("/", NOON + 40_000, 5_000, 80),
        engagement("/cart", NOON + MINUTE + 9_000, 2_000, None),
        engagement("/", NOON + 2 * MINUTE + 9_000, 1_000, 10),
    ]


def test_the_time_on_a_page_is_told_with_its_view() -> None:
    server = a_server(a_visit_with_engagement())
    steps = list_steps(read_timeline(SITE, "sess_anna", server.reader) or [])
    told = [
        (step.event.page, step.engagement_ms, step.scroll_percent, step.is_quiet)
        for step in steps
    ]
    assert told == [
        ("/before", 700, None, True),
        ("/", 9_000, 80, False),
        ("/cart", 2_000, None, False),
        ("/", 1_000, 10, False),
    ]


def test_the_pages_of_a_session_have_their_time_and_depth() -> None:
    server = a_server(a_visit_with_engagement())
    lines = list_pages(read_timeline(SITE, "sess_anna", server.reader) or [])
    assert [
        (each.time.page, each.time.views, each.time.engagement_ms) for each in lines
    ] == [("/before", 0, 700), ("/", 2, 10_000), ("/cart", 1, 2_000)]
    assert [each.time.scroll_percent for each in lines] == [None, 80, None]
    assert [each.share for each in lines] == [6, 79, 16]  # percent, each rounded


def test_a_session_shows_where_the_time_went() -> None:
    client = a_site_with(a_visit_with_engagement())
    page = look(client, "/sessions/sess_anna/")
    assert "Time on each page" in page.text
    assert "9s in view · scrolled to 80%" in page.text
    assert "/visitors/anna/?site=shop.example" in page.links()


def test_a_visitor_has_a_history_over_all_sessions() -> None:
    visits = [
        event
        for day in range(3)
        for event in a_visit_of("/", "/a", at=NOON - day * 24 * HOUR)
    ]
    page = look(a_site_with(visits), "/visitors/anna/")
    history = page.context["history"]
    assert (history.sessions, history.page_views) == (3, 6)
    assert history.first_seen == NOON - 48 * HOUR
    assert not history.is_derived
    assert len(page.context["visits"]) == 3


def test_a_visitor_without_an_id_is_said_to_be_one_of_a_day() -> None:
    visit = [an_event(user_id=None, visitor_id="d00d")]
    page = look(a_site_with(visit), "/visitors/d00d/")
    assert "id of one day" in page.text


def test_a_visitor_is_handed_out_as_a_file() -> None:
    client = a_site_with(two_visits())
    response = client.get("/visitor/export/", {"id": "anna"})
    assert response.headers["Content-Type"] == "application/json"
    assert "attachment" in response.headers["Content-Disposition"]
    assert "anna" not in response.headers["Content-Disposition"]
    made = json.loads(response.content)
    assert (made["user_id"], len(made["events"])) == ("anna", 2)
    assert [event["page"] for event in made["events"]] == ["/", "/cart"]
    assert {event["source"] for event in made["events"]} == {"Google"}
    (line,) = AuditLine.objects.all()
    assert (line.account, line.action) == ("ada", "export")
    assert "anna" not in line.subject


@contextmanager
def erasing(events: "list[Event]") -> "Iterator[tuple[Client, list[object]]]":
    """A signed-in browser, and who was asked to be erased by whom."""
    asked: list[object] = []
    people: list[Person] = []

    def erase(person: Person, account: str) -> None:
        asked.append((person, account))
        people.append(person)

    runtime.bind(replace(a_server(events), erase=erase, erasing=lambda: people))
    add_site(SITE, "Asia/Seoul")
    yield an_account(), asked


def test_a_visitor_is_erased_only_when_it_is_meant() -> None:
    with erasing(two_visits()) as (client, asked):
        page = look(client, "/visitor/erase/", id="anna")
        assert "2 Events" not in page.text
        assert "Erase for good" in page.text
        form = {"site": SITE, "id": "anna"}
        unsure = client.post("/visitor/erase/", form)
        assert unsure.status_code == 400
        assert asked == []
        done = client.post("/visitor/erase/", form | {"sure": "yes"})
        assert (done.status_code, done.headers["Location"]) == (
            302,
            "/sessions/?site=shop.example",
        )
        assert asked == [(Person(SITE, "anna"), "ada")]
        assert "The visitor is being erased" in look(client, "/sessions/").text
        listed = look(client, "/sessions/")
        assert "A visitor is being erased; until that is done" in listed.text
        assert "This visitor is being erased" in look(client, "/visitors/anna/").text


@pytest.mark.parametrize("user", ["nobody", "", "x" * 200])
def test_who_never_came_cannot_be_erased(user: str) -> None:
    with erasing(two_visits()) as (client, asked):
        for method in (client.get, client.post):
            response = method("/visitor/erase/", {"id": user, "sure": "yes"})
            assert response.status_code == 404
        assert client.get("/visitor/export/", {"id": user}).status_code == 404
        assert asked == []


@pytest.mark.parametrize(
    ("user", "said"), [("anna", "anna"), ("--yes; rm -r ~", "'--yes; rm -r ~'")]
)
def test_a_dashboard_of_a_stack_says_which_command_erases(user: str, said: str) -> None:
    client = a_site_with([an_event(user_id=user)])
    page = look(client, "/visitor/erase/", id=user)
    assert f"liveinsight user erase --site shop.example -- {said}" in page.text
    assert "Erase for good" not in page.text


@pytest.mark.parametrize(
    "path",
    ["/sessions/", "/visitor/erase/?id=anna", "/visitor/export/?id=anna", "/audit/"],
)
def test_strangers_see_nobody(path: str) -> None:
    a_site_with(two_visits())
    response = nobody().get(path)
    assert response.status_code == 302
    assert "/accounts/sign-in/" in response.headers["Location"]


def test_the_log_tells_who_did_what() -> None:
    client = a_site_with([])
    assert "Nothing yet" in look(client, "/audit/").text
    AuditLine.objects.create(
        at=NOW, account="ada", action="erased", subject="shop.example, visitor 1a2b"
    )
    note("ada", "erased", ERASED, site=SITE, fingerprint="3c4d", events=7)
    text = look(client, "/audit/").text
    assert "ada erased shop.example, visitor 1a2b" in text
    assert f"ada erased {SITE}, visitor 3c4d: 7 events" in text
    client.cookies["liveinsight_language"] = "ko"
    assert f"{SITE}, 방문자 3c4d: 이벤트 7개" in look(client, "/audit/").text


def test_a_timeline_without_end_is_cut_and_says_so() -> None:
    events = [
        an_event(NOON + number, event_id=f"evt_{number:05}", session_id="sess_long")
        for number in range(MOST_STEPS + 50)
    ]
    client = a_site_with(events)
    page = look(client, "/sessions/sess_long/")
    assert len(page.context["steps"]) == MOST_STEPS
    assert "The first 2,000 events" in page.text
