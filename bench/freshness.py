"""From POST to the open live page, at a steady load on the real server.

    .venv/bin/python -m bench.freshness [--quick] [--json] [--rate 500]

One process sends one event a request at fixed times, whether the last one was
answered or not, and reads the stream of a live page: `p50_ms, p95_ms, p99_ms` are
from just before the POST is written to the message with this event. Beside it, as
the baseline of the same run: the time to the durable answer (`ack_…`). Twice a
second an event's session is asked for through the API until it is there:
`queryable_…` is from its answer to that.
"""

import argparse
import asyncio
import json
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import msgspec
import uvloop

from bench._load import AGENTS, SITE, percentile
from bench._server import free_port, resident_mb, running
from bench._stream import Message, add_key, add_site, ask, read_stream

CONNECTIONS = 32
USERS = 300
PROBE_EVERY_S = 0.5
LOST_AFTER_S = 10.0

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Free = asyncio.Queue[Connection]


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The last line with `--json`; ms, but for the counts."""

    p50_ms: float
    p95_ms: float
    p99_ms: float
    ack_p50_ms: float
    ack_p99_ms: float
    queryable_p50_ms: float
    queryable_p95_ms: float
    sent: int
    missing: int
    rate_per_s: float
    resident_mb: float


class Times:
    """When each event was sent, answered and shown, by its id; seconds."""

    def __init__(self) -> None:
        self.sent: dict[str, float] = {}
        self.answered: dict[str, float] = {}
        self.shown: dict[str, float] = {}
        self.queryable: list[float] = []

    def between(self, first: dict[str, float], second: dict[str, float]) -> list[float]:
        """Sorted seconds between two moments of the events that have both."""
        return sorted(second[one] - first[one] for one in first if one in second)


async def send(port: int, rate: float, seconds: float, times: Times) -> None:
    """Sends at fixed times, over as many connections as are free."""
    free: Free = asyncio.Queue()
    for _ in range(CONNECTIONS):
        free.put_nowait(await asyncio.open_connection("127.0.0.1", port))
    began, tasks = time.perf_counter(), set[asyncio.Task[None]]()
    for number in range(int(rate * seconds)):
        await asyncio.sleep(max(0.0, began + number / rate - time.perf_counter()))
        connection = await free.get()
        task = asyncio.create_task(send_one(number, connection, times, free))
        tasks.add(task)
        task.add_done_callback(tasks.discard)
    await asyncio.gather(*tasks)


async def send_one(
    number: int,
    connection: Connection,
    times: Times,
    free: Free,
) -> None:
    """One POST with one event, and its answer; then the connection is free."""
    reader, writer = connection
    event_id = f"fresh-{number:08d}"
    body = json.dumps(
        {
            "event_id": event_id,
            "timestamp": int(time.time() * 1000),
            "user_id": f"user-{number % USERS:030d}",
            "session_id": f"session-{number % USERS:030d}",
            "page_url": f"https://{SITE}/products/{number % 60}",
            "site": SITE,
        }
    ).encode()
    agent = AGENTS[number % len(AGENTS)].format(120 + number % 20)
    times.sent[event_id] = time.perf_counter()
    writer.write(
        b"POST /events HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: text/plain\r\n"
        b"user-agent: %s\r\ncontent-length: %d\r\n\r\n%s"
        % (agent.encode(), len(body), body)
    )
    head = await reader.readuntil(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200"):
        raise SystemExit(f"POST /events answered {head[:100]!r}")
    length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r")[0])
    await reader.readexactly(length)
    times.answered[event_id] = time.perf_counter()
    free.put_nowait(connection)


async def watch(messages: AsyncIterator[Message], times: Times) -> None:
    """Notes when the live page got each event."""
    async for message in messages:
        now = time.perf_counter()
        if message.event == "feed":
            for event in message.data["events"]:
                times.shown.setdefault(event["event_id"].removeprefix("evt_"), now)


async def probe(port: int, key: str, times: Times) -> None:
    """Asks now and then for the newest answered event until it is queryable."""
    while True:
        await asyncio.sleep(PROBE_EVERY_S)
        if not times.answered:
            continue
        event_id = next(reversed(times.answered))
        user = int(event_id[-8:]) % USERS
        path = f"/api/sessions/sess_session-{user:030d}/events/?site={SITE}"
        while True:
            found = await asyncio.to_thread(ask, port, path, key)
            if found.status == 200 and event_id in str(found.data):
                break
            await asyncio.sleep(0.01)
        times.queryable.append(time.perf_counter() - times.answered[event_id])


async def measure(port: int, folder: Path, rate: float, seconds: float) -> Times:
    """Warms up, then sends and watches."""
    add_site(folder, SITE)
    key = add_key(folder)
    await asyncio.sleep(1)
    times = Times()
    async with aclosing(read_stream(port, key, SITE)) as messages:
        beside = [
            asyncio.create_task(watch(messages, times)),
            asyncio.create_task(probe(port, key, times)),
        ]
        await asyncio.sleep(1)
        await send(port, rate, seconds, times)
        ends_at = time.perf_counter() + LOST_AFTER_S
        while len(times.shown) < len(times.sent) and time.perf_counter() < ends_at:
            await asyncio.sleep(0.05)
        for task in beside:
            task.cancel()
        await asyncio.gather(*beside, return_exceptions=True)
    return times


def _main() -> None:
    parser = argparse.ArgumentParser(prog="bench.freshness")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rate", type=float, default=500.0)
    chosen = parser.parse_args()
    seconds = 10.0 if chosen.quick else 60.0
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="liveinsight-bench-") as name:
        folder = Path(name) / "data"
        words = ("-c", "from liveinsight.cli.main import main; main()", "up")
        with running(
            *words, "--port", str(port), "--data", str(folder), port=port
        ) as p:
            times = uvloop.run(measure(port, folder, chosen.rate, seconds))
            memory = resident_mb(p.pid)
    shown = times.between(times.sent, times.shown)
    acks = times.between(times.sent, times.answered)
    queryable = sorted(times.queryable)
    report = Report(
        p50_ms=round(percentile(shown, 0.50), 1),
        p95_ms=round(percentile(shown, 0.95), 1),
        p99_ms=round(percentile(shown, 0.99), 1),
        ack_p50_ms=round(percentile(acks, 0.50), 1),
        ack_p99_ms=round(percentile(acks, 0.99), 1),
        queryable_p50_ms=round(percentile(queryable, 0.50), 1),
        queryable_p95_ms=round(percentile(queryable, 0.95), 1),
        sent=len(times.sent),
        missing=len(times.sent) - len(shown),
        rate_per_s=round(len(times.sent) / seconds, 1),
        resident_mb=round(memory, 1),
    )
    print(
        f"{report.sent} events at {report.rate_per_s}/s, {report.missing} not shown\n"
        f"POST → live page p50 {report.p50_ms} · p95 {report.p95_ms}"
        f" · p99 {report.p99_ms} ms\n"
        f"POST → durable answer p50 {report.ack_p50_ms} · p99 {report.ack_p99_ms} ms\n"
        f"answer → queryable p50 {report.queryable_p50_ms}"
        f" · p95 {report.queryable_p95_ms} ms ({len(queryable)} probes)\n"
        f"resident {report.resident_mb} MB"
    )
    if chosen.json:
        print(msgspec.json.encode(report).decode())


if __name__ == "__main__":
    _main()
