"""A website with the tracker on it, and a collector that remembers what it was sent."""

import json
import threading
from collections.abc import Callable, MutableMapping
from typing import Any
from urllib.parse import urlsplit

from liveinsight.tracker.script import tracker_app
from tests.waiting import PATIENCE_S

Message = MutableMapping[str, Any]

CSP = (
    "default-src 'none'; script-src 'self'; connect-src 'self'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)


class Collecting:
    """One ASGI application for pages, tracker and `/events`.

    `status` is what the collector answers; with 0 it hangs up.
    """

    def __init__(self, attributes: str = 'data-site="example.com"') -> None:
        self.attributes = attributes
        self.head = ""
        self.status = 200
        self.retry_after = ""
        self.requests: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.refused: list[dict[str, Any]] = []
        self.methods: list[str] = []
        self.arrived = threading.Condition()

    def events(self, event_type: str | None = None) -> list[dict[str, Any]]:
        """All events received so far, of one type if named."""
        return [
            event
            for request in list(self.requests)
            for event in request["events"]
            if event_type in (None, event["event_type"])
        ]

    def wait_for(
        self, found: Callable[[], list[dict[str, Any]]], count: int = 1
    ) -> list[dict[str, Any]]:
        """What `found` returns, once that is at least `count`."""
        with self.arrived:
            self.arrived.wait_for(lambda: len(found()) >= count, PATIENCE_S)
        assert len(found()) >= count, self.events()
        return found()

    def wait_for_type(self, event_type: str, count: int = 1) -> list[dict[str, Any]]:
        return self.wait_for(lambda: self.events(event_type), count)

    async def __call__(self, scope: Message, receive: Any, send: Any) -> None:
        path = scope["path"]
        if path == "/liveinsight.js":
            await tracker_app(scope, receive, send)
        elif path == "/events":
            await self.collect(scope, receive, send)
        elif path.startswith("/page"):
            await reply(send, 200, "text/html; charset=utf-8", self.html(scope))
        else:
            await reply(send, 404, "text/plain", b"")

    def html(self, scope: Message) -> bytes:
        return (
            f"<!doctype html><title>Title of {scope['path']}</title>{self.head}"
            f'<script defer src="/liveinsight.js" {self.attributes}></script>'
            '<body><a id="next" href="/page/next">next</a>'
            '<a id="out" href="https://elsewhere.invalid/a?b=c">out</a>'
            '<a id="file" href="/price-list.pdf">file</a>'
            '<button data-liveinsight="buy"><b id="buy">Buy</b></button>'
            f"<p>{'Words. <br>' * 200}</p>"
        ).encode()

    async def collect(self, scope: Message, receive: Any, send: Any) -> None:
        self.methods.append(scope["method"])
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        sent = json.loads(body)
        with self.arrived:
            if self.status == 200:
                self.requests.append(sent)
                self.headers.append(
                    {k.decode(): v.decode() for k, v in scope["headers"]}
                )
            else:
                self.refused.append(sent)
            self.arrived.notify_all()
        results = [
            {
                "event_id": "evt_" + event["event_id"],
                "session_id": event.get("session_id", "sess_of_the_server"),
                "status": "accepted",
            }
            for event in sent["events"]
        ]
        answer = json.dumps({"message": "", "results": results}).encode()
        await reply(send, self.status, "application/json", answer, self.retry_after)


async def reply(
    send: Any, status: int, kind: str, body: bytes, retry_after: str = ""
) -> None:
    headers = [(b"content-type", kind.encode()), (b"cache-control", b"max-age=0")]
    if kind.startswith("text/html"):
        headers.append((b"content-security-policy", CSP.encode()))
    if retry_after:
        headers.append((b"retry-after", retry_after.encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def path_of(event: dict[str, Any]) -> str:
    return str(urlsplit(event["page_url"]).path)
