"""An empty folder, an account, a first site: what a new owner goes through."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.e2e.screen import current_visitors, in_feed, in_panel, wait_until_seen
from tests.e2e.server import Server, create_account, running_server, send
from tests.e2e.website import website_with
from tests.waiting import wait_until

pytestmark = pytest.mark.browser

SITE = "tea.example"
NewVisitor = Callable[..., BrowserContext]
GIVE_AWAY = re.compile(r"insight|event|collect|track|analytic|stat|count|pixel|beacon")


def visit(server: Server, host: str) -> str:
    """What the collector says to a page view that names no site."""
    page_url = f"https://www.{host}/about"
    return send(server, {"page_url": page_url, "user_id": "mina"}).said


def knock_of(page: Page, host: str) -> Locator:
    """The row of a host that sends events."""
    return page.locator(".hosts li").filter(has_text=host)


def test_every_host_is_kept_until_the_first_site_is_added(
    tmp_path: Path, new_visitor: NewVisitor
) -> None:
    with running_server(tmp_path) as server:
        owner = new_visitor().new_page()
        create_account(owner, server)
        key = server.add_key()
        expect(owner.get_by_role("heading", level=1)).to_contain_text("Which site")
        hosts = (SITE, "blog.example", "127.0.0.1")
        assert [visit(server, host) for host in hosts[:2]] == ["accepted"] * 2
        with website_with(
            f'<script src="{server.address}/liveinsight.js"></script>'
        ) as w:
            new_visitor().new_page().goto(f"{w}/local")
            wait_until(lambda: server.total_events(key) == 3)
        owner.goto(f"{server.address}/sites/")
        for host in hosts:
            expect(knock_of(owner, host)).to_contain_text("1 event")
            expect(knock_of(owner, host)).to_contain_text("kept")

        owner.get_by_role("button", name=f"Add {SITE}").click()
        expect(owner).to_have_url(f"{server.address}/sites/{SITE}/")
        assert visit(server, SITE) == "accepted"
        assert visit(server, f"shop.{SITE}") == "accepted"
        assert visit(server, "late.example") == "dropped: unknown_site"
        assert visit(server, "blog.example") == "dropped: unknown_site"

        def is_shown() -> bool:
            owner.goto(f"{server.address}/sites/")
            return knock_of(owner, "late.example").count() == 1

        wait_until(is_shown)
        expect(knock_of(owner, "late.example")).to_contain_text("dropped")
        expect(knock_of(owner, "blog.example")).to_contain_text("2 events")
        expect(knock_of(owner, SITE)).to_have_count(0)
        # What came before the site was added appears with it.
        wait_until(lambda: server.total_events(key) == 3)
        assert server.ask("/api/statistics/pages/", key) == [
            {"page": "/about", "views": 3}
        ]


def test_the_copied_snippet_works_on_a_page_under_neutral_names(
    tmp_path: Path, new_visitor: NewVisitor
) -> None:
    with running_server(tmp_path) as server:
        account = new_visitor(permissions=["clipboard-read", "clipboard-write"])
        owner = account.new_page()
        create_account(owner, server)
        owner.get_by_label("Domain").fill(f"https://www.{SITE}/")
        owner.get_by_role("button", name="Add the site").click()
        expect(owner).to_have_url(f"{server.address}/sites/{SITE}/")
        owner.get_by_role("button", name="Copy").click()
        expect(owner.locator("[data-copy]")).to_contain_text("Copied")
        snippet = owner.evaluate("navigator.clipboard.readText()")
        assert snippet == owner.locator("#snippet").inner_text()
        names = re.findall(rf"{re.escape(server.address)}/(\S+?)\"", snippet)
        assert len(names) == 2
        assert not GIVE_AWAY.search("".join(names))

        owner.goto(f"{server.address}/")
        expect(owner.locator("[data-waiting]")).to_be_visible()
        expect(owner.locator(".link-state")).to_have_attribute("data-state", "live")
        visitor = new_visitor(timezone_id="Asia/Seoul").new_page()
        asked: list[str] = []
        visitor.on("request", lambda request: asked.append(request.url))
        with website_with(snippet) as website:
            visitor.goto(f"{website}/oolong")
            wait_until_seen(
                owner,
                in_feed("/oolong"),
                in_panel("pages", "/oolong"),
                current_visitors(1),
            )
            assert {url for url in asked if url.startswith(server.address)} == {
                f"{server.address}/{name}" for name in names
            }
        expect(owner.locator("[data-waiting]")).to_be_hidden()
        owner.goto(f"{server.address}/sites/{SITE}/")
        expect(owner.locator(".verdict.good")).to_be_visible()
        expect(owner.get_by_text("no event yet")).to_have_count(0)
