"""A visit in one browser becomes numbers in another, and they agree everywhere."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.e2e.agreement import assert_numbers_agree
from tests.e2e.screen import in_feed, in_panel, open_live_page, wait_until_seen
from tests.e2e.server import (
    Server,
    create_account,
    running_server,
    server_with_site,
)
from tests.e2e.shop import shop_of
from tests.e2e.visits import HOME, OAK, buy_a_board
from tests.waiting import wait_until

pytestmark = pytest.mark.browser

SITE = "shop.example"
NewVisitor = Callable[..., BrowserContext]


def test_each_step_of_a_visit_comes_to_the_live_page_by_itself(
    tmp_path: Path, new_visitor: NewVisitor
) -> None:
    with server_with_site(tmp_path, SITE) as server, shop_of(server) as shop:
        screen = new_visitor().new_page()
        create_account(screen, server)
        open_live_page(screen, server.address)
        visitor = new_visitor(timezone_id="Asia/Seoul").new_page()
        sent: list[tuple[str, str]] = []
        for step in buy_a_board(visitor, shop):
            step.act()
            wait_until_seen(screen, *step.seen)
            sent += step.sends
        assert steps_on_the_timeline(screen) == sent

        key = server.add_key()
        visit_quietly(new_visitor, shop)
        assert_numbers_agree(server, key, screen, SITE)


def steps_on_the_timeline(screen: Page) -> list[tuple[str, str]]:
    """(event type, page) of each step, engagement left out."""
    screen.locator("[data-sessions] a").first.click()
    steps = screen.locator(".timeline .step:not(.quiet)")
    expect(steps.first).to_be_visible()
    found = []
    for step in steps.all():
        kind = step.locator("[data-kind]").get_attribute("data-kind") or ""
        where = "b" if kind == "page_view" else ".title"
        found.append((kind, step.locator(f".head {where}").first.inner_text()))
    return found


def visit_quietly(new_visitor: NewVisitor, shop: str) -> None:
    """Two more visitors: one bounces, one comes by a campaign and looks around."""
    bouncing = new_visitor(timezone_id="Europe/Berlin").new_page()
    bouncing.goto(shop)
    looking = new_visitor(timezone_id="America/New_York").new_page()
    looking.goto(f"{shop}?utm_source=letter&utm_medium=email&utm_campaign=spring")
    looking.get_by_role("link", name="Blog").click()
    looking.get_by_role("link", name="How to care for oak").click()
    looking.wait_for_url("**/care-for-oak/")
    for page in (bouncing, looking):
        page.goto("about:blank")


def test_two_tabs_on_the_live_page_share_one_stream(
    tmp_path: Path, new_visitor: NewVisitor
) -> None:
    with server_with_site(tmp_path, SITE) as server, shop_of(server) as shop:
        account = new_visitor()
        tabs = [account.new_page(), account.new_page()]
        create_account(tabs[0], server)
        for tab in tabs:
            open_live_page(tab, server.address)
        key = server.add_key()

        def has_streams(number: int) -> bool:
            told = server.read("/metrics", key).decode()
            return f"liveinsight_live_streams {number}\n" in told

        # The first tab was on the page before, and that stream takes a moment to end.
        wait_until(lambda: has_streams(1))
        new_visitor().new_page().goto(shop)
        for tab in tabs:
            expect(tab.locator("[data-feed]")).to_contain_text(HOME)
            expect(tab.locator(".huge")).to_have_text("1")
        assert has_streams(1)
        for tab in tabs:
            tab.close()
        wait_until(lambda: has_streams(0))


def test_a_browser_to_which_no_stream_gets_through_polls(
    tmp_path: Path, new_visitor: NewVisitor
) -> None:
    with server_with_site(tmp_path, SITE) as server, shop_of(server) as shop:
        account = new_visitor()
        # Playwright cannot stand between a shared worker and the server.
        account.add_init_script("delete window.SharedWorker")
        account.route("**/live/stream*", lambda route: route.abort())
        screen = account.new_page()
        create_account(screen, server)
        screen.goto(f"{server.address}/")
        state = screen.locator(".link-state")
        expect(state).to_have_attribute("data-state", "polling")
        visitor = new_visitor(timezone_id="Asia/Seoul").new_page()
        visitor.goto(shop)
        wait_until_seen(screen, in_feed(HOME), in_panel("countries", "KR"))


def test_a_click_on_a_panel_narrows_feed_and_panels(
    tmp_path: Path, new_visitor: NewVisitor
) -> None:
    with server_with_site(tmp_path, SITE) as server, shop_of(server) as shop:
        korean = new_visitor(timezone_id="Asia/Seoul").new_page()
        german = new_visitor(timezone_id="Europe/Berlin").new_page()
        korean.goto(shop)
        german.goto(shop)
        screen = new_visitor().new_page()
        create_account(screen, server)
        open_live_page(screen, server.address)
        expect(screen.locator(".huge")).to_have_text("2")
        screen.locator("[data-panel=countries]").get_by_text("South Korea").click()
        expect(screen.locator(".chip")).to_contain_text("South Korea")
        expect(screen.locator(".link-state")).to_have_attribute("data-state", "live")
        expect(screen.locator(".huge")).to_have_text("1")
        german.goto(f"{shop}blog/")
        korean.goto(f"{shop}products/oak-board/")
        expect(screen.locator("[data-feed]")).to_contain_text(OAK)
        expect(screen.locator("[data-panel=pages]")).to_contain_text(OAK)
        for part in ("[data-feed]", "[data-panel=pages]", "[data-sessions]"):
            expect(screen.locator(part)).not_to_contain_text("/shop/blog/")
        expect(screen.locator("[data-panel=countries] li")).to_have_count(1)
        screen.locator(".chip-close").click()
        expect(screen.locator(".huge")).to_have_text("2")
        expect(screen.locator("[data-panel=pages]")).to_contain_text("/shop/blog/")


def test_a_signed_out_browser_gets_nothing(
    tmp_path: Path, new_visitor: NewVisitor
) -> None:
    with running_server(tmp_path) as server:
        account = new_visitor()
        page = account.new_page()
        create_account(page, server)
        server.add_site(SITE)
        assert statuses(page, server)["/live/token"] == 200
        page.goto(f"{server.address}/sites/")
        page.get_by_label("Account").click()
        page.get_by_role("button", name="Sign out").click()
        expect(page).to_have_url(re.compile("/accounts/sign-in/"))
        stranger = new_visitor().new_page()
        for signed_out in (page, stranger):
            signed_out.goto(f"{server.address}/accounts/sign-in/")
            assert set(statuses(signed_out, server).values()) <= {401, 403}
            for path in ("/", "/statistics/", "/sites/", f"/sites/{SITE}/", "/keys/"):
                signed_out.goto(server.address + path)
                expect(signed_out).to_have_url(re.compile("/accounts/sign-in/"))
        reply = stranger.goto(server.setup_link)
        assert reply is not None
        assert reply.status == 404


def statuses(page: Page, server: Server) -> dict[str, int]:
    """What the addresses with numbers say to this browser."""
    paths = (
        "/live/token",
        "/live/poll",
        "/live/stream",
        "/live/stream?token=made-up",
        "/metrics",
        "/api/sessions/active/",
        "/api/statistics/summary/",
    )
    return {path: page.request.get(server.address + path).status for path in paths}
