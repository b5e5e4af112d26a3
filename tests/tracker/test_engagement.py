import pytest
from playwright.sync_api import Page

from tests.tracker.collecting import path_of
from tests.tracker.conftest import Website

pytestmark = pytest.mark.browser

START = 1_700_000_000

HIDE = (
    "Object.defineProperty(document, 'hidden', {get: () => true, configurable: true});"
    "document.dispatchEvent(new Event('visibilitychange'))"
)
SHOW = (
    "Object.defineProperty(document, 'hidden', {get: () => false, configurable: true});"
    "document.dispatchEvent(new Event('visibilitychange'))"
)


def open_page(website: Website, page: Page) -> None:
    page.clock.install(time=START)
    page.goto(f"{website.url}/page/a")
    website.wait_for_type("page_view")
    page.clock.pause_at(START + 100)


def test_only_visible_time_is_engagement(website: Website, page: Page) -> None:
    open_page(website, page)
    page.evaluate(HIDE)
    (first,) = website.wait_for_type("engagement")
    page.clock.run_for(60_000)
    page.evaluate(SHOW)
    page.clock.run_for(7_000)
    page.evaluate(HIDE)
    _, second = website.wait_for_type("engagement", 2)
    assert 10_000 < first["engagement_ms"] <= 101_000
    assert second["engagement_ms"] == 7_000


def test_time_without_focus_is_not_engagement(website: Website, page: Page) -> None:
    open_page(website, page)
    page.evaluate("document.hasFocus = () => false; dispatchEvent(new Event('blur'))")
    website.wait_for_type("engagement")
    page.clock.run_for(60_000)
    page.evaluate("document.hasFocus = () => true; dispatchEvent(new Event('focus'))")
    page.clock.run_for(4_000)
    page.evaluate(HIDE)
    _, second = website.wait_for_type("engagement", 2)
    assert second["engagement_ms"] == 4_000


def test_less_than_three_seconds_without_scrolling_is_not_sent(
    website: Website, page: Page
) -> None:
    open_page(website, page)
    page.evaluate(HIDE)
    website.wait_for_type("engagement")
    page.evaluate(SHOW)
    page.clock.run_for(2_000)
    page.evaluate(HIDE)
    page.evaluate("LiveInsight.track('last')")
    website.wait_for_type("last")
    assert len(website.events("engagement")) == 1


def test_the_deepest_point_reached_is_sent(website: Website, page: Page) -> None:
    page.goto(f"{website.url}/page/a")
    page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    page.evaluate("new Promise((done) => requestAnimationFrame(done))")
    page.evaluate("scrollTo(0, 0)")
    page.evaluate(HIDE)
    (event,) = website.wait_for_type("engagement")
    assert event["scroll_percent"] == 100


def test_engagement_belongs_to_the_page_that_is_left(
    website: Website, page: Page
) -> None:
    open_page(website, page)
    page.evaluate("history.pushState({}, '', '/page/b'); document.title = 'B'")
    page.clock.run_for(200)
    (event,) = website.wait_for_type("engagement")
    website.wait_for_type("page_view", 2)
    assert path_of(event) == "/page/a"
    assert event["page_title"] == "Title of /page/a"


def test_what_happens_as_the_tab_is_closed_arrives(
    website: Website, page: Page
) -> None:
    page.goto(f"{website.url}/page/a")
    website.wait_for_type("page_view")
    page.evaluate("addEventListener('pagehide', () => LiveInsight.track('goodbye'))")
    page.close(run_before_unload=True)
    website.wait_for_type("engagement")
