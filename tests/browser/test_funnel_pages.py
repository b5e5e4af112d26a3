"""Funnels in a browser: the editor, and the steps of this moment."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Dashboard, now_ms
from tests.browser.funnels import a_funnel
from tests.dashboard.project import a_visit_of

pytestmark = pytest.mark.browser


def test_the_steps_of_now_are_kept_current(
    dashboard: Dashboard, open_page: Callable[..., Page]
) -> None:
    a_funnel()
    dashboard.happen(a_visit_of("/", user="ada", at=now_ms() - 60_000))
    page = open_page("/funnels/1/")
    numbers = page.locator("#here b.number")
    expect(numbers).to_have_text(["1", "0", "0"])
    page.locator("#here summary").first.click()
    dashboard.happen(a_visit_of("/", user="ben", at=now_ms() - 1_000))
    expect(numbers).to_have_text(["2", "0", "0"])
    # What was open is open still, and what had the focus has it.
    expect(page.locator("#here details[open] li")).to_have_count(2)
    expect(page.locator("#here summary").first).to_be_focused()


def test_a_funnel_is_made_without_scripts(
    dashboard: Dashboard, open_page: Callable[..., Page]
) -> None:
    dashboard.happen(a_visit_of("/", "/cart", user="ada", at=now_ms() - 60_000))
    page = open_page("/funnels/add/", java_script_enabled=False)
    page.get_by_label("Name").fill("Checkout")
    rows = page.locator(".step-row")
    rows.nth(0).get_by_label("Page", exact=True).fill("/")
    rows.nth(1).get_by_role("combobox", name="Step").select_option("event")
    expect(rows.nth(1).get_by_label("Page", exact=True)).to_be_hidden()
    rows.nth(1).get_by_label("Event", exact=True).fill("click")
    page.get_by_role("button", name="Add a step").click()
    expect(rows).to_have_count(4)
    rows.nth(3).get_by_label("Page", exact=True).fill("/cart")
    page.get_by_role("button", name="Move step 4 up").click()
    page.get_by_role("button", name="Remove step 2").click()
    expect(rows.nth(1).get_by_label("Page", exact=True)).to_have_value("/cart")
    page.get_by_label("Name").press("Enter")
    expect(page.get_by_role("heading", name="Checkout", level=1)).to_be_visible()
    expect(page.locator(".step-count b")).to_have_text(["1", "1"])
