"""What the demo shop sells and writes about: the one source of its pages and visits."""

from typing import Final

import msgspec

SITE: Final = "shop.example"
TIMEZONE: Final = "Europe/Berlin"
SHOP_NAME: Final = "Tern & Timber"
BASE: Final = "/shop/"
CURRENCY: Final = "EUR"


class Product(msgspec.Struct, frozen=True):
    """Something to buy; `price` in euros, `weight` is how often it is looked at."""

    slug: str
    name: str
    category: str
    price: float
    weight: int
    text: str

    @property
    def path(self) -> str:
        return f"{BASE}products/{self.slug}/"


class Post(msgspec.Struct, frozen=True):
    """An article of the blog."""

    slug: str
    title: str
    text: str

    @property
    def path(self) -> str:
        return f"{BASE}blog/{self.slug}/"


CATEGORIES: Final = {
    "kitchen": "Kitchen",
    "desk": "Desk",
    "garden": "Garden",
    "light": "Light",
}

PRODUCTS: Final = (
    Product("oak-board", "Oak cutting board", "kitchen", 39.0, 14, "One plank, oiled."),
    Product("stone-mortar", "Stone mortar", "kitchen", 45.5, 5, "Two kilograms."),
    Product("steel-pan", "Steel pan 28 cm", "kitchen", 89.0, 9, "Lasts for decades."),
    Product("linen-towels", "Linen towels, set of 3", "kitchen", 24.9, 8, "Soft soon."),
    Product("tea-pot", "Cast-iron tea pot", "kitchen", 64.0, 6, "Keeps tea warm."),
    Product("desk-tray", "Walnut desk tray", "desk", 32.0, 7, "For pens and keys."),
    Product("note-book", "Cloth-bound notebook", "desk", 14.5, 11, "192 pages, sewn."),
    Product("brass-clip", "Brass clip, set of 5", "desk", 9.9, 4, "Turns darker."),
    Product("standing-desk", "Standing desk", "desk", 549.0, 6, "65 to 125 cm."),
    Product("hand-trowel", "Ash hand trowel", "garden", 21.0, 6, "Forged steel."),
    Product("seed-box", "Seed box", "garden", 28.0, 5, "Twelve compartments."),
    Product("watering-can", "Copper watering can", "garden", 74.0, 8, "Two litres."),
    Product("bird-house", "Larch bird house", "garden", 36.0, 7, "For small tits."),
    Product("reading-lamp", "Reading lamp", "light", 119.0, 12, "Dims to a candle."),
    Product("beeswax-candles", "Beeswax candles", "light", 18.0, 6, "Eight hours."),
    Product("paper-lantern", "Paper lantern", "light", 27.5, 5, "Folds flat."),
)

POSTS: Final = (
    Post("care-for-oak", "How to care for oak", "Oil it twice a year, and let it dry."),
    Post("first-pan", "Your first steel pan", "Heat it, oil it, and do not hurry."),
    Post("small-balcony", "A garden on two square metres", "Begin with herbs."),
    Post("better-light", "Better light for evenings", "Three small lamps beat one."),
)

CHECKOUT_STEPS: Final = {
    "address": "Address",
    "delivery": "Delivery",
    "payment": "Payment",
}

SEARCHES: Final = ("lamp", "oak", "pan", "gift", "desk", "candle", "seeds", "box")

FIXED_TITLES: Final = {
    BASE: "Home",
    f"{BASE}cart/": "Cart",
    f"{BASE}checkout/": "Checkout",
    f"{BASE}thank-you/": "Thank you",
    f"{BASE}search/": "Search",
    f"{BASE}blog/": "Blog",
}


def list_titles() -> dict[str, str]:
    """The title of every page of the shop, by path."""
    return {
        **{path: f"{title} · {SHOP_NAME}" for path, title in FIXED_TITLES.items()},
        **{
            f"{BASE}categories/{slug}/": f"{name} · {SHOP_NAME}"
            for slug, name in CATEGORIES.items()
        },
        **{
            f"{BASE}checkout/{slug}/": f"{name} · Checkout · {SHOP_NAME}"
            for slug, name in CHECKOUT_STEPS.items()
        },
        **{product.path: f"{product.name} · {SHOP_NAME}" for product in PRODUCTS},
        **{post.path: f"{post.title} · {SHOP_NAME}" for post in POSTS},
    }


TITLES: Final = list_titles()


def title_of(path: str) -> str:
    """The title of the page at `path`, or of the page that tells it is missing."""
    return TITLES.get(path, f"Page not found · {SHOP_NAME}")
