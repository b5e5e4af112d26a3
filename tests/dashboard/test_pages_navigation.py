"""The ways between pages: a report hands on what it is asked about."""

from tests.dashboard.pages import a_site_with, look, two_visits
from tests.dashboard.project import SITE

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


def test_the_page_one_is_on_is_marked_and_every_report_has_a_key() -> None:
    client = a_site_with(two_visits())
    ways = look(client, "/sessions/sess_anna/").context["shell"].reports
    assert [way.label for way in ways if way.is_here] == ["Sessions"]
    assert [way.key for way in ways] == list("123456")
