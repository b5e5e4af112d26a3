"""Filters, segments, periods and keys in a real browser."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Dashboard
from tests.browser.faults import serious_faults
from tests.browser.test_all_pages import visits

pytestmark = pytest.mark.browser


def test_a_filter_is_added_by_keyboard_in_a_dialog(
    dashboard: Dashboard, open_page: Callable[..., Page]
) -> None:
    visits(dashboard)
    page = open_page("/statistics/")
    page.keyboard.press("f")
    dialog = page.locator("#dialog")
    expect(dialog).to_contain_text("What to filter by")
    page.get_by_role("link", name="Country", exact=True).press("Enter")
    expect(dialog.get_by_placeholder("Find a value")).to_be_focused()
    page.keyboard.type("kore")
    expect(dialog.get_by_label("Germany")).to_have_count(0)
    dialog.get_by_label("South Korea").press("Space")
    page.keyboard.press("Enter")
    expect(page.locator(".chip")).to_contain_text("South Korea")
    assert "f=country:is:KR" in page.url
    expect(page.locator(".metric .value").first).to_have_text("1")
    page.keyboard.press("2")
    expect(page.locator(".chip")).to_contain_text("South Korea")


def test_the_dialog_has_no_serious_fault_of_accessibility(
    dashboard: Dashboard, open_page: Callable[..., Page]
) -> None:
    visits(dashboard)
    page = open_page("/")
    page.keyboard.press("?")
    expect(page.locator("#dialog")).to_contain_text("Add a filter")
    assert serious_faults(page) == []
    page.keyboard.press("Escape")
    expect(page.locator("#dialog")).to_be_hidden()
    page.keyboard.press("f")
    page.get_by_role("link", name="Source", exact=True).click()
    expect(page.locator("#dialog select")).to_be_visible()
    assert serious_faults(page) == []


def test_keys_choose_the_period_and_can_be_switched_off(
    dashboard: Dashboard, open_page: Callable[..., Page]
) -> None:
    visits(dashboard)
    page = open_page("/statistics/")
    page.keyboard.press("w")
    expect(page.locator(".period summary")).to_contain_text("7 days")
    page.keyboard.press("x")
    expect(page.locator(".comparison summary")).to_contain_text("No comparison")
    page.keyboard.press("?")
    page.get_by_label("Use these keys").uncheck()
    page.keyboard.press("Escape")
    page.keyboard.press("d")
    expect(page.locator(".period summary")).to_contain_text("7 days")


@pytest.mark.gives_up
def test_of_two_quick_choices_the_last_one_counts(
    dashboard: Dashboard, open_page: Callable[..., Page]
) -> None:
    visits(dashboard)
    page = open_page("/statistics/")
    for choices, last in (
        (".tabs > a", "Exit pages"),
        (".period .menu-list a", "7 days"),
    ):
        names = ["Entry pages", "Today", last]
        page.evaluate(
            """([choices, names]) => [...document.querySelectorAll(choices)]
                .filter((each) => names.includes(each.firstChild.textContent))
                .forEach((each) => each.click())""",
            [choices, names],
        )
        chosen = page.locator(f"{choices}[aria-current]").filter(has_text=last)
        expect(chosen).to_have_count(1)


def test_conditions_are_put_together_and_saved_as_a_segment(
    dashboard: Dashboard, open_page: Callable[..., Page]
) -> None:
    visits(dashboard)
    page = open_page("/segments/add/")
    page.get_by_label("What to filter by").select_option("country")
    page.get_by_label("Value").fill("KR")
    page.get_by_role("button", name="Group").click()
    page.get_by_label("How these belong together").nth(1).select_option("not_done")
    page.get_by_label("What to filter by").nth(1).select_option("page")
    page.get_by_label("Value").last.fill("/checkout")
    page.get_by_label("Name").fill("Korea, no checkout")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator(".conditions")).to_have_text(
        "Country is South Korea and has not done (Page is /checkout)"
    )
    page.get_by_role("link", name="Korea, no checkout").click()
    expect(page.locator(".chip")).to_contain_text("Korea, no checkout")
    expect(page.locator(".metric .value").first).to_have_text("1")


def test_the_api_call_of_a_report_opens_in_the_dialog(
    dashboard: Dashboard, open_page: Callable[..., Page]
) -> None:
    visits(dashboard)
    page = open_page("/statistics/")
    page.locator(".page-head .report-menu summary").click()
    page.get_by_role("link", name="API call").first.click()
    expect(page.locator("#call-curl")).to_contain_text("/api/v1/query")
