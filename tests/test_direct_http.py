"""The short way to the collector answers as the long one does."""

import asyncio
import json
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from liveinsight.collect.asgi import CollectorApp
from liveinsight.collect.door import Door
from liveinsight.core.ports import Batch, Salts
from liveinsight.direct_http import DirectHttp
from liveinsight.errors import StoreUnavailable
from liveinsight.routes import Routes
from tests.collect.builders import NOW, MemoryStore, an_event
from tests.serving import serving
from tests.waiting import PATIENCE_S, wait_until

Settled = Callable[[StoreUnavailable | None], None]


class SlowStore(MemoryStore):
    """Commits when it is told to; counts who came which way."""

    def __init__(self) -> None:
        super().__init__()
        self.waiting: list[Settled] = []
        self.is_held = False
        self.submitted = 0
        self.recorded = 0
        self.salts_wait = False
        self.loop: asyncio.AbstractEventLoop | None = None

    def submit(self, batch: Batch, settled: Settled) -> None:
        self.submitted += 1
        self.loop = asyncio.get_running_loop()
        if not self.is_held:
            super().submit(batch, settled)
            return
        self.batches.append(batch)
        self.waiting.append(settled)

    async def record(self, batch: Batch) -> None:
        self.recorded += 1
        await super().record(batch)

    async def salts(self, now: int) -> Salts:
        if self.salts_wait:
            await asyncio.sleep(0.01)
        return await super().salts(now)


async def not_found(scope: Any, receive: Any, send: Any) -> None:
    headers = [(b"content-length", b"0")]
    await send({"type": "http.response.start", "status": 404, "headers": headers})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


class Line:
    """One connection, read answer by answer."""

    def __init__(self, url: str) -> None:
        self.socket = socket.create_connection(
            ("127.0.0.1", urlsplit(url).port or 0), timeout=PATIENCE_S
        )
        self.file = self.socket.makefile("rb")

    def answer(self) -> tuple[int, dict[str, str], bytes]:
        status = int(self.file.readline().split()[1])
        headers: dict[str, str] = {}
        while (line := self.file.readline().strip()) != b"":
            name, _, value = line.decode().partition(": ")
            headers[name] = value
        return status, headers, self.file.read(int(headers.get("content-length", 0)))


class Served:
    """A collector behind DirectHttp."""

    def __init__(self, url: str, store: SlowStore) -> None:
        self.url = url
        self.store = store
        self.lines: list[Line] = []

    def line(self) -> Line:
        self.lines.append(Line(self.url))
        return self.lines[-1]

    def turn(self) -> None:
        """Returns when the server has read what was sent before on other lines."""
        line = self.line()
        for _ in range(2):  # the first may be answered in the same turn of its loop
            line.socket.sendall(b"GET /other HTTP/1.1\r\nhost: a\r\n\r\n")
            assert line.answer()[0] == 404

    def hang_up(self) -> None:
        for line in self.lines:
            line.file.close()
            line.socket.close()


@pytest.fixture
def served() -> Iterator[Served]:
    store = SlowStore()
    collector = CollectorApp(store, Door(), lambda: NOW)
    routes = Routes({"/events": collector}, {}, not_found)
    with serving(routes, http=DirectHttp) as url:
        served = Served(url, store)
        yield served
        served.hang_up()


def a_post(number: int = 1, version: str = "1.1", head: str = "", **more: Any) -> bytes:
    body = json.dumps(an_event(event_id=f"event-{number:04d}", **more)).encode()
    start = f"POST /events HTTP/{version}\r\nhost: a\r\ncontent-length: {len(body)}"
    return f"{start}\r\n{head}\r\n".encode() + body


def test_a_whole_request_takes_the_short_way(served: Served) -> None:
    line = served.line()
    line.socket.sendall(a_post())
    status, headers, body = line.answer()
    assert status == 200
    assert headers["access-control-allow-origin"] == "*"
    assert headers["x-liveinsight"] == "accepted"
    assert json.loads(body)["event_id"] == "evt_event-0001"
    assert (served.store.submitted, served.store.recorded) == (1, 0)


def test_both_ways_give_the_same_answer(served: Served) -> None:
    line, answers = served.line(), []
    for parts in ([a_post(1)], [a_post(2)[:90], a_post(2)[90:]]):
        for part in parts:
            line.socket.sendall(part)
            served.turn()
        status, headers, body = line.answer()
        answers.append((status, headers | {"date": ""}, len(body)))
    assert answers[0] == answers[1]
    assert (served.store.submitted, served.store.recorded) == (1, 1)


def test_requests_that_do_not_wait_are_answered_in_order(served: Served) -> None:
    line = served.line()
    other = b"GET /other HTTP/1.1\r\nhost: a\r\n\r\n"
    served.store.is_held = True
    line.socket.sendall(a_post(1) + other + a_post(2) + a_post(3))
    for number in (1, None, 2, 3):
        if number is not None:
            settle_next(served.store)
        status, _, body = line.answer()
        assert status == (200 if number else 404)
        if number:
            assert json.loads(body)["event_id"] == f"evt_event-{number:04d}"
    assert len(served.store.events) == 3


def settle_next(store: SlowStore) -> None:
    wait_until(lambda: bool(store.waiting))
    settled = store.waiting.pop(0)
    assert store.loop is not None
    store.loop.call_soon_threadsafe(settled, None)


def test_who_has_gone_is_not_answered_and_keeps_what_was_taken(served: Served) -> None:
    line = served.line()
    served.store.is_held = True
    line.socket.sendall(a_post(1))
    wait_until(lambda: bool(served.store.waiting))
    served.hang_up()
    served.turn()
    settle_next(served.store)
    served.store.is_held = False
    after = served.line()
    after.socket.sendall(a_post(2))
    assert after.answer()[0] == 200
    assert len(served.store.events) == 2


@pytest.mark.parametrize(
    "request_",
    [
        pytest.param(a_post(head="connection: close\r\n"), id="connection-close"),
        pytest.param(a_post(version="1.0"), id="http-1.0"),
    ],
)
def test_a_line_is_closed_where_the_sender_wants_it(
    served: Served, request_: bytes
) -> None:
    line = served.line()
    line.socket.sendall(request_)
    status, headers, _ = line.answer()
    assert (status, headers["connection"]) == (200, "close")
    assert line.file.read() == b""


def test_a_sender_that_asks_first_is_told_to_go_on(served: Served) -> None:
    line = served.line()
    head, _, body = a_post(head="expect: 100-continue\r\n").partition(b"\r\n\r\n")
    line.socket.sendall(head + b"\r\n\r\n")
    assert line.answer()[0] == 100
    line.socket.sendall(body)
    assert line.answer()[0] == 200


def test_a_full_store_is_said(served: Served) -> None:
    served.store.is_full = True
    line = served.line()
    line.socket.sendall(a_post())
    status, headers, _ = line.answer()
    assert (status, headers["retry-after"]) == (503, "1")


def test_a_request_that_waits_for_the_salt_goes_the_long_way(served: Served) -> None:
    served.store.salts_wait = True
    line = served.line()
    line.socket.sendall(a_post(user_id=None, session_id=None))
    assert line.answer()[0] == 200
    assert (served.store.submitted, served.store.recorded) == (0, 1)
    assert len(served.store.events) == 1


def test_a_mistake_of_ours_is_a_500_and_the_line_goes_on(
    served: Served, caplog: pytest.LogCaptureFixture
) -> None:
    good, served.store.submit = served.store.submit, None  # type: ignore[assignment,method-assign]
    line = served.line()
    line.socket.sendall(a_post())
    assert line.answer()[0] == 500
    assert "the collector failed" in caplog.text
    served.store.submit = good  # type: ignore[method-assign]
    line.socket.sendall(a_post())
    assert line.answer()[0] == 200


def test_many_lines_at_once_get_their_own_answers(served: Served) -> None:
    found: list[str] = []

    def send(number: int) -> None:
        line = Line(served.url)
        served.lines.append(line)
        for step in range(5):
            line.socket.sendall(a_post(number * 10 + step))
            found.append(json.loads(line.answer()[2])["event_id"])

    threads = [threading.Thread(target=send, args=(n,)) for n in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == sorted(
        f"evt_event-{n * 10 + step:04d}" for n in range(20) for step in range(5)
    )
