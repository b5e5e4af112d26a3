"""The pages of the demo shop as HTML, made from the catalogue."""

from collections.abc import Iterable
from html import escape

from liveinsight.demo.catalogue import (
    BASE,
    CATEGORIES,
    CHECKOUT_STEPS,
    POSTS,
    PRODUCTS,
    SHOP_NAME,
    SITE,
    Post,
    Product,
    title_of,
)

_FIELDS = {
    "address": ("Name", "Street and number", "Town"),
    "delivery": ("Wishes for the delivery",),
    "payment": ("Voucher",),
}


def render_pages(script: str, api: str) -> dict[str, str]:
    """Every page that needs no query, by path; `script` and `api` are the tracker's."""
    bodies = {
        BASE: _home(),
        f"{BASE}cart/": _cart(),
        f"{BASE}thank-you/": _thank_you(),
        f"{BASE}blog/": _blog(),
        **{f"{BASE}categories/{slug}/": _category(slug) for slug in CATEGORIES},
        **{product.path: _product(product) for product in PRODUCTS},
        **{post.path: _post(post) for post in POSTS},
        f"{BASE}checkout/": _checkout(),
        **{f"{BASE}checkout/{step}/": _checkout() for step in CHECKOUT_STEPS},
    }
    return {
        path: frame(path, body, snippet=_snippet(script, api))
        for path, body in bodies.items()
    }


def render_search(words: str, script: str, api: str) -> str:
    """The products and articles that contain `words`."""
    found = [
        product
        for product in PRODUCTS
        if words.lower() in f"{product.name} {product.text} {product.category}".lower()
    ]
    count = f"{len(found)} found" if words else "What are you looking for?"
    body = (
        f'<h1>Search</h1><form action="{BASE}search/" role="search">'
        f'<label>Words <input name="q" type="search" value="{escape(words)}"></label>'
        f'<button>Search</button></form><p class="soft">{count}</p>'
        f"{_cards(found if words else ())}"
    )
    data = f' data-search="{escape(words)}"' if words else ""
    return frame(f"{BASE}search/", body, data=data, snippet=_snippet(script, api))


def render_missing(path: str, script: str, api: str) -> str:
    """The page for an address that is none."""
    body = (
        "<h1>This page is not here</h1><p>It may have been sold out, or moved. "
        f'<a href="{BASE}search/">Search the shop</a> or '
        f'<a href="{BASE}">begin at the door</a>.</p>'
    )
    return frame(path, body, data=' data-missing="1"', snippet=_snippet(script, api))


def frame(path: str, body: str, *, data: str = "", snippet: str) -> str:
    """A whole page: `body` between the shop's head and foot."""
    categories = "".join(
        f'<a href="{BASE}categories/{slug}/">{name}</a>'
        for slug, name in CATEGORIES.items()
    )
    page = path.removeprefix(BASE).rstrip("/")
    return f"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title_of(path))}</title>
<link rel="icon" href="{BASE}assets/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="{BASE}assets/shop.css">
<script defer src="{BASE}assets/shop.js"></script>
{snippet}
<body data-page="{escape(page)}"{data}>
<header>
<a class="name" href="{BASE}">{escape(SHOP_NAME)}</a>
<nav aria-label="Shop">{categories}<a href="{BASE}blog/">Blog</a></nav>
<a href="{BASE}search/">Search</a>
<a href="{BASE}cart/">Cart (<span data-cart-count>0</span>)</a>
</header>
<main>{body}</main>
<footer>A demo of LiveInsight: nothing is for sale, and nothing is sent anywhere else.
</footer>
</body>
</html>
"""


def _snippet(script: str, api: str) -> str:
    return (
        f'<script defer src="{escape(script)}" data-site="{SITE}" '
        f'data-api="{escape(api)}"></script>'
    )


def _picture(product: Product) -> str:
    """A drawing of its own for each product, from the letters of its name."""
    heights = [25 + ord(letter) * 7 % 70 for letter in product.slug[:8]]
    line = " ".join(f"L{20 + 24 * at} {height}" for at, height in enumerate(heights))
    return (
        '<svg class="picture" viewBox="0 0 200 150" role="img" '
        f'aria-label="{escape(product.name)}"><rect width="200" height="150"/>'
        f'<path d="M8 130 {line} L196 130 Z"/></svg>'
    )


def _cards(products: Iterable[Product]) -> str:
    cards = "".join(
        f'<a class="card" href="{product.path}">{_picture(product)}'
        f"<h2>{escape(product.name)}</h2>"
        f'<p class="price">€{product.price:.2f}</p></a>'
        for product in products
    )
    return f'<div class="grid">{cards}</div>'


def _home() -> str:
    favourites = sorted(PRODUCTS, key=lambda product: -product.weight)[:6]
    return (
        "<h1>Things that are made to be kept</h1>"
        '<p class="soft">Wood, steel, linen and light, for kitchen, desk and garden.</p>'
        f"{_cards(favourites)}"
    )


def _category(slug: str) -> str:
    products = [product for product in PRODUCTS if product.category == slug]
    return f"<h1>{CATEGORIES[slug]}</h1>{_cards(products)}"


def _product(product: Product) -> str:
    others = [
        other
        for other in PRODUCTS
        if other.category == product.category and other != product
    ]
    return (
        f'<div class="product">{_picture(product)}<div><h1>{escape(product.name)}</h1>'
        f'<p>{escape(product.text)}</p><p class="price">€{product.price:.2f}</p>'
        f'<button data-add="{product.slug}" data-name="{escape(product.name)}" '
        f'data-price="{product.price}">Add to the cart</button></div></div>'
        f"<h2>Goes well with it</h2>{_cards(others)}"
    )


def _blog() -> str:
    posts = "".join(
        f'<a class="card" href="{post.path}"><h2>{escape(post.title)}</h2>'
        f"<p>{escape(post.text)}</p></a>"
        for post in POSTS
    )
    return f'<h1>Blog</h1><div class="grid">{posts}</div>'


def _post(post: Post) -> str:
    paragraphs = "".join(
        f"<p>{escape(post.text)} We have done so for years, and it has never failed "
        f"anybody who took the time. {escape(post.text)}</p>"
        for _ in range(8)
    )
    return (
        f"<article><h1>{escape(post.title)}</h1>{paragraphs}</article>"
        "<form data-newsletter><label>A letter in spring and autumn "
        '<input type="email" autocomplete="off" placeholder="you@example.com"></label>'
        "<button>Subscribe</button></form>"
    )


def _cart() -> str:
    return (
        "<h1>Cart</h1><table data-cart></table>"
        f'<p><a class="button" hidden data-to-checkout href="{BASE}checkout/address/">'
        "Go to the checkout</a></p>"
    )


def _checkout() -> str:
    paths = [f"{BASE}checkout/{step}/" for step in CHECKOUT_STEPS]
    following = [*paths[1:], f"{BASE}thank-you/"]
    forms = "".join(
        _step(step, path, after)
        for step, path, after in zip(CHECKOUT_STEPS, paths, following, strict=True)
    )
    return f"<h1>Checkout</h1>{forms}"


def _step(step: str, path: str, after: str) -> str:
    fields = "".join(
        f'<label>{field} <input autocomplete="off"></label>' for field in _FIELDS[step]
    )
    return (
        f'<form data-step="{step}" data-path="{path}" data-next="{after}" '
        f'data-title="{escape(title_of(path))}">'
        f"<h2>{CHECKOUT_STEPS[step]}</h2>{fields}<button>Continue</button></form>"
    )


def _thank_you() -> str:
    return (
        "<h1>Thank you for your order</h1>"
        "<p>It will never be sent, for this is a demo, but it was counted.</p>"
        f'<p><a class="button" href="{BASE}">Back to the shop</a></p>'
    )
