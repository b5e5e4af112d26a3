"""Goals and annotations, as an owner makes them in a browser."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Dashboard, now_ms
from tests.dashboard.project import a_visit_of

pytestmark = pytest.mark.browser


def visits(dashboard: Dashboard) -> None:
    dashboard.happen(
        a_visit_of("/", "/cart", user="ada", at=now_ms() - 90_000, country="KR")
        + a_visit_of("/", user="ben", at=now_ms() - 90_000, country="DE")
    )


def test_a_goal_is_tried_saved_and_filtered_by(
    dashboard: Dashboard, open_page: Callable[..., Page]
) -> None:
    visits(dashboard)
    page = open_page("/goals/")
    page.get_by_role("link", name="Add the first goal").click()
    expect(page.get_by_label("Seconds")).to_be_hidden()
    page.get_by_text("A page is read for a time").click()
    expect(page.get_by_label("Seconds")).to_be_visible()
    page.get_by_text("A page is viewed").click()
    page.get_by_label("Name").fill("Cart")
    page.get_by_label("Page", exact=True).fill("/c*")
    page.get_by_role("button", name="Try it on the last 30 days").click()
    expect(page.get_by_role("status")).to_contain_text("1 conversions by 1 visitors")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("link", name="Cart", exact=True).click()
    expect(page.locator(".metric").first).to_contain_text("Converted visitors 1")
    expect(page.locator("#panel-goals [aria-current]")).to_have_text("Cart")
    page.locator("#panel-goals").get_by_role("link", name="Cart").click()
    expect(page.locator(".metric").first).to_contain_text("Visitors 2")


def test_an_annotation_is_seen_in_the_chart_and_taken_away(
    dashboard: Dashboard, open_page: Callable[..., Page]
) -> None:
    visits(dashboard)
    page = open_page("/statistics/?period=7d")
    page.get_by_text("Annotations").click()
    page.get_by_label("What happened").fill("Sale")
    page.get_by_role("button", name="Annotate").click()
    expect(page.locator(".notes-of-chart li")).to_contain_text("Sale")
    assert "period=7d" in page.url
    expect(page.locator(".history canvas")).to_be_visible()
    page.locator(".history .plot").focus()
    page.keyboard.press("ArrowLeft")
    expect(page.locator(".tip .noted")).to_have_text("Sale")
    page.get_by_role("button", name="Remove the annotation Sale").click()
    expect(page.locator(".notes-of-chart")).not_to_contain_text("Sale")


def test_the_visit_that_counts_is_chosen_without_scripts(
    dashboard: Dashboard, open_page: Callable[..., Page]
) -> None:
    visits(dashboard)
    page = open_page("/statistics/", java_script_enabled=False)
    page.get_by_role("link", name="First visit").click()
    expect(page.get_by_role("link", name="First visit")).to_have_attribute(
        "aria-current", "true"
    )
