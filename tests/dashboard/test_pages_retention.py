"""`/retention/`: who came again, as a heat table."""

import msgspec
import pytest

from liveinsight.core.event import Event
from tests.dashboard.pages import Shown, a_site_with, look
from tests.dashboard.project import NOW, SITE, a_visit_of
from tests.query.tables import HOUR

DAY = 24 * HOUR
VISITS = [
    *a_visit_of("/", user="anna", at=NOW - 2 * DAY, country="KR"),
    *a_visit_of("/", user="anna", at=NOW - DAY, country="KR"),
    *a_visit_of("/", user="ben", at=NOW - 2 * DAY, country="DE"),
    *a_visit_of("/", user="ben", at=NOW - HOUR, country="DE"),
    *a_visit_of("/", user="eve", at=NOW - DAY, country="DE"),
]


def event_without_id(event: Event) -> Event:
    return msgspec.structs.replace(event, user_id=None, visitor_id=event.user_id)


def cells_of(page: Shown) -> list[tuple[int, list[str]]]:
    """Users and cells of the last three cohorts."""
    lines = page.context["table"].lines[-3:]
    return [(line.users, [cell.text for cell in line.cells]) for line in lines]


def test_cohorts_are_followed_day_by_day() -> None:
    page = look(a_site_with(VISITS), "/retention/", period="7d")
    assert cells_of(page) == [(2, ["50.0%", "50.0%"]), (1, ["0.0%"]), (0, [])]
    running = [line.cells[-1].is_running for line in page.context["table"].lines[:-1]]
    assert running == [True, True]
    assert "3" in page.text


def test_cells_can_show_users() -> None:
    page = look(a_site_with(VISITS), "/retention/", period="7d", show="users")
    assert cells_of(page)[0] == (2, ["1", "1"])


def test_the_hottest_cell_has_the_last_level() -> None:
    table = look(a_site_with(VISITS), "/retention/", period="7d").context["table"]
    assert {cell.heat for line in table.lines for cell in line.cells} == {0, 10}


def test_filters_are_about_the_first_visit() -> None:
    page = look(a_site_with(VISITS), "/retention/", period="7d", f="country:is:KR")
    assert cells_of(page)[0] == (1, ["100.0%", "0.0%"])


def test_a_return_can_be_a_goal() -> None:
    page = look(a_site_with(VISITS), "/retention/", period="7d", returns="conversion")
    assert cells_of(page)[0] == (2, ["0.0%", "0.0%", "0.0%"])
    assert "Day 0" in page.text


def test_averages_have_those_of_the_other_period_beside_them() -> None:
    earlier = [
        *a_visit_of("/", user="long", at=NOW - 60 * DAY),
        *a_visit_of("/", user="long", at=NOW - 59 * DAY),
        *a_visit_of("/", user="short", at=NOW - 9 * DAY),
        *a_visit_of("/", user="once", at=NOW - 9 * DAY),
        *a_visit_of("/", user="again", at=NOW - 9 * DAY),
        *a_visit_of("/", user="again", at=NOW - 8 * DAY),
    ]
    client = a_site_with([*VISITS, *earlier])
    page = look(client, "/retention/", period="7d")
    table = page.context["table"]
    facts = [(each.label, each.value, each.before, each.change) for each in table.facts]
    assert facts[:2] == [
        ("Newcomers", "3", "3", "0.0%"),
        ("1 day later", "50.0%", "33.3%", "+16.7 points"),
    ]
    assert (table.before.users, table.before.change) == (3, "0.0%")
    assert (table.before.average[0].text, table.average[0].text) == ("33.3%", "50.0%")
    assert (table.before.changes[0].change, table.before.changes[0].judged) == (
        "+16.7",
        "good",
    )
    call = page.context["call"]
    answer = client.get(call.address, {"question": call.text}).json()
    for name in ("users_before", "average_before", "average_change"):
        assert answer[name] == getattr(page.context["found"], name)
    lines = client.get(call.csv).content.decode().splitlines()
    assert [line.split(",")[:4] for line in lines[-3:]] == [
        ["average", "3", "1.0", "0.5"],
        ["average_before", "3", "1.0", "0.3333333333333333"],
        ["average_change", "0.0", "0.0", "0.16666666666666669"],
    ]
    off = look(client, "/retention/", period="7d", compare="off")
    assert off.context["table"].before is None


def test_a_long_period_to_compare_with_makes_no_table_too_large() -> None:
    days = {"compare_from": "2025-03-01", "compare_to": "2026-02-01"}
    old = a_visit_of("/", user="old", at=NOW - 400 * DAY)
    client = a_site_with([*VISITS, *old])
    page = look(client, "/retention/", period="7d", compare="custom", **days)
    assert (page.status, page.context["found"].interval) == (200, "week")


def test_what_happened_is_marked_at_the_cohort_of_its_day() -> None:
    client = a_site_with(VISITS)
    day = {"day": "2026-02-28", "text": "Sale <b>begins</b>"}
    client.post(f"/annotations/add/?site={SITE}", day)
    page = look(client, "/retention/", period="7d")
    marked = [
        [note.text for note in line.notes] for line in page.context["table"].lines
    ]
    assert marked == [[], [day["text"]], []]
    assert "<b>begins" not in page.html


@pytest.mark.parametrize(
    ("period", "asked", "interval"),
    [
        ("30d", "", "day"),
        ("90d", "", "week"),
        ("90d", "day", "day"),
        ("12mo", "", "month"),
        # The table would be too large.
        ("12mo", "day", "month"),
        ("30d", "minute", "day"),
    ],
)
def test_the_interval_suits_the_period(period: str, asked: str, interval: str) -> None:
    page = look(a_site_with(VISITS), "/retention/", period=period, interval=asked)
    assert page.context["found"].interval == interval


def test_a_site_without_lasting_ids_is_told_why_it_cannot() -> None:
    visits = a_visit_of("/", user="x", at=NOW - HOUR)
    cookieless = [event_without_id(event) for event in visits]
    page = look(a_site_with(cookieless), "/retention/")
    assert page.status == 200
    assert "Visitors of this site cannot be known again" in page.text
    assert "data-cookieless" in page.text


def test_those_without_a_lasting_id_are_said_to_be_left_out() -> None:
    visits = a_visit_of("/", user="x", at=NOW - HOUR)
    page = look(
        a_site_with([*VISITS, *(event_without_id(each) for each in visits)]),
        "/retention/",
    )
    assert "1 newcomer (25.0%) has no lasting id and is left out" in page.text


def test_its_api_call_gives_the_same_numbers() -> None:
    client = a_site_with(VISITS)
    page = look(
        client,
        "/retention/",
        f="country:is:KR|DE",
        interval="week",
        returns="conversion",
    )
    call = page.context["call"]
    answer = client.get(call.address, {"question": call.text}).json()
    found = msgspec.to_builtins(page.context["found"])
    for name in ("cohorts", "average", "without_id"):
        assert answer[name] == found[name]
    assert client.get(call.csv).status_code == 200


def test_filters_that_choose_nobody_are_not_taken_for_cookieless() -> None:
    visits = a_visit_of("/", user="x", at=NOW - HOUR)
    client = a_site_with([*VISITS, *(event_without_id(each) for each in visits)])
    page = look(client, "/retention/", f="page:is:/none")
    assert "No newcomer of this period matches the filters." in page.text


def test_the_table_begins_with_the_first_newcomer() -> None:
    page = look(a_site_with(VISITS), "/retention/", period="90d")
    table = page.context["table"]
    assert table.lines[0].users == 3
    assert len(table.lines[0].cells) == len(table.heads) == len(table.average)


def test_an_empty_site_says_what_to_do() -> None:
    page = look(a_site_with([]), "/retention/")
    assert page.status == 200
    assert "Nobody came for the first time in this period." in page.text


@pytest.mark.parametrize("query", [{"returns": "none"}, {"period": "eon"}])
def test_what_cannot_be_asked_is_a_page_with_status_400(query: dict[str, str]) -> None:
    assert look(a_site_with([]), "/retention/", **query).status == 400
