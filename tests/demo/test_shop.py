from collections.abc import Iterator, MutableMapping
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page

from liveinsight.demo.catalogue import TITLES
from liveinsight.demo.journeys import draw_journey
from liveinsight.demo.shop import Shop
from liveinsight.demo.visitors import ENTRIES, seeded
from tests.serving import serving
from tests.tracker.collecting import Collecting

pytestmark = pytest.mark.browser


class ShopWithCollector(Collecting):
    """The shop, the tracker and a collector on one origin."""

    url = ""
    shop = Shop()

    async def __call__(
        self, scope: MutableMapping[str, Any], receive: Any, send: Any
    ) -> None:
        if scope["path"].startswith("/shop/"):
            await self.shop(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


@pytest.fixture
def shop() -> Iterator[ShopWithCollector]:
    collecting = ShopWithCollector()
    with serving(collecting) as url:
        collecting.url = url
        yield collecting


@pytest.fixture
def complaints(page: Page) -> list[str]:
    """What the browser finds wrong with the pages."""
    found: list[str] = []
    page.on("pageerror", lambda error: found.append(str(error)))
    page.on(
        "console",
        lambda message: found.append(message.text) if message.type == "error" else None,
    )
    return found


def test_a_purchase_is_seen_step_by_step(
    shop: ShopWithCollector, page: Page, complaints: list[str]
) -> None:
    page.goto(f"{shop.url}/shop/")
    page.click("nav >> text=Light")
    page.click("main >> text=Reading lamp")
    page.click("text=Add to the cart")
    page.click("header >> text=Cart")
    page.click("text=Go to the checkout")
    for step in ("Address", "Delivery", "Payment"):
        page.wait_for_selector(f"h2:visible >> text={step}")
        page.click("button:visible >> text=Continue")
    page.wait_for_selector("text=Thank you for your order")
    (conversion,) = shop.wait_for_type("conversion")
    shop.wait_for_type("page_view", 8)
    assert conversion["revenue"] == {"amount": 119, "currency": "EUR"}
    views = sorted(shop.events("page_view"), key=lambda view: view["timestamp"])
    assert [urlsplit(view["page_url"]).path for view in views] == [
        "/shop/",
        "/shop/categories/light/",
        "/shop/products/reading-lamp/",
        "/shop/cart/",
        "/shop/checkout/address/",
        "/shop/checkout/delivery/",
        "/shop/checkout/payment/",
        "/shop/thank-you/",
    ]
    assert {view["session_id"] for view in views} == {views[0]["session_id"]}
    assert views[5]["page_title"].startswith("Delivery")
    assert len(shop.events("add_to_cart")) == 1
    assert complaints == []


def test_a_search_and_a_missing_page_are_reported(
    shop: ShopWithCollector, page: Page
) -> None:
    page.goto(f"{shop.url}/shop/search/?q=lamp%3Cscript%3E")
    (search,) = shop.wait_for_type("search")
    assert search["properties"] == {"words": "lamp<script>"}
    page.goto(f"{shop.url}/shop/nowhere/")
    (missing,) = shop.wait_for_type("not_found")
    assert missing["interactive"] is False


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_is_wider_than_a_small_phone(
    shop: ShopWithCollector, page: Page, complaints: list[str], scheme: Any
) -> None:
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": 320, "height": 640})
    for path in ("/shop/", "/shop/products/oak-board/", "/shop/cart/", "/shop/blog/"):
        page.goto(shop.url + path)
        assert page.evaluate("document.documentElement.scrollWidth") <= 320
    assert complaints == []


def test_every_page_of_a_journey_is_a_page_of_the_shop() -> None:
    pages = {*Shop().pages, "/shop/search/"}
    assert set(TITLES) == pages
    for number, entry in enumerate(ENTRIES):
        for again in range(40):
            steps = draw_journey(seeded(5, number, again), entry)
            assert {s.path for s in steps} - {"/shop/old-catalogue/"} <= pages
