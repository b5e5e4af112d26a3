"""`make run` as a person meets it: history, visits that arrive, a shop to walk into."""

import re
from collections.abc import Callable
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.e2e.every_way import assert_all_agree, yesterday
from tests.e2e.screen import in_feed, open_live_page, wait_until_seen
from tests.e2e.server import create_account, running_server

pytestmark = [pytest.mark.browser, pytest.mark.slow]

MISSING = "/shop/a-page-that-only-you-ask-for/"


def test_the_demo_shows_visits_and_ones_own(
    tmp_path: Path, new_visitor: Callable[..., BrowserContext]
) -> None:
    with running_server(tmp_path, "--demo") as server:
        screen = new_visitor().new_page()
        create_account(screen, server)
        open_live_page(screen, server.address)
        expect(screen.locator("[data-feed] li.fresh").first).to_be_visible()
        expect(screen.locator(".huge")).not_to_have_text("0")

        shop = re.search(r"http://\S+/shop/", server.printed)
        assert shop is not None
        visitor = new_visitor(timezone_id="Asia/Seoul").new_page()
        visitor.goto(shop.group())
        visitor.goto(server.address + MISSING)
        wait_until_seen(screen, in_feed(MISSING))

        screen.goto(f"{server.address}/statistics/")
        values = screen.locator(".metric .value").all_inner_texts()
        assert re.fullmatch(r"[\d.]+K", values[0]), values
        key = server.add_key()
        metrics = server.read("/metrics", key).decode()
        resident = re.search(
            r"^liveinsight_resident_bytes (\d+)", metrics, re.MULTILINE
        )
        assert resident is not None
        assert int(resident.group(1)) < 500e6

        zone = "Europe/Berlin"
        assert_all_agree(server, key, yesterday(ZoneInfo(zone)), zone)
