"""Visits to the demo shop in a real browser, step by step."""

from collections.abc import Callable
from dataclasses import dataclass

from playwright.sync_api import Page

from tests.e2e.screen import current_visitors, in_feed, in_panel, in_sessions

OAK = "/shop/products/oak-board/"
HOME = "/shop/"
CART = "/shop/cart/"
ADDRESS = "/shop/checkout/address/"
DELIVERY = "/shop/checkout/delivery/"
PAYMENT = "/shop/checkout/payment/"
THANKS = "/shop/thank-you/"


@dataclass(frozen=True)
class Step:
    """What a visitor does, what it sends, and how the live page shows it."""

    name: str
    act: Callable[[], object]
    sends: tuple[tuple[str, str], ...]
    """(event type, page), in order; engagement left out."""
    seen: dict[str, str]


def on_page(name: str, act: Callable[[], object], path: str) -> Step:
    """A step to another page."""
    seen = {
        "feed": in_feed(path),
        "panel": in_panel("pages", path),
        "session": in_sessions(path),
    }
    return Step(name, act, (("page_view", path),), seen)


def buy_a_board(page: Page, shop: str) -> list[Step]:
    """Comes from a search engine, buys, and leaves."""

    def submit() -> None:
        page.locator("form[data-step]:visible button").click()

    def name_the_button() -> None:
        page.locator("[data-add]").evaluate("e => e.dataset.liveinsight = 'buy'")

    def add_to_cart() -> None:
        page.get_by_role("button", name="Add to the cart").click()

    def leave() -> None:
        page.goto("about:blank")

    arrive = on_page(
        "arrive", lambda: page.goto(shop, referer="https://www.google.com/"), HOME
    )
    arrive.seen["number"] = current_visitors(1)
    arrive.seen["source"] = in_panel("sources", "Google")
    arrive.seen["country"] = in_panel("countries", "KR")
    look = on_page("look", page.locator(f'a[href="{OAK}"]').first.click, OAK)
    thanks = on_page("order", submit, THANKS)
    thanks.seen["conversion"] = in_feed(f"conversion · {THANKS}")
    return [
        arrive,
        look,
        Step("name the button", name_the_button, (), {}),
        Step(
            "add to cart",
            add_to_cart,
            (("click", OAK), ("add_to_cart", OAK)),
            {"click": in_feed(f"click · {OAK}"), "feed": in_feed("add_to_cart")},
        ),
        on_page("cart", page.get_by_role("link", name="Cart").click, CART),
        on_page("checkout", page.get_by_role("link", name="checkout").click, ADDRESS),
        on_page("address", submit, DELIVERY),
        on_page("delivery", submit, PAYMENT),
        Step(
            thanks.name,
            thanks.act,
            (("page_view", THANKS), ("conversion", THANKS)),
            thanks.seen,
        ),
        Step("leave", leave, (), {}),
    ]
