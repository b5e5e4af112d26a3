import json

import pytest
from playwright.sync_api import Page

from tests.serving import serving
from tests.tracker.conftest import Website
from tests.waiting import wait_until

pytestmark = pytest.mark.browser

OUTBOX = "JSON.parse(localStorage.li_outbox || '[]').length"


def wait_for_outbox(page: Page, count: int) -> None:
    """Not `wait_for_function`: the page's policy forbids what that evaluates."""
    wait_until(lambda: page.evaluate(OUTBOX) == count)


@pytest.mark.parametrize("status", [429, 500, 503])
def test_what_was_not_taken_is_sent_again_with_the_same_id(
    website: Website, page: Page, status: int
) -> None:
    website.status = status
    page.goto(f"{website.url}/page/a")
    wait_for_outbox(page, 1)
    website.status = 200
    (view,) = website.wait_for_type("page_view")
    assert view["event_id"] == website.refused[0]["events"][0]["event_id"]
    wait_for_outbox(page, 0)
    assert len(website.events()) == 1


@pytest.mark.parametrize("status", [400, 405, 413, 415])
def test_what_was_refused_for_good_is_not_sent_again(
    website: Website, page: Page, status: int
) -> None:
    website.status = status
    page.goto(f"{website.url}/page/a")
    wait_until(lambda: bool(website.refused))
    wait_for_outbox(page, 0)
    website.status = 200
    page.evaluate("LiveInsight.track('next')")
    website.wait_for_type("next")
    assert len(website.events()) == 1


def test_it_waits_as_long_as_the_server_asks(website: Website, page: Page) -> None:
    page.clock.install(time=1_700_000_000)
    website.status, website.retry_after = 503, "300"
    page.goto(f"{website.url}/page/a")
    wait_for_outbox(page, 1)
    website.status = 200
    page.clock.run_for(290_000)
    assert website.events() == []
    page.clock.run_for(11_000)
    website.wait_for_type("page_view")


def test_an_outage_is_survived_with_the_page_left_and_no_event_lost(
    page: Page,
) -> None:
    website = Website()
    with serving(website) as url:
        page.goto(f"{url}/page/a")
        website.wait_for_type("page_view")
    port = int(url.rpartition(":")[2])
    page.evaluate("LiveInsight.track('in_outage')")
    wait_for_outbox(page, 1)
    page.goto("about:blank")
    with serving(website, port):
        page.goto(f"{url}/page/b")
        website.wait_for_type("in_outage")
        website.wait_for_type("page_view", 2)
    ids = [event["event_id"] for event in website.events()]
    assert len(ids) == len(set(ids))


def test_the_outbox_is_bounded(website: Website, page: Page) -> None:
    website.status = 503
    page.goto(f"{website.url}/page/a")
    wait_for_outbox(page, 1)  # what comes now waits behind it
    page.evaluate(
        "for (let i = 0; i < 300; i++) LiveInsight.track('e', {big: 'x'.repeat(400)})"
    )
    kept = page.evaluate("localStorage.li_outbox")
    assert len(kept) <= 60_000
    assert 0 < len(json.loads(kept)) <= 100
    assert json.loads(kept)[-1]["event_type"] == "e"


def test_a_batch_has_at_most_100_events_and_60_kb(website: Website, page: Page) -> None:
    page.goto(f"{website.url}/page/a")
    page.evaluate(
        "for (let i = 0; i < 250; i++) LiveInsight.track('small', {i});"
        "for (let i = 0; i < 20; i++) LiveInsight.track('large', Object.fromEntries("
        "Array.from({length: 20}, (_, k) => ['k' + k, 'é'.repeat(500)])))"
    )
    website.wait_for_type("small", 250)
    website.wait_for_type("large", 20)
    assert all(len(request["events"]) <= 100 for request in website.requests)
    sizes = [int(headers["content-length"]) for headers in website.headers]
    assert max(sizes) <= 60_000
    assert len({event["event_id"] for event in website.events()}) == 271


def test_a_collector_that_hangs_leaves_the_event_to_the_next_page(
    website: Website, page: Page
) -> None:
    page.route("**/events", lambda route: None)
    page.goto(f"{website.url}/page/a")
    wait_for_outbox(page, 1)
    page.unroute_all()
    page.goto(f"{website.url}/page/b")
    website.wait_for_type("page_view", 2)
