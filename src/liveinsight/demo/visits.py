"""Live visits to the demo shop, over real HTTP into the real collector.

Visits begin at random (a Poisson process), as often as history has them in this hour,
or a few a minute: who looks at the live page shall not wait. Each takes the time that a
person takes, and sends what the tracker would send.
"""

import asyncio
import logging
import secrets
import time
from typing import Final
from urllib.parse import urlsplit

import msgspec

from liveinsight.core.event import RawEvent
from liveinsight.core.limits import HOUR, SECOND
from liveinsight.demo.catalogue import SITE
from liveinsight.demo.history import ORIGIN, local_time, visits_an_hour
from liveinsight.demo.journeys import Step, draw_journey
from liveinsight.demo.visitors import (
    Entry,
    Visitor,
    draw_entry,
    draw_visitor,
    seeded,
)

log = logging.getLogger(__name__)

LIVELY: Final = 200
"""Visits an hour, at least; two to four times as many as history has."""
MOST_VISITS: Final = 60
"""Visits under way at once, never more."""
TOGETHER: Final = 1_000
"""Steps less than this many ms apart go in one request."""
SOONEST_RETRY: Final = 1.0
LATEST_RETRY: Final = 60.0
"""Seconds between two attempts to send."""
TIMEOUT: Final = 10.0
NEW_NUMBERS: Final = 1 << 20
"""Live visitors are numbered from here: history has the numbers below."""


class SentEvent(RawEvent, frozen=True, kw_only=True, omit_defaults=True):
    """A RawEvent whose absent fields are left out."""


class SentEvents(msgspec.Struct, frozen=True):
    """The body of one request."""

    sent_at: int
    events: list[SentEvent]


class Collector(msgspec.Struct, frozen=True):
    """Where the visits are sent."""

    host: str
    port: int
    path: str


async def play(
    base_url: str, *, collector_path: str = "/events", seed: int = 1, rate: float = 1.0
) -> None:
    """Plays visits until it is cancelled; never more than 60 at once.

    Args:
        base_url: of the running server, `http://HOST:PORT`.
        collector_path: where events go.
        seed: that of the history, some of whose visitors return.
        rate: how many times as many visits as usual.
    """
    address = urlsplit(base_url)
    collector = Collector(
        address.hostname or "127.0.0.1", address.port or 80, collector_path
    )
    rng = seeded(secrets.randbits(32))
    async with asyncio.TaskGroup() as visits:
        under_way: set[asyncio.Task[None]] = set()
        while True:
            an_hour = max(LIVELY, visits_an_hour(now_ms(), seed))
            often = rate * an_hour / (HOUR / SECOND)
            await asyncio.sleep(rng.expovariate(often))
            if len(under_way) < MOST_VISITS:
                visit = visits.create_task(play_visit(collector, seed))
                under_way.add(visit)
                visit.add_done_callback(under_way.discard)


def now_ms() -> int:
    """The visitors' clock."""
    return time.time_ns() // 1_000_000


async def play_visit(collector: Collector, seed: int) -> None:
    """One visit, from its first page to its last, in real time."""
    rng = seeded(secrets.randbits(32), secrets.randbits(32))
    today = local_time(now_ms()).toordinal()
    visitor = draw_visitor(rng, seed, today, NEW_NUMBERS + rng.randrange(NEW_NUMBERS))
    entry = draw_entry(rng)
    session = f"sess_{secrets.token_hex(16)}"
    waiting: list[SentEvent] = []
    steps = draw_journey(rng, entry)
    for number, step in enumerate(steps):
        await asyncio.sleep(step.wait / 1_000)
        waiting.append(
            write_event(step, visitor, session, entry if number == 0 else None)
        )
        is_last = number + 1 == len(steps)
        if is_last or steps[number + 1].wait >= TOGETHER:
            await deliver(collector, visitor.machine.user_agent, waiting)
            waiting = []


def write_event(
    step: Step,
    visitor: Visitor,
    session: str,
    entry: Entry | None,
    *,
    at: int | None = None,
    site: str = SITE,
) -> SentEvent:
    """The event that the tracker on `site` would make of `step` at `at` (ms), or now."""
    origin = f"https://{site}"
    if entry is not None:
        referrer = entry.referrer
    else:
        referrer = f"{origin}{step.previous}" if step.previous else None
    return SentEvent(
        event_type=step.event_type,
        event_id=secrets.token_hex(16),
        timestamp=now_ms() if at is None else at,
        user_id=visitor.user_id,
        session_id=session,
        site=site,
        page_url=f"{origin}{step.path}{'?' if step.query else ''}{step.query}",
        page_title=step.title,
        referrer=referrer,
        screen_width=visitor.machine.screen_width,
        language=visitor.place.language,
        timezone=visitor.place.timezone,
        engagement_ms=step.engagement_ms,
        scroll_percent=step.scroll_percent,
        properties=step.properties,
        revenue=step.revenue,
        interactive=None if step.interactive else False,
    )


async def deliver(
    collector: Collector, user_agent: str, events: list[SentEvent]
) -> None:
    """Sends `events`, again and again with the same ids while nobody takes them."""
    delay = SOONEST_RETRY
    while True:
        sent = SentEvents(now_ms(), events)
        try:
            async with asyncio.timeout(TIMEOUT):
                status = await post(collector, user_agent, msgspec.json.encode(sent))
        except (OSError, TimeoutError, ValueError):
            status = 503
        if status < 500 and status != 429:
            if status != 200:
                log.warning("demo visit refused", extra={"status": status})
            return
        await asyncio.sleep(delay)
        delay = min(delay * 2, LATEST_RETRY)


async def post(collector: Collector, user_agent: str, body: bytes) -> int:
    """The status of the reply to one POST.

    Raises:
        OSError, ValueError: no reply that can be read.
    """
    reader, writer = await asyncio.open_connection(collector.host, collector.port)
    try:
        head = (
            f"POST {collector.path} HTTP/1.1\r\n"
            f"Host: {collector.host}:{collector.port}\r\n"
            f"User-Agent: {user_agent}\r\n"
            f"Origin: {ORIGIN}\r\n"
            "Content-Type: text/plain;charset=UTF-8\r\n"
            f"Content-Length: {len(body)}\r\n"
            "Connection: close\r\n\r\n"
        )
        writer.write(head.encode() + body)
        await writer.drain()
        line = await reader.readline()
        if not line.startswith(b"HTTP/1.1 "):
            raise ValueError("no HTTP reply")
        return int(line[9:12])
    finally:
        writer.close()
