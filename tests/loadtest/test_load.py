"""The load test against the real collector behind a real port."""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import msgspec
import pytest

from liveinsight.collect.asgi import CollectorApp
from liveinsight.collect.door import Door
from liveinsight.core.site import Site, sites_of
from liveinsight.errors import ConfigError
from liveinsight.loadtest.audience import REQUESTS, Audience
from liveinsight.loadtest.check import check_collector
from liveinsight.loadtest.client import target_of
from liveinsight.loadtest.report import Limits, Report, report_of
from liveinsight.loadtest.run import Load, Plan
from tests.collect.builders import NOW, MemoryStore
from tests.serving import serving

Scope = MutableMapping[str, Any]
App = Callable[[Scope, Any, Any], Awaitable[None]]
SITE = "loadtest.example"


def a_collector(store: MemoryStore, door: Door | None = None) -> CollectorApp:
    return CollectorApp(store, door or Door(), lambda: time.time_ns() // 1_000_000)


def a_plan(url: str, **fields: Any) -> Plan:
    plan: dict[str, Any] = {"rate": 50.0, "seconds": 1.0, "batch": 4, "site": SITE}
    return Plan(target=target_of(url), **(plan | fields))


def load_of(plan: Plan, limits: Limits | None = None) -> Report:
    async def run() -> Report:
        load = Load(plan)
        await load.run(lambda _: None)
        return report_of(plan, load, limits or Limits())

    return asyncio.run(run())


def test_every_event_arrives_once() -> None:
    store = MemoryStore()
    with serving(a_collector(store)) as url:
        report = load_of(a_plan(url, rate=100.0, seconds=2.0))
    events = store.events
    assert report.requests == 200
    assert report.events_accepted == len(events) == 800
    assert len({event.event_id for event in events}) == 800
    assert report.statuses == {"200": 200}
    assert report.outcomes == {"accepted": 200}
    assert sum(one.count for one in report.histogram) == 200
    assert report.errors == 0
    assert {event.site for event in events} == {SITE}
    assert len({event.browser for event in events}) > 2
    assert not report.missed


def test_a_visit_is_five_requests_in_the_order_of_time() -> None:
    audience = Audience(SITE, rate=10.0, batch=3)
    visits: dict[object, list[dict[str, Any]]] = {}
    for number in range(600):
        post = audience.next_post(NOW + number * 100)
        for event in msgspec.json.decode(post.body)["events"]:
            visits.setdefault(event["session_id"], []).append(event)
    counts = Counter(len(events) // 3 for events in visits.values())
    assert counts.most_common(1)[0][0] == REQUESTS == max(counts)
    assert 100 <= len(visits) <= 160
    for events in visits.values():
        times = [event["timestamp"] for event in events]
        assert times == sorted(times)
        assert events[0]["event_type"] == "page_view"
        assert len({event["user_id"] for event in events}) == 1


def test_a_stall_is_in_the_times_of_all_requests_that_were_due_meanwhile() -> None:
    store = MemoryStore()
    collector = a_collector(store)

    async def stalling(scope: Scope, receive: Any, send: Any) -> None:
        if len(store.batches) == 20:
            time.sleep(0.6)
        await collector(scope, receive, send)

    with serving(stalling) as url:
        report = load_of(a_plan(url, rate=100.0, seconds=1.5, batch=1))
    slow = sum(one.count for one in report.histogram if one.ms > 200)
    assert slow >= 30, "one slow request would mean that the others had waited unseen"
    assert report.requests == 150


def test_a_refusal_is_an_error_and_not_an_accepted_event() -> None:
    store = MemoryStore()
    store.is_full = True
    with serving(a_collector(store)) as url:
        report = load_of(a_plan(url, rate=20.0))
    assert report.statuses == {"503": 20}
    assert report.errors == 20
    assert report.events_accepted == 0
    assert report.missed == ["20 requests failed, over 0"]


def test_dropped_events_are_errors_although_the_status_is_200() -> None:
    door = Door(sites=sites_of([Site("other.example")]))
    with serving(a_collector(MemoryStore(), door)) as url:
        report = load_of(a_plan(url, rate=20.0))
    assert report.statuses == {"200": 20}
    assert report.outcomes == {"dropped: unknown_site": 20}
    assert report.errors == 20


def test_a_server_that_never_answers_is_given_up() -> None:
    async def silent(scope: Scope, receive: Any, send: Any) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    with serving(silent) as url:
        report = load_of(a_plan(url, rate=10.0, timeout=0.5))
    assert report.statuses == {"timeout": 10}
    assert report.latency_ms.p50 >= 500


def test_a_connection_that_was_closed_while_idle_is_replaced() -> None:
    answer = (
        b"HTTP/1.1 200 OK\r\nX-LiveInsight: accepted\r\nContent-Length: 2\r\n\r\n{}"
    )

    closed = asyncio.Semaphore(0)

    async def answer_once(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await reader.readuntil(b"]}")
        writer.write(answer)
        await reader.read(1)  # the next request has come: hang up on it
        writer.close()
        closed.release()

    async def run() -> Report:
        server = await asyncio.start_server(answer_once, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        plan = a_plan(f"http://127.0.0.1:{port}", rate=10.0, batch=1)
        load = Load(plan)
        await load.run(lambda _: None)
        for _ in range(load.client.opened):
            await closed.acquire()
        server.close()
        return report_of(plan, load, Limits())

    report = asyncio.run(run())
    assert report.errors == 0
    assert report.connections == 10


def test_a_key_in_a_header_goes_with_every_request() -> None:
    collector, seen = a_collector(MemoryStore()), Counter[bytes]()

    async def noting(scope: Scope, receive: Any, send: Any) -> None:
        seen.update(value for name, value in scope["headers"] if name == b"x-api-key")
        await collector(scope, receive, send)

    with serving(noting) as url:
        target = target_of(url, ("X-Api-Key: secret",))
        plan = Plan(target=target, site=SITE, rate=10.0, seconds=1.0, batch=1)
        assert load_of(plan).errors == 0
    assert seen == {b"secret": 10}


def test_limits_are_told_apart() -> None:
    with serving(a_collector(MemoryStore())) as url:
        limits = Limits(p50_ms=0.0001, p99_ms=60_000.0)
        report = load_of(a_plan(url, rate=10.0), limits)
    (missed,) = report.missed
    assert missed.startswith("p50 ")


class Counting:
    """A server that is none of ours."""

    def __init__(self, status: int, *headers: tuple[bytes, bytes]) -> None:
        self.requests = 0
        self._start = {"type": "http.response.start", "status": status}
        self._headers = list(headers)

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        self.requests += 1
        await send(self._start | {"headers": self._headers})
        await send({"type": "http.response.body", "body": b'{"results": [{}]}'})


@pytest.mark.parametrize(
    ("server", "sentence"),
    [
        (Counting(200), "is not a LiveInsight collector"),
        (Counting(404), "is not a LiveInsight collector"),
        (Counting(301, (b"location", b"https://there")), "https://there"),
        (Counting(403), "--header"),
        (Counting(429), "busy"),
    ],
    ids=["another server", "no such page", "moved", "key wanted", "busy"],
)
def test_what_is_not_our_collector_gets_one_request(
    server: Counting, sentence: str
) -> None:
    with serving(server) as url, pytest.raises(ConfigError, match=sentence):
        asyncio.run(check_collector(a_plan(url)))
    assert server.requests == 1


def test_a_site_that_is_not_taken_is_told_with_what_to_do() -> None:
    door = Door(sites=sites_of([Site("other.example")]))
    store = MemoryStore()
    with (
        serving(a_collector(store, door)) as url,
        pytest.raises(ConfigError, match=f"liveinsight site add {SITE}"),
    ):
        asyncio.run(check_collector(a_plan(url)))


def test_our_collector_passes_the_check() -> None:
    store = MemoryStore()
    with serving(a_collector(store)) as url:
        asyncio.run(check_collector(a_plan(url)))
    assert len(store.events) == 1


@pytest.mark.parametrize(
    ("url", "meant"),
    [
        ("http://a.example", "http://a.example/events"),
        ("http://a.example:81/", "http://a.example:81/events"),
        ("https://user:word@a.example/prod/events", "https://a.example/prod/events"),
    ],
)
def test_a_url_without_a_path_means_events(url: str, meant: str) -> None:
    assert target_of(url).url == meant


@pytest.mark.parametrize(
    "url", ["a.example", "ftp://a.example", "http://", "http://a:b", "http://a/b c"]
)
def test_what_is_no_url_is_refused(url: str) -> None:
    with pytest.raises(ConfigError):
        target_of(url)


@pytest.mark.parametrize("header", ["x", ": x", "a: b\r\nc: d"])
def test_what_is_no_header_is_refused(header: str) -> None:
    with pytest.raises(ConfigError):
        target_of("http://a.example", (header,))
