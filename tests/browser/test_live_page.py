"""`/` in a real browser: pushed, shared between tabs, filtered, usable by keyboard."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Dashboard, now_ms
from tests.dashboard.project import a_visit_of

pytestmark = pytest.mark.browser


def test_a_visitor_comes_to_the_page_by_itself(
    dashboard: Dashboard, open_page: Callable[..., Page]
) -> None:
    page = open_page("/")
    expect(page.locator(".link-state")).to_have_attribute("data-state", "live")
    dashboard.happen(a_visit_of("/cart", at=now_ms(), country="KR"))
    expect(page.locator("[data-feed] li").first).to_contain_text("/cart")
    expect(page.locator(".huge")).to_have_text("1")
    expect(page).to_have_title("1 · shop.example · LiveInsight")
    expect(page.locator("[data-panel=countries]")).to_contain_text("South Korea")
    expect(page.locator("[data-sessions] tr")).to_have_count(1)
    expect(page.locator(".link-state .delay")).to_contain_text("ms")


def test_the_waiting_page_turns_at_the_first_event(
    dashboard: Dashboard, open_page: Callable[..., Page]
) -> None:
    page = open_page("/")
    expect(page.locator("[data-waiting]")).to_be_visible()
    expect(page.locator(".link-state")).to_have_attribute("data-state", "live")
    dashboard.happen(a_visit_of("/", at=now_ms()))
    expect(page.locator(".until")).to_contain_text("has arrived")
    expect(page.locator("[data-waiting]")).to_be_hidden()


def test_tabs_of_one_browser_share_one_stream(
    dashboard: Dashboard, open_page: Callable[..., Page]
) -> None:
    tabs = [open_page("/") for _ in range(3)]
    for tab in tabs:
        expect(tab.locator(".link-state")).to_have_attribute("data-state", "live")
    dashboard.happen(a_visit_of("/", at=now_ms()))
    for tab in tabs:
        expect(tab.locator(".huge")).to_have_text("1")
    assert dashboard.streams == 1


def test_filters_hold_for_the_feed_too(
    dashboard: Dashboard, open_page: Callable[..., Page]
) -> None:
    dashboard.happen(a_visit_of("/a", user="a", at=now_ms(), country="KR"))
    page = open_page("/")
    page.get_by_role("link", name="South Korea").first.click()
    expect(page.locator(".chip")).to_contain_text("South Korea")
    assert "f=country" in page.url
    expect(page.locator(".link-state")).to_have_attribute("data-state", "live")
    dashboard.happen(a_visit_of("/german", user="b", at=now_ms(), country="DE"))
    dashboard.happen(a_visit_of("/korean", user="c", at=now_ms(), country="KR"))
    expect(page.locator("[data-feed]")).to_contain_text("/korean")
    expect(page.locator("[data-feed]")).not_to_contain_text("/german")
    page.get_by_role("link", name="Remove the filter Country is South Korea").click()
    expect(page.locator(".huge")).to_have_text("3")


def test_without_server_sent_events_the_page_polls(
    dashboard: Dashboard, open_page: Callable[..., Page]
) -> None:
    dashboard.sse_works = False
    page = open_page("/")
    state = page.locator(".link-state")
    expect(state).to_have_attribute("data-state", "polling")
    dashboard.happen(a_visit_of("/cart", at=now_ms()))
    expect(page.locator(".huge")).to_have_text("1")


def test_the_feed_can_be_paused_by_keyboard(
    dashboard: Dashboard, open_page: Callable[..., Page]
) -> None:
    page = open_page("/")
    expect(page.locator(".link-state")).to_have_attribute("data-state", "live")
    pause = page.locator("[data-pause]")
    pause.focus()
    page.keyboard.press("Enter")
    dashboard.happen(a_visit_of("/held", at=now_ms()))
    expect(pause).to_contain_text("1 new")
    expect(page.locator("[data-feed]")).not_to_contain_text("/held")
    page.keyboard.press("Enter")
    expect(page.locator("[data-feed]")).to_contain_text("/held")


def test_a_session_opens_from_its_row(
    dashboard: Dashboard, open_page: Callable[..., Page]
) -> None:
    dashboard.happen(a_visit_of("/", user="ada", at=now_ms()))
    page = open_page("/")
    page.locator("[data-sessions] a").first.click()
    expect(page.locator(".step")).to_have_count(1)
