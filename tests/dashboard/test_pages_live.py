"""`/`: what is drawn before any script runs."""

import json
import re

import pytest

from liveinsight.dashboard.sites import add_site
from tests.dashboard.clients import an_account
from tests.dashboard.pages import Shown, a_site_with, look, two_visits
from tests.dashboard.project import SITE, Line, a_server


def read_json(page: Shown, element: str) -> dict[str, object]:
    found = re.search(rf'<script id="{element}"[^>]*>(.*?)</script>', page.html)
    assert found is not None
    return dict(json.loads(found[1]))


def test_the_page_shows_who_is_here_without_any_script() -> None:
    page = look(a_site_with(two_visits()), "/")
    assert page.status == 200
    assert "<title>2 · shop.example · LiveInsight</title>" in page.html
    assert '<p class="huge" data-live="current">2</p>' in page.html
    assert "South Korea" in page.text or "KR" in page.text
    assert f"/sessions/sess_anna/?site={SITE}" in page.links()


def test_a_click_on_a_row_filters_everything_by_it() -> None:
    client = a_site_with(two_visits())
    assert "?f=country:is:KR" in look(client, "/").links()
    page = look(client, "/", f="country:is:KR")
    assert '<p class="huge" data-live="current">1</p>' in page.html
    assert "/sessions/sess_ben/" not in page.html


def test_a_filter_replaces_one_on_the_same_dimension() -> None:
    page = look(a_site_with(two_visits()), "/", f="country:is_not:FR")
    assert "?f=country:is:KR" in page.links()


def test_the_live_connection_carries_the_filters() -> None:
    page = look(a_site_with(two_visits()), "/", f="page:is:/cart")
    config = read_json(page, "live-config")
    assert config["query"] == "site=shop.example&f=page%3Ais%3A%2Fcart"


def test_a_chip_takes_only_its_own_filter_away() -> None:
    page = look(a_site_with(two_visits()), "/", f=["country:is:KR", "device:is:Mobile"])
    assert "?f=device:is:Mobile" in page.links()
    assert "?f=country:is:KR" in page.links()


def test_a_site_without_events_shows_its_snippet_and_waits() -> None:
    page = look(a_site_with([]), "/")
    assert "Waiting for the first event" in page.text
    assert 'data-site="shop.example"' in page.text


def test_a_site_that_has_received_events_does_not_wait() -> None:
    a_server(ledger=[Line()])
    add_site(SITE)
    assert "Waiting for" not in look(an_account(), "/").text


def test_without_any_site_one_is_asked_for() -> None:
    response = an_account().get("/")
    assert (response.status_code, response.headers["Location"]) == (302, "/sites/add/")


def test_a_filter_that_cannot_be_read_is_a_page_with_status_400() -> None:
    page = look(a_site_with([]), "/", f="nonsense")
    assert page.status == 400
    assert "cannot be answered" in page.text


def test_the_site_last_looked_at_is_the_one_shown_next() -> None:
    client = a_site_with([])
    add_site("a.example")
    look(client, "/", site=SITE)
    assert look(client, "/statistics/").context["scope"].site == SITE


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/statistics/",
        "/sessions/sess_anna/",
        "/sites/",
        f"/sites/{SITE}/",
        "/sites/add/",
        "/keys/",
        "/accounts/password/",
        "/nothing/",
    ],
)
def test_no_page_carries_a_style_or_a_script_of_its_own(path: str) -> None:
    page = look(a_site_with(two_visits()), path)
    assert " style=" not in page.html
    assert "<style" not in page.html
    assert not re.search(r"\son\w+=", page.html)
    for attributes, body in re.findall(r"<script([^>]*)>(.*?)</script>", page.html):
        assert "application/json" in attributes or not body


@pytest.mark.parametrize(
    "path", ["/", "/statistics/", "/sites/", "/keys/", "/sites/add/"]
)
def test_every_page_speaks_korean(path: str) -> None:
    client = a_site_with(two_visits())
    page = Shown(client.get(path, headers={"Accept-Language": "ko"}))
    assert '<html lang="ko"' in page.html
    assert "실시간" in page.text


def test_the_chosen_scheme_comes_with_the_page() -> None:
    client = a_site_with([])
    client.cookies["liveinsight_theme"] = "dark"
    assert '<html lang="en" data-theme="dark">' in look(client, "/").html
    client.cookies["liveinsight_theme"] = '"><script>'
    assert '<html lang="en">' in look(client, "/").html
