"""The demo shop on an origin of its own, as an owner's website is."""

from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any

from liveinsight.demo.shop import Send, Shop
from tests.e2e.server import Server
from tests.serving import serving

Message = MutableMapping[str, Any]


class ForeignShop(Shop):
    """The shop without its policy, which allows scripts of its own origin only."""

    async def __call__(self, scope: Message, receive: object, send: Send) -> None:
        async def send_without_policy(message: Message) -> None:
            if "headers" in message:
                message["headers"] = [
                    (name, value)
                    for name, value in message["headers"]
                    if name != b"content-security-policy"
                ]
            await send(message)

        await super().__call__(scope, receive, send_without_policy)


@contextmanager
def shop_of(server: Server) -> Iterator[str]:
    """The address of a shop whose pages report to the server, across origins."""
    script = f"{server.address}/liveinsight.js"
    with serving(ForeignShop(script, f"{server.address}/events")) as address:
        yield f"{address}/shop/"
