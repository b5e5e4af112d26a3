"""`/sites/`, and `/sessions/`."""

import msgspec
import pytest

from liveinsight.core.outcome import Outcome, Sample
from liveinsight.dashboard import runtime
from liveinsight.dashboard.models import Site
from liveinsight.dashboard.pages.ledger import sum_up
from liveinsight.dashboard.sites import add_site
from tests.dashboard.clients import an_account
from tests.dashboard.pages import Shown, a_site_with, look, two_visits
from tests.dashboard.project import NOW, SITE, Line, a_server, a_visit_of
from tests.query.tables import MINUTE


def test_adding_a_site_leads_to_its_snippet_and_tells_the_door() -> None:
    told: list[bool] = []
    server = a_server()
    runtime.bind(
        msgspec.structs.replace(server, sites_changed=lambda: told.append(True))
    )
    client = an_account()
    response = client.post(
        "/sites/add/",
        {"domain": "https://www.Shop.example/x", "timezone": "Asia/Seoul"},
    )
    assert response.headers["Location"] == f"/sites/{SITE}/"
    assert told == [True]
    page = look(client, f"/sites/{SITE}/")
    assert 'data-site="shop.example"' in page.text
    assert "http://testserver/" in page.text
    assert "before </head> on every page" in page.text


@pytest.mark.parametrize(
    ("field", "value"),
    [("domain", "no host"), ("domain", ""), ("timezone", "Mars/Base")],
)
def test_a_site_that_cannot_be_is_refused_with_a_sentence(
    field: str, value: str
) -> None:
    form = {"domain": SITE, "timezone": "UTC"} | {field: value}
    page = Shown(an_account().post("/sites/add/", form))
    assert page.status == 400
    assert "errorlist" in page.html
    assert not Site.objects.exists()


def test_a_site_twice_is_refused() -> None:
    client = a_site_with([])
    page = Shown(client.post("/sites/add/", {"domain": SITE, "timezone": "UTC"}))
    assert (page.status, "there already" in page.text) == (400, True)


def test_settings_are_kept_in_their_usual_form() -> None:
    client = a_site_with([])
    client.post(
        f"/sites/{SITE}/",
        {
            "name": "Shop",
            "timezone": "Europe/Berlin",
            "allowed_origins": "https://Shop.example/\n\n",
            "excluded_addresses": "203.0.113.7\n203.0.113.9/24",
            "keep_addresses": "on",
        },
    )
    site = Site.objects.get()
    assert (site.name, site.timezone, site.keep_addresses) == (
        "Shop",
        "Europe/Berlin",
        True,
    )
    assert site.allowed_origins == ["https://shop.example"]
    assert site.excluded_addresses == ["203.0.113.7", "203.0.113.0/24"]
    assert "https://shop.example" in look(client, f"/sites/{SITE}/").html


@pytest.mark.parametrize(
    ("field", "value"),
    [("allowed_origins", "shop.example"), ("excluded_addresses", "my house")],
)
def test_settings_that_mean_nothing_are_refused(field: str, value: str) -> None:
    client = a_site_with([])
    page = Shown(client.post(f"/sites/{SITE}/", {"timezone": "UTC", field: value}))
    assert page.status == 400
    assert "errorlist" in page.html


def test_hosts_that_knocked_are_listed_with_a_button() -> None:
    a_server(
        ledger=[
            Line(site="other.example", outcome=Outcome.DROPPED, reason="unknown_site")
        ]
    )
    add_site(SITE)
    page = look(an_account(), "/sites/")
    assert "other.example 1 event dropped" in page.text
    assert 'name="domain" value="other.example"' in page.html


def test_removing_a_site_needs_a_post() -> None:
    client = a_site_with([])
    assert client.get(f"/sites/{SITE}/remove/").status_code == 405
    assert client.post(f"/sites/{SITE}/remove/").status_code == 302
    assert not Site.objects.exists()


def test_the_ledger_adds_up_with_what_is_on_its_way() -> None:
    lines = [
        Line(outcome=Outcome.RECEIVED, count=10),
        Line(outcome=Outcome.STORED, count=6),
        Line(outcome=Outcome.DROPPED, reason="bot", count=2),
        Line(site="other.example", outcome=Outcome.RECEIVED, count=99),
    ]
    view = sum_up(SITE, lines, backlog=2, now=NOW)
    assert (view.received, view.in_flight, view.missing) == (10, 2, 0)
    assert sum_up(SITE, lines, backlog=0, now=NOW).missing == 2
    assert [row.reason for row in view.rows] == ["", "bot"]


def test_a_ledger_that_does_not_add_up_is_said_to() -> None:
    a_server(ledger=[Line(outcome=Outcome.RECEIVED, count=3), Line(count=1)])
    add_site(SITE)
    assert "a difference of 2" in look(an_account(), f"/sites/{SITE}/").text


def test_kept_examples_are_shown_as_text() -> None:
    sample = Sample(
        site=SITE,
        outcome=Outcome.REJECTED,
        reason="timestamp",
        received_at=NOW,
        text="<b>bad</b>",
    )
    runtime.bind(msgspec.structs.replace(a_server(), samples=lambda: [sample]))
    add_site(SITE)
    assert "&lt;b&gt;bad&lt;/b&gt;" in look(an_account(), f"/sites/{SITE}/").html


def test_a_session_shows_every_step() -> None:
    events = a_visit_of(
        "/", "/cart", "/thanks", user="ada", at=NOW - 9 * MINUTE, properties={"n": 2}
    )
    page = look(a_site_with(events), "/sessions/sess_ada/", site=SITE)
    assert [step.event.page for step in page.context["steps"]] == [
        "/",
        "/cart",
        "/thanks",
    ]
    assert "n 2" in page.text
    assert "2m 0s" in page.text


def test_a_session_that_is_not_there_is_404() -> None:
    assert look(a_site_with(two_visits()), "/sessions/nobody/").status == 404


@pytest.mark.parametrize("path", ["/", "/statistics/", "/sites/", "/sessions/x/"])
def test_nobody_sees_a_page_without_an_account(path: str) -> None:
    from tests.dashboard.clients import nobody

    response = nobody().get(path)
    assert response.status_code == 302
    assert response.headers["Location"].startswith("/accounts/sign-in/")
