import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.chromium import ARGS, chromium_path
from tests.tracker.collecting import path_of
from tests.tracker.conftest import Website

pytestmark = pytest.mark.browser


def test_a_page_view_says_where_when_and_who(website: Website, page: Page) -> None:
    page.goto(f"{website.url}/page/a?utm_source=letter")
    (view,) = website.wait_for_type("page_view")
    assert view["page_url"] == f"{website.url}/page/a?utm_source=letter"
    assert view["page_title"] == "Title of /page/a"
    assert view["site"] == "example.com"
    assert view["session_id"].startswith("sess_")
    assert 8 <= len(view["event_id"]) <= 64
    assert 8 <= len(view["user_id"]) <= 64
    assert "referrer" not in view
    assert abs(website.requests[0]["sent_at"] - view["timestamp"]) < 5_000


def test_it_needs_no_preflight_and_sends_no_cookie(
    website: Website, page: Page
) -> None:
    page.context.add_cookies([{"name": "a", "value": "b", "url": website.url}])
    page.goto(f"{website.url}/page/a")
    website.wait_for_type("page_view")
    assert website.methods[0] == "POST"
    assert website.headers[0]["content-type"] == "text/plain;charset=UTF-8"
    assert "cookie" not in website.headers[0]


def test_a_second_page_belongs_to_the_same_user_and_session(
    website: Website, page: Page
) -> None:
    page.goto(f"{website.url}/page/a")
    website.wait_for_type("page_view")
    page.click("#next")
    first, second = website.wait_for_type("page_view", 2)
    assert first["user_id"] == second["user_id"]
    assert first["session_id"] == second["session_id"]
    assert first["timestamp"] < second["timestamp"]
    assert second["referrer"] == f"{website.url}/page/a"


@pytest.mark.parametrize("without_navigation_api", [False, True])
def test_a_new_path_in_a_single_page_application_is_a_view(
    website: Website, page: Page, without_navigation_api: bool
) -> None:
    if without_navigation_api:
        page.add_init_script("delete window.navigation")
    page.goto(f"{website.url}/page/a")
    website.wait_for_type("page_view", 1)
    page.evaluate("history.pushState({}, '', '/page/b'); document.title = 'B'")
    website.wait_for_type("page_view", 2)
    page.evaluate("history.replaceState({}, '', '/page/c')")
    website.wait_for_type("page_view", 3)
    page.evaluate("history.back()")
    views = website.wait_for_type("page_view", 4)
    assert [path_of(view) for view in views] == [
        "/page/a",
        "/page/b",
        "/page/c",
        "/page/a",
    ]
    assert views[1]["page_title"] == "B"
    assert views[1]["referrer"] == f"{website.url}/page/a"


def test_the_same_path_again_is_no_view(website: Website, page: Page) -> None:
    page.goto(f"{website.url}/page/a")
    page.evaluate("history.replaceState({}, '', '/page/a')")
    page.evaluate("history.pushState({}, '', '/page/a?tab=2#part')")
    page.evaluate("LiveInsight.track('last')")
    website.wait_for_type("last")
    assert len(website.events("page_view")) == 1


def test_a_page_that_comes_back_from_the_cache_is_viewed_again(
    website: Website, browser: Browser
) -> None:
    with browser.browser_type.launch(
        executable_path=chromium_path(),
        args=list(ARGS),
        ignore_default_args=["--disable-back-forward-cache"],
    ) as with_cache:
        page = with_cache.new_page()
        page.goto(f"{website.url}/page/a")
        page.evaluate("window.kept = true")
        website.wait_for_type("page_view", 1)
        page.click("#next")
        website.wait_for_type("page_view", 2)
        page.evaluate("setTimeout(() => history.back())")
        views = website.wait_for_type("page_view", 3)
        assert page.evaluate("window.kept") is True
    assert path_of(views[2]) == "/page/a"
    assert views[2]["referrer"] == views[2]["page_url"]


def test_a_prerendered_page_is_no_view_before_it_is_shown(
    website: Website, page: Page
) -> None:
    page.add_init_script(
        "Object.defineProperty(document, 'prerendering',"
        " {get: () => !window.activated, configurable: true})"
    )
    page.goto(f"{website.url}/page/a")
    page.evaluate("LiveInsight.track('early')")
    page.wait_for_timeout(300)
    assert website.events() == []
    page.evaluate(
        "window.activated = true;"
        "document.dispatchEvent(new Event('prerenderingchange'))"
    )
    website.wait_for_type("early")
    assert [e["event_type"] for e in website.events()] == ["page_view", "early"]


def test_thirty_minutes_of_silence_end_the_session(
    website: Website, page: Page
) -> None:
    page.clock.install(time=1_700_000_000)
    page.goto(f"{website.url}/page/a")
    (view,) = website.wait_for_type("page_view")
    page.clock.pause_at(1_700_000_000 + 29 * 60)
    page.evaluate("LiveInsight.track('still')")
    (still,) = website.wait_for_type("still")
    page.clock.pause_at(1_700_000_000 + 60 * 60)
    page.evaluate("LiveInsight.track('again')")
    (again,) = website.wait_for_type("again")
    assert view["session_id"] == still["session_id"] != again["session_id"]
    assert view["user_id"] == again["user_id"]


def test_two_tabs_share_user_and_session(website: Website, page: Page) -> None:
    context: BrowserContext = page.context
    page.goto(f"{website.url}/page/a")
    website.wait_for_type("page_view")
    context.new_page().goto(f"{website.url}/page/b")
    first, second = website.wait_for_type("page_view", 2)
    assert first["session_id"] == second["session_id"]
