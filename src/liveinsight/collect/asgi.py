"""The local door: one ASGI application for the path of the collector.

No framework on this path: at 10 events a request, routing and request objects of
one would cost more than all of the collector.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Iterable, MutableMapping
from functools import lru_cache
from typing import Any, Protocol, TypeVar

from liveinsight.collect.collector import collect, take_in
from liveinsight.collect.door import Door
from liveinsight.collect.http import (
    Reply,
    Request,
    fail,
    is_declared_larger,
    refuse,
    size_limit,
)
from liveinsight.collect.intake import Taken
from liveinsight.core.device import parse_user_agent
from liveinsight.core.ports import Batch, Store
from liveinsight.errors import StoreUnavailable

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
T = TypeVar("T")
RawHeaders = list[tuple[bytes, bytes]]

BODY_SECONDS = 10.0
"""How long a body may take to come; after that the sender is asked to try again."""

LARGE_BODY = 16 * 1024
"""Bytes as they came: some 40 events."""
LARGE_AT_ONCE = 8
"""100 events take 2 ms of the loop: 32 such requests that come together would hold
everybody else for 70 ms, these 8 for less than 20."""

_log = logging.getLogger(__name__)

_READ = (
    "content-type",
    "content-length",
    "content-encoding",
    "user-agent",
    "x-forwarded-for",
    "origin",
)


class LocalStore(Store, Protocol):
    """A store in this process. Implemented by store.inbox."""

    def submit(
        self, batch: Batch, settled: Callable[[StoreUnavailable | None], None]
    ) -> None:
        """Calls `settled` on the running event loop once the batch is durable, or not.

        Raises:
            StoreUnavailable: nothing of the batch was promised.
        """


class CollectorApp:
    """Answers requests to the collector. `clock` tells the time, in ms."""

    def __init__(self, store: LocalStore, door: Door, clock: Callable[[], int]) -> None:
        self._store = store
        self._door = door
        self._clock = clock
        self._large = asyncio.Semaphore(LARGE_AT_ONCE)
        names = (*_READ, *door.settings.country_headers)
        self._names = {name.encode(): name for name in names}
        # The first look builds the matchers: 0.2 s that no request should wait.
        parse_user_agent("Mozilla/5.0")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        try:
            request = await self._read(scope, receive)
            if request is None:
                return
            reply = await self._collect(request)
        except TimeoutError:
            reply = refuse(StoreUnavailable("the body did not come"))
        except Exception:  # noqa: BLE001 the door: no mistake of ours gets past it
            _log.exception("the collector failed")
            reply = fail()
        await _send(reply, send)

    def answer_soon(
        self, scope: Scope, body: bytes, answer: Callable[[Reply], None]
    ) -> bool:
        """Whether `answer` will be called; if not, nothing has happened.

        For a request that has come whole and has nothing to wait for but its commit:
        without task, future and messages it takes two thirds of the time.
        """
        if len(body) > LARGE_BODY:
            return False
        request = self._request(scope, self._pick(scope["headers"]), body)
        try:
            taken = _without_waiting(
                take_in(request, self._store, self._door, self._clock())
            )
            if isinstance(taken, Taken):
                self._submit(taken, answer)
        except StoreUnavailable as error:
            taken = refuse(error)
        except Exception:  # noqa: BLE001 the door: no mistake of ours gets past it
            _log.exception("the collector failed")
            taken = fail()
        if isinstance(taken, Reply):
            answer(taken)
        return taken is not None

    def _submit(self, taken: Taken, answer: Callable[[Reply], None]) -> None:
        def settle(failure: StoreUnavailable | None) -> None:
            answer(refuse(failure) if failure else taken.finish(self._door))

        self._store.submit(taken.batch, settle)

    async def _collect(self, request: Request) -> Reply:
        """The answer; of large bodies only a few are worked on at once."""
        if len(request.body) <= LARGE_BODY:
            return await collect(request, self._store, self._door, self._clock())
        async with self._large:
            return await collect(request, self._store, self._door, self._clock())

    async def _read(self, scope: Scope, receive: Receive) -> Request | None:
        """The request; None if its sender has gone.

        Reads no more than the limit: what is larger is answered by its first bytes,
        and the server throws the rest away.
        """
        headers = self._pick(scope["headers"])
        method, limit = scope["method"], size_limit(headers)
        body: bytes | None = b""
        if method == "POST" and not is_declared_larger(headers, limit):
            body = await _read_in_time(receive, limit)
        if body is None:
            return None
        return self._request(scope, headers, body)

    def _request(self, scope: Scope, headers: dict[str, str], body: bytes) -> Request:
        client = scope.get("client")
        peer = client[0] if client else ""
        return Request(scope["method"], scope["path"], headers, body, peer)

    def _pick(self, headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
        """The headers that have a meaning here; repeated ones joined as HTTP says."""
        names = self._names
        picked: dict[str, str] = {}
        for raw_name, raw_value in headers:
            name = names.get(raw_name)
            if name is not None:
                value = raw_value.decode("latin-1")
                picked[name] = f"{picked[name]},{value}" if name in picked else value
        return picked


def _without_waiting(work: Coroutine[object, None, T]) -> T | None:
    """The result of a coroutine that waits for nothing; None if it does."""
    try:
        work.send(None)
    except StopIteration as end:
        result: T = end.value
        return result
    work.close()
    return None


async def _read_in_time(receive: Receive, limit: int) -> bytes | None:
    """As _read_body(); TimeoutError if the body does not come.

    A timer of our own: asyncio.timeout() costs 4 µs, this 1 µs.
    """
    reading = asyncio.current_task()
    is_late = False

    def give_up() -> None:
        nonlocal is_late
        is_late = True
        if reading is not None:
            reading.cancel()

    timer = asyncio.get_running_loop().call_later(BODY_SECONDS, give_up)
    try:
        return await _read_body(receive, limit)
    except asyncio.CancelledError:
        if is_late and reading is not None and reading.uncancel() == 0:
            raise TimeoutError from None
        raise
    finally:
        timer.cancel()


async def _read_body(receive: Receive, limit: int) -> bytes | None:
    """At most a little over `limit` bytes of the body; None if the sender has gone."""
    message = await receive()
    if message["type"] == "http.disconnect":
        return None
    body: bytes = message.get("body", b"")
    if not message.get("more_body"):
        return body
    parts = bytearray(body)
    while len(parts) <= limit and message.get("more_body"):
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        parts += message.get("body", b"")
    return bytes(parts)


async def _send(reply: Reply, send: Send) -> None:
    headers = encode_headers(reply.headers)
    if reply.status != _NO_CONTENT:
        headers = [*headers, (b"content-length", b"%d" % len(reply.body))]
    await send(
        {"type": "http.response.start", "status": reply.status, "headers": headers}
    )
    await send({"type": "http.response.body", "body": reply.body})


_NO_CONTENT = 204


@lru_cache(maxsize=256)
def encode_headers(headers: tuple[tuple[str, str], ...]) -> RawHeaders:
    """The headers as ASGI wants them; nearly all replies share a few sets."""
    return [
        (name.lower().encode("latin-1"), _one_line(value)) for name, value in headers
    ]


def _one_line(value: str) -> bytes:
    return value.encode("latin-1", "replace").replace(b"\r", b"").replace(b"\n", b"")
