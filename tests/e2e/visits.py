"""Visits to the demo shop in a real browser, step by step."""

from collections.abc import Callable
from dataclasses import dataclass, replace

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

    act: Callable[[], object]
    sends: tuple[tuple[str, str], ...]
    """(event type, page), in order; engagement left out."""
    seen: tuple[str, ...]


def on_page(act: Callable[[], object], path: str) -> Step:
    """A step to another page."""
    seen = (in_feed(path), in_panel("pages", path), in_sessions(path))
    return Step(act, (("page_view", path),), seen)


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

    arrive = on_page(lambda: page.goto(shop, referer="https://www.google.com/"), HOME)
    found = (
        current_visitors(1),
        in_panel("sources", "Google"),
        in_panel("countries", "KR"),
    )
    thanks = on_page(submit, THANKS)
    bought = in_feed(f"conversion · {THANKS}")
    return [
        replace(arrive, seen=arrive.seen + found),
        on_page(page.locator(f'a[href="{OAK}"]').first.click, OAK),
        Step(name_the_button, (), ()),
        Step(
            add_to_cart,
            (("click", OAK), ("add_to_cart", OAK)),
            (in_feed(f"click · {OAK}"), in_feed("add_to_cart")),
        ),
        on_page(page.get_by_role("link", name="Cart").click, CART),
        on_page(page.get_by_role("link", name="checkout").click, ADDRESS),
        on_page(submit, DELIVERY),
        on_page(submit, PAYMENT),
        Step(
            thanks.act,
            (("page_view", THANKS), ("conversion", THANKS)),
            (*thanks.seen, bought),
        ),
        Step(leave, (), ()),
    ]
