"""A load generator in a process of its own: raw sockets, kept-alive connections.

    python -m bench._load PORT PATH EVENTS CONNECTIONS SECONDS SEED RATE

prints one JSON object: requests, seconds, p50_ms, p95_ms, p99_ms, refused.
"""

import asyncio
import itertools
import json
import random
import subprocess
import sys
import time
from typing import TYPE_CHECKING, cast

import msgspec
import uvloop

if TYPE_CHECKING:
    from collections.abc import Callable

AGENTS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/{}.0.0.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_{} like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Linux; Android 14; K) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/{}.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (X11; Linux x86_64; rv:{0}.0) Gecko/20100101 Firefox/{0}.0",
)
REFERRERS = (
    "",
    "https://www.google.com/",
    "https://search.naver.com/search.naver?query=shoes",
    "https://t.co/abc",
    "https://blog.example.org/post",
)
ECHO = "/echo"
"""The path of a server that does not say what became of events."""
_LENGTH = b"content-length: "
_ACCEPTED = b'"status":"accepted"'
_ACCEPTED_S = 0.3
"""By then the server has taken all connections: kept-alive ones are measured."""
VISITORS = 400
PAGES = 60
SITE = "shop.example"


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """What one run of the generator saw; times in ms."""

    requests: int
    seconds: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    refused: int

    @property
    def per_second(self) -> float:
        """Requests answered with 200 a second."""
        return (self.requests - self.refused) / self.seconds


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """The load to make; the same arguments as the command line's."""

    port: int
    path: str = "/events"
    events: int = 10
    connections: int = 32
    seconds: float = 2.0
    seed: int = 0
    rate: float = 0.0
    """Requests a second over all connections; 0 is as fast as they are answered."""


def make_load(wanted: Wanted) -> Load:
    """The result of one run in a process of its own."""
    return finish_load(start_load(wanted))


def start_load(wanted: Wanted) -> "subprocess.Popen[bytes]":
    """The process of a run that goes on beside the caller."""
    words = [str(value) for value in msgspec.to_builtins(wanted).values()]
    command = [sys.executable, "-m", "bench._load", *words]
    return subprocess.Popen(command, stdout=subprocess.PIPE)


def finish_load(process: "subprocess.Popen[bytes]") -> Load:
    """What the run saw, once it has ended."""
    output, _ = process.communicate(timeout=120)
    return msgspec.json.decode(output.splitlines()[-1], type=Load)


def visits_of(wanted: Wanted) -> list[bytes]:
    """Whole requests, one visitor each, with `%08x` where each event's id counts."""
    choose = random.Random(wanted.seed)  # noqa: S311 load, not a secret
    now = int(time.time() * 1000)
    found = []
    for visitor in range(VISITORS):
        events = [
            _event(choose, wanted.seed, visitor, now) for _ in range(wanted.events)
        ]
        body = json.dumps(
            {"sent_at": now, "events": events},
            separators=(",", ":"),
            ensure_ascii=False,
        ).encode()
        length = len(body) + wanted.events * (8 - len("COUNTER"))
        agent = AGENTS[visitor % len(AGENTS)].format(120 + visitor % 20)
        head = (
            f"POST {wanted.path} HTTP/1.1\r\nhost: 127.0.0.1\r\n"
            f"user-agent: {agent}\r\ncontent-type: text/plain;charset=UTF-8\r\n"
            f"origin: https://{SITE}\r\naccept: */*\r\ncontent-length: {length}\r\n\r\n"
        ).encode()
        found.append((head + body).replace(b"%", b"%%").replace(b"COUNTER", b"%08x"))
    return found


def _event(
    choose: random.Random, seed: int, visitor: int, now: int
) -> dict[str, object]:
    page = choose.randrange(PAGES)
    event: dict[str, object] = {
        "event_type": choose.choice(["page_view", "page_view", "click", "add_to_cart"]),
        "event_id": f"{seed:08x}-{now:012x}-COUNTER",
        "timestamp": now - choose.randrange(60_000),
        "user_id": f"u{seed}-{visitor:028x}",
        "session_id": f"s{seed}-{visitor:028x}",
        "page_url": f"https://{SITE}/products/{page}?utm_source=naver&page={page % 7}",
        "page_title": f"Product {page} · 쇼핑",
        "site": SITE,
        "screen_width": choose.choice([390, 1440, 1920]),
        "language": "ko-KR",
        "timezone": "Asia/Seoul",
    }
    referrer = REFERRERS[visitor % len(REFERRERS)]
    if referrer:
        event["referrer"] = referrer
    if event["event_type"] != "page_view":
        event["properties"] = {"label": f"button {page}", "position": page}
    return event


class _Run:
    """What all connections of a run share."""

    def __init__(self, wanted: Wanted) -> None:
        self.visits = visits_of(wanted)
        self.counter = itertools.count()
        self.events = wanted.events
        self.path = wanted.path
        self.pause = wanted.connections / wanted.rate if wanted.rate else 0.0
        self.latencies: list[float] = []
        self.refused = 0
        self.ends_at = 0.0
        self.done = asyncio.Event()

    def is_taken(self, reply: bytes) -> bool:
        """Whether the reply says of every event that it is durable."""
        if not reply.startswith(b"HTTP/1.1 200"):
            return False
        return self.path == ECHO or reply.count(_ACCEPTED) == self.events

    def next_request(self) -> bytes:
        counter = self.counter
        number = next(counter)
        template = self.visits[number % VISITORS]
        ids = tuple(itertools.islice(counter, self.events))
        return template % ids


class _Connection(asyncio.Protocol):
    """Sends the next request as soon as the reply to the last one is complete."""

    def __init__(self, run: _Run) -> None:
        self._run = run
        self._write: Callable[[bytes], None]
        self._sent_at = 0.0
        self._received = b""
        self._length = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are none of asyncio's classes.
        self._write = cast("asyncio.Transport", transport).write

    def data_received(self, data: bytes) -> None:
        self._received += data
        if not self._length:
            head, end, _ = self._received.partition(b"\r\n\r\n")
            if not end:
                return
            lower = head.lower()
            at = lower.index(_LENGTH) + len(_LENGTH)
            body = int(lower[at:].partition(b"\r")[0])
            self._length = len(head) + len(end) + body
        if len(self._received) >= self._length:
            if not self._run.is_taken(self._received):
                self._run.refused += 1
            self._received, self._length = b"", 0
            self._next()

    def connection_lost(self, _: Exception | None) -> None:
        self._run.done.set()

    def _next(self) -> None:
        now = time.perf_counter()
        self._run.latencies.append(now - self._sent_at)
        wait = self._sent_at + self._run.pause - now
        if now >= self._run.ends_at:
            self._run.done.set()
        elif wait > 0:
            asyncio.get_running_loop().call_later(wait, self.send)
        else:
            self.send()

    def send(self) -> None:
        """Sends a request."""
        self._sent_at = time.perf_counter()
        self._write(self._run.next_request())


async def _run_load(wanted: Wanted) -> Load:
    run = _Run(wanted)
    loop = asyncio.get_running_loop()
    connections = [
        await loop.create_connection(lambda: _Connection(run), "127.0.0.1", wanted.port)
        for _ in range(wanted.connections)
    ]
    await asyncio.sleep(_ACCEPTED_S)
    begin = time.perf_counter()
    run.ends_at = begin + wanted.seconds
    for _, connection in connections:
        connection.send()
    await run.done.wait()
    seconds = time.perf_counter() - begin
    times = sorted(run.latencies)
    return Load(
        requests=len(times),
        seconds=seconds,
        p50_ms=percentile(times, 0.50),
        p95_ms=percentile(times, 0.95),
        p99_ms=percentile(times, 0.99),
        refused=run.refused,
    )


def percentile(sorted_seconds: list[float], share: float) -> float:
    """The percentile in ms of sorted seconds; 0 where there are none."""
    if not sorted_seconds:
        return 0.0
    at = min(len(sorted_seconds) - 1, int(len(sorted_seconds) * share))
    return sorted_seconds[at] * 1000


def _main(words: list[str]) -> None:
    names = Wanted.__struct_fields__
    wanted = msgspec.convert(dict(zip(names, words, strict=True)), Wanted, strict=False)
    print(msgspec.json.encode(uvloop.run(_run_load(wanted))).decode())


if __name__ == "__main__":
    _main(sys.argv[1:])
