"""`/statistics/`: the address is the page's whole state."""

from typing import Any

import pytest

from liveinsight.dashboard.pages.panel_kinds import PANELS
from tests.dashboard.pages import Shown, a_site_with, look, two_visits
from tests.dashboard.project import NOW, SITE, a_server, a_visit_of
from tests.query.tables import HOUR

DAY = 24 * HOUR


def cards_of(page: Shown) -> dict[str, Any]:
    return {card.label: card for card in page.context["cards"]}


def test_the_cards_show_the_period_and_its_change() -> None:
    long_ago = a_visit_of("/", user="older", at=NOW - 90 * DAY)
    before = a_visit_of("/", user="old", at=NOW - 40 * DAY)
    page = look(a_site_with(two_visits() + before + long_ago), "/statistics/")
    cards = cards_of(page)
    assert (cards["Visitors"].value, cards["Visitors"].change) == ("2", "+100.0%")
    assert (cards["Page views"].value, cards["Page views"].change) == ("3", "+200.0%")
    assert cards["Bounce rate"].value == "50.0%"
    assert (cards["Bounce rate"].change, cards["Bounce rate"].judged) == (
        "−50.0 points",
        "good",
    )


def test_a_period_that_began_without_any_data_is_not_compared_with() -> None:
    before = a_visit_of("/", user="old", at=NOW - 40 * DAY)
    cards = cards_of(look(a_site_with(two_visits() + before), "/statistics/"))
    assert (cards["Visitors"].value, cards["Visitors"].change) == ("2", "")


def test_a_metric_is_chosen_by_the_address() -> None:
    page = look(a_site_with(two_visits()), "/statistics/", metric="bounce_rate")
    assert page.context["series"].data["unit"] == "ratio"
    assert cards_of(page)["Bounce rate"].is_chosen


@pytest.mark.parametrize(
    ("metric", "period", "counted_often"),
    [
        pytest.param("visitors", "30d", "visitors", id="visitors come on several days"),
        pytest.param("sessions", "30d", "", id="a session begins on one day"),
        pytest.param("sessions", "today", "sessions", id="and goes on for hours"),
        pytest.param("page_views", "today", "", id="a page view is at one time"),
        pytest.param("bounce_rate", "30d", "", id="nobody adds up rates"),
    ],
)
def test_the_page_says_what_counts_in_several_rows(
    metric: str, period: str, counted_often: str
) -> None:
    page = look(a_site_with(two_visits()), "/statistics/", metric=metric, period=period)
    assert page.context["series"].counted_often == counted_often
    assert ("do not add up" in page.text) == (counted_often == "visitors")
    assert ("add up to more" in page.text) == (counted_often == "sessions")


def test_the_series_ends_in_the_day_of_now() -> None:
    data = look(a_site_with(two_visits()), "/statistics/").context["series"].data
    assert len(data["times"]) == len(data["values"]) == 30
    assert data["values"][-1] == 2


@pytest.mark.parametrize(
    ("asked", "running"),
    [
        pytest.param({}, 29, id="30 days"),
        pytest.param({"period": "today"}, 21, id="the hour of now"),
        pytest.param({"from": "2026-03-01", "to": "2026-03-01"}, 21, id="by its date"),
        pytest.param({"period": "yesterday"}, None, id="a day that is over"),
    ],
)
def test_what_still_runs_says_so(asked: dict[str, str], running: int | None) -> None:
    yesterday = a_visit_of("/", user="old", at=NOW - DAY)
    page = look(a_site_with(two_visits() + yesterday), "/statistics/", **asked)
    series = page.context["series"]
    assert series.data["running"] == running
    assert page.text.count("so far") == (running is not None)
    assert bool(series.still.running) == (running is not None)
    values = series.data["values"]
    has_begun = [value is not None for value in values]
    assert has_begun == [running is None or at <= running for at in range(len(values))]


def test_a_running_day_is_compared_alike_by_name_and_by_date() -> None:
    a_week_ago = a_visit_of("/", user="oldest", at=NOW - 7 * DAY)
    later = a_visit_of("/", user="later", at=NOW - DAY + HOUR)
    client = a_site_with(two_visits() + a_week_ago + later)
    for asked in ({"period": "today"}, {"from": "2026-03-01", "to": "2026-03-01"}):
        card = cards_of(look(client, "/statistics/", **asked))["Visitors"]
        assert (card.value, card.before) == ("2", "0")


@pytest.mark.parametrize(
    ("parameter", "dimension", "row"),
    [
        ("pages", "exit_page", "/cart"),
        ("sources", "channel", "Organic Search"),
        ("devices", "device", "Mobile"),
    ],
)
def test_a_tab_is_kept_in_the_address(parameter: str, dimension: str, row: str) -> None:
    page = look(a_site_with(two_visits()), "/statistics/", **{parameter: dimension})
    assert row in page.text
    address = f"?{parameter}={dimension}&f={dimension}:is:{row.replace(' ', '%20')}"
    assert address in page.links()


def test_filters_hold_for_every_part() -> None:
    page = look(a_site_with(two_visits()), "/statistics/", f="country:is:KR")
    assert cards_of(page)["Visitors"].value == "1"
    assert page.context["series"].data["values"][-1] == 1
    assert "?f=country:is:DE" not in page.links()


def test_rows_that_are_not_set_can_be_filtered_by() -> None:
    page = look(a_site_with(two_visits()), "/statistics/")
    assert "?f=source:is:" in page.links()
    direct = look(a_site_with_again(page), "/statistics/", f="source:is:")
    assert cards_of(direct)["Visitors"].value == "1"


def a_site_with_again(page: Shown) -> Any:
    return page.response.client


def test_dates_of_ones_own_keep_the_rest_of_the_address() -> None:
    page = look(
        a_site_with(two_visits()),
        "/statistics/",
        **{"from": "2026-02-01", "to": "2026-02-28", "f": "country:is:KR"},
    )
    assert page.context["chosen"].label == "Feb 1, 2026 – Feb 28, 2026"
    assert ("f", "country:is:KR") in page.context["chosen"].kept
    assert 'name="from" value="2026-02-01"' in page.html
    assert "?f=country:is:KR&period=7d" in page.links()


def test_the_days_before_and_after_are_whole_months_where_the_period_is() -> None:
    client = a_site_with(two_visits())
    march = look(client, "/statistics/", **{"from": "2026-01-01", "to": "2026-01-31"})
    assert "?from=2025-12-01&to=2025-12-31" in march.links()
    assert "?from=2026-02-01&to=2026-02-28" in march.links()
    week = look(client, "/statistics/", **{"from": "2026-01-05", "to": "2026-01-11"})
    assert "?from=2025-12-29&to=2026-01-04" in week.links()
    assert look(client, "/statistics/").context["chosen"].later == ""


def test_a_period_is_compared_with_another_a_year_earlier_or_none() -> None:
    ago = a_visit_of("/", user="old", at=NOW - 366 * DAY)
    client = a_site_with(two_visits() + ago + a_visit_of("/", at=NOW - 400 * DAY))
    year = look(client, "/statistics/", compare="year")
    assert cards_of(year)["Visitors"].change == "+100.0%"
    assert len(year.context["series"].data["before"]) == 30
    off = look(client, "/statistics/", compare="off")
    assert cards_of(off)["Visitors"].change == ""
    assert off.context["series"].data["before"] == []
    days = {
        "compare": "custom",
        "compare_from": "2025-02-01",
        "compare_to": "2025-03-31",
    }
    assert cards_of(look(client, "/statistics/", **days))["Visitors"].before == "1"


def test_htmx_gets_only_the_part_that_it_asks_for() -> None:
    client = a_site_with(two_visits())
    report = client.get(
        "/statistics/", headers={"HX-Request": "true", "HX-Target": "report"}
    )
    panel = client.get(
        "/statistics/?pages=entry_page",
        headers={"HX-Request": "true", "HX-Target": "panel-pages"},
    )
    assert "<html" not in report.content.decode()
    assert 'id="report"' in report.content.decode()
    assert "<html" not in panel.content.decode()
    assert "Entry pages" in panel.content.decode()
    assert "HX-Target" in panel.headers["Vary"]


def test_the_time_zone_of_the_site_is_stated() -> None:
    assert "midnight in Asia/Seoul" in look(a_site_with([]), "/statistics/").text


@pytest.mark.parametrize(
    "query",
    [
        {"period": "eon"},
        {"from": "x"},
        {"f": "a:b"},
        {"compare": "eon"},
        {"compare": "custom", "compare_from": "x"},
        {"compare": "custom"},
    ],
)
def test_what_cannot_be_asked_is_a_page_with_status_400(query: dict[str, str]) -> None:
    assert look(a_site_with([]), "/statistics/", **query).status == 400


def test_an_empty_report_says_why_and_what_to_do() -> None:
    client = a_site_with([])
    never = look(client, "/statistics/", site=SITE)
    assert "No event has come yet" in never.text
    assert f"/?site={SITE}" in never.links()
    a_server(two_visits()[:1])
    filtered = look(client, "/statistics/", f="country:is:FR", period="7d")
    assert "Nobody fits these filters" in filtered.text
    assert "?period=7d" in filtered.links()
    early = look(client, "/statistics/", **{"from": "2026-01-01", "to": "2026-01-31"})
    assert "The first event is of Mar 1, 2026" in early.text
    assert "?from=2026-03-01&to=2026-03-01" in early.links()


def test_a_panel_shows_ten_rows_and_leads_to_all_of_them() -> None:
    events = a_visit_of(*(f"/{number}" for number in range(12)))
    client = a_site_with(events)
    page = look(client, "/statistics/")
    assert "and 2 more" in page.text
    assert "/statistics/details/?by=page" in page.links()
    assert len(look(client, "/statistics/details/", by="page").context["lines"]) == 12


def test_every_tab_answers() -> None:
    client = a_site_with(two_visits())
    for panel in PANELS:
        for tab in panel.tabs:
            page = client.get(
                "/statistics/",
                {panel.name: tab.key},
                headers={"HX-Request": "true", "HX-Target": panel.element_id},
            )
            assert page.status_code == 200, tab.key
            assert [each.is_chosen for each in page.context["panel"].tabs].count(
                True
            ) == (0 if tab.is_rare else 1)


def test_the_properties_of_events_are_tabs() -> None:
    bought = a_visit_of("/", user="cleo", at=NOW - 1, properties={"plan": "pro"})
    client = a_site_with(two_visits() + bought)
    page = look(client, "/statistics/", events="property:plan")
    panel = next(each for each in page.context["panels"] if each.label == "Events")
    assert [(bar.label, bar.number) for bar in panel.bars] == [("pro", 1)]
    assert panel.rare_label == "plan"


def test_the_map_shades_countries_and_links_to_their_filter() -> None:
    page = look(a_site_with(two_visits()), "/statistics/")
    found = page.context["panels"][2].map
    assert [place.title for place in found.places] == ["Germany: 1", "South Korea: 1"]
    assert "?f=country:is:KR" in [place.address for place in found.places]


def test_a_version_is_told_with_its_browser_and_filters_by_both() -> None:
    visit = a_visit_of("/", at=NOW - 1, browser="Chrome", browser_version="141")
    page = look(a_site_with(visit), "/statistics/", devices="browser_version")
    assert "Chrome 141" in page.text
    both = "f=browser:is:Chrome&f=browser_version:is:141"
    assert any(both in link for link in page.links())
