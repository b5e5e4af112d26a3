"""Requests, events and a store in memory for the tests of the door."""

import asyncio
import gzip as gzip_module
import json
from collections import Counter
from collections.abc import Callable
from typing import Any

from liveinsight.collect.collector import collect
from liveinsight.collect.door import Door
from liveinsight.collect.http import Reply, Request
from liveinsight.core.event import Event
from liveinsight.core.limits import SESSION_SILENCE
from liveinsight.core.outcome import LedgerKey, Outcome, Sample
from liveinsight.core.ports import Batch, Salts
from liveinsight.errors import StoreUnavailable

NOW = 1_780_000_000_000
CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 "
    "(KHTML, like Gecko) Chrome/148.0.0.0 Safari/537.36"
)
GOOGLEBOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
PEER = "203.0.113.7"


class MemoryStore:
    """A store that keeps all in lists, and can be told to refuse."""

    def __init__(self, salts: Salts | None = None) -> None:
        self.batches: list[Batch] = []
        self.is_full = False
        self._salts = salts or Salts(b"t" * 16, None)
        self._last: dict[tuple[str, str], tuple[str, int]] = {}
        self.session_calls = 0

    async def record(self, batch: Batch) -> None:
        if self.is_full:
            raise StoreUnavailable("full")
        self.batches.append(batch)

    def submit(
        self, batch: Batch, settled: Callable[[StoreUnavailable | None], None]
    ) -> None:
        if self.is_full:
            raise StoreUnavailable("full")
        self.batches.append(batch)
        settled(None)

    async def salts(self, now: int) -> Salts:
        return self._salts

    async def is_running(self, site: str, user: str, at: int) -> bool:
        known = self._last.get((site, user))
        return known is not None and abs(at - known[1]) <= SESSION_SILENCE

    async def session_of(
        self, site: str, user: str, at: int, proposed: str, *, sent: bool
    ) -> str:
        self.session_calls += 1
        running = await self.is_running(site, user, at)
        found = self._last[site, user][0] if running and not sent else proposed
        self._last[site, user] = (found, at)
        return found

    @property
    def events(self) -> list[Event]:
        return [event for batch in self.batches for event in batch.events]

    @property
    def samples(self) -> list[Sample]:
        return [sample for batch in self.batches for sample in batch.samples]

    @property
    def ledger(self) -> Counter[LedgerKey]:
        total: Counter[LedgerKey] = Counter()
        for batch in self.batches:
            total.update(batch.ledger)
        return total

    def counted(self, outcome: Outcome, reason: str = "", site: str = "") -> int:
        return self.ledger[LedgerKey(site, outcome, reason)]


def an_event(**fields: object) -> dict[str, object]:
    """One valid event; None takes a field away."""
    event: dict[str, object] = {
        "event_type": "page_view",
        "event_id": "event-0001",
        "timestamp": NOW - 1_000,
        "user_id": "user-1",
        "session_id": "session-1",
        "page_url": "https://shop.example/a?x=1",
    } | fields
    return {name: value for name, value in event.items() if value is not None}


def a_request(
    body: object = None, *, gzip: bool = False, method: str = "POST", **headers: str
) -> Request:
    """A request with `body`, as JSON unless it is bytes; header names with `_`."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {"content-type": "text/plain", "user-agent": CHROME}
    if gzip:
        raw = gzip_module.compress(raw)
        named["content-encoding"] = "gzip"
    named |= {name.replace("_", "-"): value for name, value in headers.items()}
    return Request(method, "/events", named, raw, PEER)


class Told:
    """A reply, taken apart."""

    def __init__(self, reply: Reply) -> None:
        self.status = reply.status
        self.headers = dict(reply.headers)
        self.json: Any = json.loads(reply.body) if reply.body else None
        self.said = self.headers.get("X-LiveInsight")


class At:
    """A door with its store, at a point in time."""

    def __init__(self, store: MemoryStore | None = None, door: Door | None = None):
        self.store = store or MemoryStore()
        self.door = door or Door()
        self.now = NOW

    def ask(self, request: Request) -> Told:
        return Told(asyncio.run(collect(request, self.store, self.door, self.now)))

    def send(self, body: object, **headers: str) -> Told:
        return self.ask(a_request(body, gzip=False, method="POST", **headers))
