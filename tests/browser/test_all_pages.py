"""Every page in both schemes and on a phone: clean, accessible, and inside its width."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Dashboard, now_ms
from tests.browser.faults import faults_of_pages
from tests.browser.funnels import a_funnel
from tests.browser.sharing import a_link_and_an_alert
from tests.browser.totals import some_totals
from tests.dashboard.project import SITE, a_visit_of

pytestmark = pytest.mark.browser

PATHS = (
    "/",
    "/statistics/",
    "/statistics/?f=country:is:KR&sources=channel",
    "/statistics/details/?by=country",
    "/statistics/?f=goal:is:conversion&attribution=first",
    "/goals/",
    "/goals/add/?event=sign_up",
    "/filters/",
    "/filters/?dimension=country",
    "/filters/?dimension=page&operator=matches",
    "/segments/",
    "/segments/add/?back=/statistics/&q=f%3Dcountry:is:KR",
    "/api-call/?endpoint=query&question={}",
    "/sessions/",
    "/sessions/?search=nothing",
    "/sessions/sess_ada/",
    "/visitors/ada/",
    "/visitor/erase/?id=ada",
    "/audit/",
    "/sites/",
    f"/sites/{SITE}/",
    "/sites/add/",
    "/journeys/?step=2&place=page:/cart",
    "/journeys/?at=/cart&direction=backwards&events=1&steps=15",
    "/journeys/?at=/none",
    "/retention/",
    "/retention/?period=90d&interval=day&returns=conversion",
    "/keys/",
    "/data/",
    "/imported/",
    "/links/",
    "/alerts/",
    "/alerts/add/change/",
    "/alerts/1/",
    "/funnels/",
    "/funnels/add/",
    "/funnels/1/?stopped=1",
    "/funnels/1/edit/",
    "/api/",
    "/accounts/password/",
)


def visits(dashboard: Dashboard) -> None:
    visit = a_visit_of("/", "/cart", user="ada", at=now_ms() - 90_000, country="KR")
    other = a_visit_of("/", user="ben", at=now_ms() - 95_000, country="DE")
    dashboard.happen(visit + other)
    a_funnel()
    a_link_and_an_alert()
    some_totals()


def test_every_page_is_accessible_in_both_schemes_and_no_wider_than_its_window(
    dashboard: Dashboard, open_page: Callable[..., Page]
) -> None:
    visits(dashboard)
    assert faults_of_pages(open_page, PATHS) == []


def test_the_scheme_is_remembered(open_page: Callable[..., Page]) -> None:
    page = open_page("/sites/", color_scheme="light")
    page.get_by_role("button", name="Light or dark").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")


def test_the_language_is_chosen_in_the_menu(open_page: Callable[..., Page]) -> None:
    page = open_page("/sites/")
    page.get_by_label("Language").click()
    page.get_by_role("button", name="한국어").click()
    expect(page.locator("html")).to_have_attribute("lang", "ko")
    expect(page.get_by_role("heading", name="사이트", exact=True)).to_be_visible()


def test_statistics_swap_parts_and_keep_the_address(
    dashboard: Dashboard, open_page: Callable[..., Page]
) -> None:
    visits(dashboard)
    page = open_page("/statistics/")
    page.evaluate("window.stays = true")
    page.locator(".period summary").click()
    page.get_by_role("link", name="7 days").click()
    expect(page.locator(".period summary")).to_contain_text("7 days")
    page.get_by_role("link", name="Exit pages").click()
    expect(page.locator("#panel-pages")).to_contain_text("/cart")
    page.get_by_role("link", name="Page views", exact=False).first.click()
    expect(page.locator(".key").first).to_contain_text("Page views")
    assert page.evaluate("window.stays") is True
    assert "period=7d" in page.url
    assert "metric=page_views" in page.url
    page.go_back()
    expect(page.locator(".key").first).to_contain_text("Visitors")


def test_a_chart_is_read_by_keyboard(
    dashboard: Dashboard, open_page: Callable[..., Page]
) -> None:
    visits(dashboard)
    page = open_page("/statistics/")
    page.locator(".history .plot").focus()
    page.keyboard.press("ArrowLeft")
    expect(page.locator(".tip")).to_contain_text("Visitors")


def test_statistics_work_without_scripts(
    dashboard: Dashboard, open_page: Callable[..., Page]
) -> None:
    visits(dashboard)
    page = open_page("/statistics/", java_script_enabled=False)
    page.get_by_role("link", name="South Korea").click()
    expect(page.locator(".chip")).to_contain_text("South Korea")
    page.locator(".chip-edit").click()
    page.get_by_label("Germany").check()
    page.get_by_role("button", name="Apply").click()
    expect(page.locator(".chip")).to_contain_text("South Korea or Germany")
    expect(page.locator("svg.still path.area").first).to_be_visible()


def test_menus_close_on_escape_and_give_the_focus_back(
    open_page: Callable[..., Page],
) -> None:
    page = open_page("/")
    summary = page.get_by_label("Account")
    summary.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("link", name="Change password")).to_be_focused()
    page.keyboard.press("Escape")
    expect(summary).to_be_focused()
    expect(page.get_by_role("link", name="Change password")).to_be_hidden()
