"""The demo shop: a small website under /shop/ that carries the tracker."""

from collections.abc import Awaitable, Callable, MutableMapping
from functools import cached_property
from importlib.resources import files
from typing import Any, Final
from urllib.parse import parse_qs

from liveinsight.demo.catalogue import BASE
from liveinsight.demo.pages import render_missing, render_pages, render_search

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]

CSP: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
ASSETS: Final = {
    "shop.css": "text/css",
    "shop.js": "text/javascript",
    "icon.svg": "image/svg+xml",
}
SEARCH_CHARS: Final = 80


class Shop:
    """An ASGI application for /shop/…, whose pages load the tracker from `script`."""

    def __init__(self, script: str = "/liveinsight.js", api: str = "/events") -> None:
        self.script = script
        self.api = api

    @cached_property
    def pages(self) -> dict[str, bytes]:
        """The pages that are the same for everybody, by path."""
        rendered = render_pages(self.script, self.api)
        return {path: page.encode() for path, page in rendered.items()}

    @cached_property
    def assets(self) -> dict[str, bytes]:
        """Style and script of the shop, by name."""
        folder = files("liveinsight.demo").joinpath("assets")
        return {name: folder.joinpath(name).read_bytes() for name in ASSETS}

    async def __call__(self, scope: Message, _receive: object, send: Send) -> None:
        """Answers GET and HEAD."""
        path: str = scope["path"]
        if scope["method"] not in {"GET", "HEAD"}:
            await answer(send, scope, 405, "text/plain", b"")
        elif path in self.pages:
            await answer(send, scope, 200, "text/html", self.pages[path])
        elif path == f"{BASE}search/":
            query = parse_qs(scope["query_string"].decode("latin-1"))
            words = query.get("q", [""])[0][:SEARCH_CHARS]
            page = render_search(words, self.script, self.api)
            await answer(send, scope, 200, "text/html", page.encode())
        elif (name := path.removeprefix(f"{BASE}assets/")) in ASSETS:
            await answer(send, scope, 200, ASSETS[name], self.assets[name])
        else:
            page = render_missing(path, self.script, self.api)
            await answer(send, scope, 404, "text/html", page.encode())


async def answer(
    send: Send, scope: Message, status: int, kind: str, body: bytes
) -> None:
    """Sends one whole reply, in UTF-8; without the body to HEAD."""
    headers = [
        (b"content-type", f"{kind}; charset=utf-8".encode()),
        (b"content-length", str(len(body)).encode()),
        (b"content-security-policy", CSP.encode()),
        (b"x-content-type-options", b"nosniff"),
        # The referrer's path is what the shop's statistics show.
        (b"referrer-policy", b"strict-origin-when-cross-origin"),
        (b"cache-control", b"max-age=0, must-revalidate"),
    ]
    if status == 405:
        headers.append((b"allow", b"GET, HEAD"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    is_head = scope["method"] == "HEAD"
    await send({"type": "http.response.body", "body": b"" if is_head else body})


shop_app = Shop()
