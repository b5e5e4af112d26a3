"""`/live/stream`: one viewer's server-sent events, straight on ASGI.

Messages: `hello {now, site}`, `feed {sent_at, events}`, `panels {sent_at,
backlog_events, panels}`; a comment every 15 s shows that the line is open.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, TypeVar
from urllib.parse import parse_qs

import msgspec
from django.db import close_old_connections

from liveinsight.dashboard.rights import (
    Asker,
    Grant,
    TooManyWatchesError,
    is_still_granted,
    open_grant,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Executor

    from liveinsight.dashboard.asgi_types import Receive, Scope, Send
    from liveinsight.dashboard.live_group import Viewer
    from liveinsight.dashboard.live_hub import LiveHub

First = TypeVar("First")
T = TypeVar("T")

HEARTBEAT_SECONDS: Final = 15.0
RIGHTS_SECONDS: Final = 60.0
JSON: Final = (b"content-type", b"application/json")
STREAM_HEADERS: Final = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    # Not `no-store`, which would cost the page its back/forward cache.
    (b"cache-control", b"no-cache"),
    (b"x-accel-buffering", b"no"),  # nginx passes each message on at once
    (b"x-content-type-options", b"nosniff"),
]


async def stream(hub: LiveHub, scope: Scope, receive: Receive, send: Send) -> None:
    """Answers one request: the stream, or why not."""
    if scope["type"] != "http":
        raise RuntimeError("the live stream speaks HTTP only")
    if scope["method"] != "GET":
        await refuse(send, 405, "method", "use GET", (b"allow", b"GET"))
        return
    if hub.closed:
        await refuse(send, 503, "stream", "the server stops", (b"retry-after", b"1"))
        return
    cookies = header_of(scope, b"cookie")
    grant = await find_grant(hub, scope, cookies)
    if grant is None:
        await refuse(send, 403, "token", "ask /live/token for a new one")
        return
    try:
        viewer = hub.join(grant.watch)
    except TooManyWatchesError:
        await refuse(send, 503, "stream", "too many are open", (b"retry-after", b"5"))
        return
    leaving = asyncio.create_task(wait_for_leaving(receive, viewer))
    try:
        await start(send, hub, grant)
        await send_messages(send, hub, viewer, Line(grant.asker, cookies))
        await send_body(send, b"", more=False)
    except OSError:  # the connection broke while we wrote
        return
    finally:
        leaving.cancel()
        hub.leave(grant.watch, viewer)


class Line(msgspec.Struct, frozen=True):
    """Who is at the other end, and the cookies that they came with."""

    asker: Asker
    cookies: str


async def find_grant(hub: LiveHub, scope: Scope, cookies: str) -> Grant | None:
    """The token's grant, if the one who brings it has the rights it was made with."""
    token = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]
    return await in_thread(hub.threads, open_grant, token, cookies)


async def in_thread(
    threads: Executor, ask: Callable[[First, str], T], first: First, cookies: str
) -> T:
    """What `ask` finds in the database, which no event loop waits for."""

    def work() -> T:
        try:
            return ask(first, cookies)
        finally:
            close_old_connections()  # leaves none open in the thread

    return await asyncio.get_running_loop().run_in_executor(threads, work)


async def wait_for_leaving(receive: Receive, viewer: Viewer) -> None:
    """Closes the viewer when the other end has gone."""
    while (await receive())["type"] != "http.disconnect":
        continue
    viewer.close()


async def start(send: Send, hub: LiveHub, grant: Grant) -> None:
    """The status, and the first message."""
    await send(
        {
            "type": "http.response.start",
            "status": 200,
            "headers": STREAM_HEADERS,
            "trailers": False,
        }
    )
    hello = msgspec.json.encode({"now": hub.clock(), "site": grant.watch.site})
    await send_body(send, b"retry: 2000\n" + message(b"hello", hello))


async def send_messages(send: Send, hub: LiveHub, viewer: Viewer, line: Line) -> None:
    """Sends what comes until the viewer leaves or loses its rights."""
    loop = asyncio.get_running_loop()
    check_at = loop.time() + RIGHTS_SECONDS
    while True:
        if not viewer.ready.is_set():
            await wait_at_most(viewer.ready, HEARTBEAT_SECONDS)
        if viewer.closed:
            return
        if loop.time() >= check_at:
            still = in_thread(hub.threads, is_still_granted, line.asker, line.cookies)
            if not await still:
                return
            check_at = loop.time() + RIGHTS_SECONDS
        await send_body(send, take(viewer, hub.clock()) or b":\n\n")


async def wait_at_most(event: asyncio.Event, seconds: float) -> None:
    """Returns when the event is set, or the time is over."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return


def take(viewer: Viewer, now: int) -> bytes:
    """Empties the viewer's buffer into messages; the feed first."""
    viewer.ready.clear()
    parts = b""
    if viewer.feed:
        events = b",".join(viewer.feed)
        viewer.feed.clear()
        parts += message(b"feed", b'{"sent_at":%d,"events":[%b]}' % (now, events))
    if viewer.panels is not None:
        parts += message(b"panels", viewer.panels)
        viewer.panels = None
    return parts


def message(event: bytes, data: bytes) -> bytes:
    """One server-sent event; JSON on one line."""
    return b"event: %b\ndata: %b\n\n" % (event, data)


async def send_body(send: Send, body: bytes, *, more: bool = True) -> None:
    """A part of the body; waits while the other end does not read."""
    await send({"type": "http.response.body", "body": body, "more_body": more})


async def refuse(
    send: Send,
    status: int,
    field: str,
    reason: str,
    *headers: tuple[bytes, bytes],
) -> None:
    """An error as JSON."""
    body = msgspec.json.encode({"error": {"field": field, "reason": reason}})
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [JSON, (b"cache-control", b"no-cache"), *headers],
            "trailers": False,
        }
    )
    await send_body(send, body, more=False)


def header_of(scope: Scope, name: bytes) -> str:
    """The header's value; "" where it is absent."""
    return "; ".join(
        value.decode("latin-1") for key, value in scope["headers"] if key == name
    )
