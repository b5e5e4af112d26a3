"""What a visitor of the demo shop does: the one model of history and live visits.

A journey is a list of steps. Half of the visits end on their first page; of the
others some read, most look at products, a third fill a cart, and a part of those
go through the checkout to the end.
"""

import random
from typing import Final

import msgspec

from liveinsight.core.event import CONVERSION, ENGAGEMENT, PAGE_VIEW, Revenue, Scalar
from liveinsight.demo.catalogue import (
    BASE,
    CATEGORIES,
    CHECKOUT_STEPS,
    CURRENCY,
    POSTS,
    PRODUCTS,
    SEARCHES,
    Product,
    title_of,
)
from liveinsight.demo.visitors import Entry

LEAVES_AT_ONCE: Final = 0.44
READS: Final = 0.12
SEARCHES_FIRST: Final = 0.15
FILLS_A_CART: Final = 0.15
OPENS_THE_CART: Final = 0.8
GOES_ON: Final = {"address": 0.72, "delivery": 0.8, "payment": 0.9, "": 0.86}
"""The chance to go on to each step of the checkout, and to the order."""
SIGNS_UP: Final = 0.05

_WEIGHTS: Final = [product.weight for product in PRODUCTS]


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One event of a journey, `wait` ms after the one before."""

    wait: int
    event_type: str = PAGE_VIEW
    path: str
    query: str = ""
    title: str
    previous: str | None = None
    """Path of the page before, on a page view inside the visit."""
    engagement_ms: int | None = None
    scroll_percent: int | None = None
    properties: dict[str, Scalar] | None = None
    revenue: Revenue | None = None
    interactive: bool = True


class Walk:
    """Writes the steps of one visit down."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.steps: list[Step] = []
        self.path: str | None = None
        self.query = ""
        self.cart: list[Product] = []

    def view(self, path: str, query: str = "") -> None:
        """Leaves the page for `path`, after the time that it was read."""
        self.leave()
        self.steps.append(
            Step(
                wait=40 if self.steps else 0,
                path=path,
                query=query,
                title=title_of(path),
                previous=self.path,
            )
        )
        self.path, self.query = path, query

    def leave(self) -> None:
        """Writes down how long the page was read, and how far."""
        if self.path is None:
            return
        dwell = min(max(self.rng.lognormvariate(10.2, 0.8), 2_000), 400_000)
        self.do(
            ENGAGEMENT,
            wait=int(dwell),
            engagement_ms=int(dwell * self.rng.uniform(0.55, 1)),
            scroll_percent=min(100, int(self.rng.triangular(20, 130, 70))),
        )

    def do(self, event_type: str, *, wait: int = 1_500, **fields: object) -> None:
        """Something on the page where the visitor is."""
        path = self.path or BASE
        step = Step(
            wait=wait,
            event_type=event_type,
            path=path,
            query=self.query,
            title=title_of(path),
        )
        self.steps.append(msgspec.structs.replace(step, **fields))


def draw_journey(rng: random.Random, entry: Entry) -> list[Step]:
    """The steps of a visit that begins at `entry`; at least a view and its end."""
    walk = Walk(rng)
    walk.view(entry.path, entry.query)
    if title_of(entry.path).startswith("Page not found"):
        walk.do(
            "not_found", wait=60, properties={"path": entry.path}, interactive=False
        )
    if rng.random() > LEAVES_AT_ONCE:
        wander(walk)
    walk.leave()
    return walk.steps


def wander(walk: Walk) -> None:
    """Reads or shops."""
    rng = walk.rng
    if rng.random() < READS:
        walk.view(f"{BASE}blog/")
        for post in rng.sample(POSTS, rng.randint(1, 2)):
            walk.view(post.path)
        if rng.random() < SIGNS_UP * 3:
            walk.do("newsletter", properties={"place": "blog"})
        return
    if rng.random() < SEARCHES_FIRST:
        words = rng.choice(SEARCHES)
        walk.view(f"{BASE}search/", f"q={words}")
        walk.do("search", wait=80, properties={"words": words})
    else:
        walk.view(f"{BASE}categories/{rng.choice(list(CATEGORIES))}/")
    look_at_products(walk)
    if walk.cart and rng.random() < OPENS_THE_CART:
        check_out(walk)


def look_at_products(walk: Walk) -> None:
    """One to five products, some of which go into the cart."""
    rng = walk.rng
    for product in rng.choices(PRODUCTS, _WEIGHTS, k=rng.choice((1, 1, 2, 2, 3, 5))):
        if walk.path != product.path:
            walk.view(product.path)
        if rng.random() < FILLS_A_CART:
            walk.cart.append(product)
            walk.do(
                "add_to_cart",
                wait=6_000,
                properties={"product": product.slug, "price": product.price},
            )


def check_out(walk: Walk) -> None:
    """Through the checkout, or out of it half-way."""
    walk.view(f"{BASE}cart/")
    for step, goes_on in GOES_ON.items():
        if walk.rng.random() > goes_on:
            return
        if step in CHECKOUT_STEPS:
            walk.view(f"{BASE}checkout/{step}/")
    walk.view(f"{BASE}thank-you/")
    total = round(sum(product.price for product in walk.cart), 2)
    walk.do(
        CONVERSION,
        wait=50,
        properties={"name": "order", "items": len(walk.cart)},
        revenue=Revenue(amount=total, currency=CURRENCY),
    )
