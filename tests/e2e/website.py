"""Somebody's own website: one page, into which they paste what they copied."""

from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any

from liveinsight.demo.shop import Send
from tests.serving import serving


@contextmanager
def website_with(head: str) -> Iterator[str]:
    """The address of a website whose pages carry `head`."""
    page = f"<!doctype html><title>Tea</title>{head}<h1>Tea</h1>".encode()

    async def app(
        scope: MutableMapping[str, Any], _receive: object, send: Send
    ) -> None:
        headers = [(b"content-type", b"text/html; charset=utf-8")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": page})

    with serving(app) as address:
        yield address
