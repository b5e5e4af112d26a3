"""The ways between pages: a report hands on what it is asked about."""

import pytest

from liveinsight.dashboard.sites import add_site
from tests.dashboard.clients import an_account
from tests.dashboard.pages import a_site_with, look, two_visits
from tests.dashboard.project import SITE, a_server

ASKED: dict[str, str | list[str]] = {
    "f": ["country:is:KR", "page:is:/"],
    "period": "7d",
    "compare": "year",
}
CARRIED = f"?site={SITE}&f=country:is:KR&f=page:is:/&period=7d&compare=year"


def test_filters_period_and_comparison_go_along_to_the_other_reports() -> None:
    client = a_site_with(two_visits())
    links = look(client, "/statistics/", metric="events", **ASKED).links()
    for path in ("/", "/funnels/", "/journeys/", "/retention/", "/sessions/"):
        assert path + CARRIED in links
    assert f"/segments/?site={SITE}" in links
    assert look(client, "/journeys/" + CARRIED).status == 200


@pytest.mark.parametrize("path", ["/", "/statistics/", "/sessions/", "/data/", "/api/"])
def test_an_address_of_no_site_says_so_and_leads_to_those_there_are(path: str) -> None:
    client = a_site_with(two_visits())
    add_site("b.example")
    assert "There is no site <b>" in look(client, path, site="<b>").text
    page = look(client, path, site="www.Other.example")
    assert page.status == 404
    assert "There is no site other.example" in page.text
    for site in (SITE, "b.example"):
        assert f"{path}?site={site}" in page.links()
    # It is not the site that the next page is about.
    assert look(client, "/statistics/").context["scope"].site in {SITE, "b.example"}


def test_where_there_is_no_site_an_address_of_one_leads_to_the_first() -> None:
    a_server([])
    page = look(an_account(), "/", site="other.example")
    assert page.status == 404
    assert "/sites/add/" in page.links()


def test_the_page_one_is_on_is_marked_and_every_report_has_a_key() -> None:
    client = a_site_with(two_visits())
    ways = look(client, "/sessions/sess_anna/").context["shell"].reports
    assert [way.label for way in ways if way.is_here] == ["Sessions"]
    assert [way.key for way in ways] == list("123456")
