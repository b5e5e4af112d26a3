"""Journeys by mouse, keyboard and without scripts."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Dashboard, now_ms
from tests.dashboard.project import a_visit_of

pytestmark = pytest.mark.browser


def visits(dashboard: Dashboard) -> None:
    at = now_ms() - 3_000_000
    pages = [f"/{number}" for number in range(12)]
    dashboard.happen(a_visit_of(*pages, user="ada", at=at))
    dashboard.happen(a_visit_of("/0", "/other", user="ben", at=at))


def test_a_place_is_chosen_where_the_diagram_was_scrolled_to(
    dashboard: Dashboard, open_page: Callable[..., Page]
) -> None:
    visits(dashboard)
    page = open_page("/journeys/?steps=15", viewport={"width": 900, "height": 800})
    page.evaluate("window.stays = true")
    scrolled = "document.querySelector('.ways-scroll').scrollLeft"
    page.get_by_role("link", name="/9").hover()
    expect(page.locator(".band.near")).to_have_count(2)
    before = page.evaluate(scrolled)
    assert before > 0
    page.get_by_role("link", name="/9").click()
    expect(page.locator(".ways-selected")).to_contain_text("/9")
    assert page.evaluate("window.stays") is True
    # The script puts both back once the new diagram has settled.
    expect(page.locator(".place[aria-current]")).to_be_focused()
    assert page.evaluate(scrolled) == pytest.approx(before, abs=2)
    page.keyboard.press("Enter")
    expect(page.locator(".ways-selected")).to_have_count(0)


def test_one_goes_on_from_a_place_without_scripts(
    dashboard: Dashboard, open_page: Callable[..., Page]
) -> None:
    visits(dashboard)
    page = open_page("/journeys/", java_script_enabled=False)
    page.get_by_role("link", name="/other").click()
    page.get_by_role("link", name="Journeys to here").click()
    expect(page.locator("h2").first).to_contain_text("How visitors come to /other")
    page.get_by_label("Page, pattern or event").fill("/3")
    page.get_by_role("button", name="Show").first.click()
    expect(page.locator(".place").first).to_contain_text("/3")
    page.get_by_role("link", name="From", exact=True).click()
    page.get_by_role("link", name="/4").first.click()
    page.get_by_role("link", name="Only sessions that were here").click()
    expect(page.locator(".chip")).to_contain_text("/4")
