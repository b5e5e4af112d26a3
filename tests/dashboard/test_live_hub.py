"""The hub: one computation for all who watch the same, bounded for all."""

import asyncio
import time
from collections.abc import Sequence

import msgspec
import pytest

from liveinsight.core.event import Event, encode_events
from liveinsight.dashboard.live_group import FEED_EVENTS, SOONEST, Group, Viewer
from liveinsight.dashboard.live_hub import LiveHub
from liveinsight.dashboard.live_stream import take
from liveinsight.dashboard.rights import TooManyWatchesError, Watch
from liveinsight.errors import StoreUnavailable
from liveinsight.query.parse import parse_filters
from tests.dashboard.project import NOW, SITE, a_visit_of, a_warehouse
from tests.query.tables import NOON
from tests.waiting import PATIENCE_S

WATCH = Watch(SITE)


class CountingReader:
    """A warehouse that counts its questions, and can be away."""

    def __init__(self) -> None:
        self.questions = 0
        self.is_away = False

    def query(
        self, sql: str, params: Sequence[object] = ()
    ) -> list[tuple[object, ...]]:
        if self.is_away:
            raise StoreUnavailable("closed")
        self.questions += 1
        return a_warehouse().query(sql, params)


class Clock:
    """A clock that goes as told."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> int:
        return self.now


async def until_ready(viewer: Viewer) -> bytes:
    await asyncio.wait_for(viewer.ready.wait(), PATIENCE_S)
    return take(viewer, NOW)


def data_of(messages: bytes, event: str) -> dict[str, object]:
    """The data of the first message of that name."""
    for block in messages.split(b"\n\n"):
        if block.startswith(b"event: " + event.encode() + b"\n"):
            found = msgspec.json.decode(block.partition(b"data: ")[2])
            assert isinstance(found, dict)
            return found
    raise AssertionError(messages)


def test_200_streams_on_one_site_cost_one_computation_a_second() -> None:
    reader = a_warehouse(a_visit_of("/"))
    hub = LiveHub(reader, lambda: time.time_ns() // 1_000_000)
    computed: list[float] = []
    ask = hub.panels.ask

    def counted(watch: Watch, now: int) -> bytes:
        computed.append(time.monotonic())
        return ask(watch, now)

    hub.panels.ask = counted  # type: ignore[method-assign]

    async def watch() -> None:
        running = asyncio.create_task(hub.run())
        for viewer in [hub.join(WATCH) for _ in range(200)]:
            await until_ready(viewer)
        async with asyncio.timeout(PATIENCE_S):
            while len(computed) < 3:
                await asyncio.sleep(0.02)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    asyncio.run(watch())
    assert len(computed) <= 2 + computed[-1] - computed[0]


def test_news_is_in_the_panels_once_it_is_applied() -> None:
    warehouse = a_warehouse(a_visit_of("/"))
    waiting: list[Event] = []
    hub = LiveHub(
        warehouse, lambda: time.time_ns() // 1_000_000, backlog=lambda: len(waiting)
    )

    async def follow() -> None:
        running = asyncio.create_task(hub.run())
        viewer = hub.join(WATCH)
        await until_ready(viewer)
        waiting.extend(a_visit_of("/new", at=hub.clock()))
        hub.publish([encode_events(waiting)])
        await asyncio.sleep(0.25)
        warehouse.apply(waiting)
        waiting.clear()
        async with asyncio.timeout(PATIENCE_S):
            while b"/new" not in (viewer.panels or b""):
                await asyncio.sleep(0.005)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    asyncio.run(follow())


def test_panels_are_computed_each_second_and_sooner_for_news_that_is_applied() -> None:
    group = Group(WATCH)
    group.computed_at = NOW
    assert not group.is_due(NOW + 999, is_applied=True)
    assert group.is_due(NOW + 1_000, is_applied=True)
    group.has_news = True
    assert not group.is_due(NOW + SOONEST - 1, is_applied=True)
    assert not group.is_due(NOW + SOONEST, is_applied=False)
    assert group.is_due(NOW + SOONEST, is_applied=True)
    group.compute_ms = 100
    assert not group.is_due(NOW + 399, is_applied=True)
    assert group.is_due(NOW + 400, is_applied=True)


def test_the_first_viewer_gets_panels_at_once() -> None:
    hub = LiveHub(a_warehouse(a_visit_of("/shoes", at=NOW - 1_000)), lambda: NOW)

    async def watch() -> bytes:
        running = asyncio.create_task(hub.run())
        await asyncio.sleep(0)
        messages = await until_ready(hub.join(WATCH))
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        return messages

    message = data_of(asyncio.run(watch()), "panels")
    assert message["sent_at"] == NOW
    assert message["backlog_events"] == 0
    panels = message["panels"]
    assert isinstance(panels, dict)
    assert panels["current_visitors"] == 1
    assert panels["pages"] == [{"name": "/shoes", "visitors": 1}]


def feed_of(hub: LiveHub, watch: Watch, *batches: Sequence[Event]) -> list[object]:
    """The events that a viewer is sent after these commits."""

    async def follow() -> list[object]:
        hub.loop = asyncio.get_running_loop()
        viewer = hub.join(watch)
        for batch in batches:
            hub.publish([encode_events(batch)])
        while hub.flush_is_planned:
            await asyncio.sleep(0.005)
        messages = take(viewer, NOW)
        hub.leave(watch, viewer)
        if b"event: feed" not in messages:
            return []
        events = data_of(messages, "feed")["events"]
        assert isinstance(events, list)
        return events

    return asyncio.run(follow())


def test_the_feed_tells_an_event_with_its_sessions_source() -> None:
    hub = LiveHub(a_warehouse(), lambda: NOW)
    first, *later = a_visit_of("/", "/shoes", user="anna", device="Mobile")
    first = msgspec.structs.replace(first, source="Google", channel="Organic Search")
    events = feed_of(hub, WATCH, [first], later)
    assert len(events) == 2
    assert events[1] == {
        "event_id": f"evt_anna_{NOON}_1",
        "session_id": "sess_anna",
        "user_id": "anna",
        "event_type": "page_view",
        "page": "/shoes",
        "page_title": None,
        "source": "Google",
        "channel": "Organic Search",
        "country": None,
        "device": "Mobile",
        "browser": None,
        "present_at": NOON + 60_000,
        "received_at": NOON + 60_000,
    }


def test_the_feed_shows_one_site_and_no_engagement() -> None:
    hub = LiveHub(a_warehouse(), lambda: NOW)
    batch = [
        *a_visit_of("/", user="eve", site="other.example"),
        *a_visit_of("/", user="ben", event_type="engagement"),
    ]
    assert feed_of(hub, WATCH, batch) == []


@pytest.mark.parametrize(
    ("text", "users"),
    [
        ("source:is:Google", ["anna"]),
        ("source:is_not:Google", ["ben"]),
        ("source:is:", ["ben"]),
        ("page:contains:sho", ["anna"]),
        ("page:contains_not:sho", ["ben"]),
        ("country:is:KR|DE", ["ben"]),
        ("entry_page:is:/shoes", ["anna"]),
        ("exit_page:is:/shoes", []),
    ],
)
def test_the_feed_honours_filters(text: str, users: list[str]) -> None:
    hub = LiveHub(a_warehouse(), lambda: NOW)
    batch = [
        *a_visit_of("/shoes", user="anna", source="Google"),
        *a_visit_of("/", user="ben", country="KR"),
    ]
    watch = Watch(SITE, parse_filters([text]))
    found = feed_of(hub, watch, batch)
    assert [each["user_id"] for each in found if isinstance(each, dict)] == users


def test_a_slow_reader_keeps_the_newest_events_only() -> None:
    hub = LiveHub(a_warehouse(), lambda: NOW)
    batches = [a_visit_of("/", user=f"user{n}") for n in range(FEED_EVENTS + 50)]
    events = feed_of(hub, WATCH, *batches)
    assert len(events) == FEED_EVENTS
    assert isinstance(events[-1], dict)
    assert events[-1]["user_id"] == f"user{FEED_EVENTS + 49}"


def test_streams_beyond_the_bound_are_refused() -> None:
    hub = LiveHub(a_warehouse(), lambda: NOW, max_streams=2)
    first = hub.join(WATCH)
    hub.join(WATCH)
    with pytest.raises(TooManyWatchesError):
        hub.join(WATCH)
    hub.leave(WATCH, first)
    hub.join(WATCH)


def test_events_published_while_nobody_watches_wait_for_nobody() -> None:
    hub = LiveHub(a_warehouse(), lambda: NOW)
    hub.publish([encode_events(a_visit_of("/"))])
    assert not hub.outbox


def test_a_poll_says_each_event_once() -> None:
    clock = Clock()
    hub = LiveHub(a_warehouse(), clock)

    def poll(since: int) -> tuple[int, list[str]]:
        said = msgspec.json.decode(hub.poll(WATCH, since))
        return said["now"], [each["user_id"] for each in said["feed"]["events"]]

    now, users = poll(NOW)
    hub.publish(
        [encode_events(a_visit_of("/", user="anna"))]
    )  # in the same millisecond
    now, users = poll(now)
    assert users == ["anna"]
    hub.publish([encode_events(a_visit_of("/", user="ben"))])
    now, users = poll(now)
    assert users == ["ben"]
    assert poll(now)[1] == []


def test_panels_say_when_what_they_show_was_read() -> None:
    for read_at, said in ((None, NOW), (lambda: NOW - 1_500, NOW - 1_500)):
        hub = LiveHub(a_warehouse(), lambda: NOW, read_at=read_at)
        panels = msgspec.json.decode(hub.poll(WATCH, NOW))["panels"]
        assert panels["sent_at"] == said


def test_many_polls_in_a_second_are_one_computation() -> None:
    reader, clock = CountingReader(), Clock()
    hub = LiveHub(reader, clock)
    hub.poll(WATCH, NOW)
    once = reader.questions
    for _ in range(20):
        hub.poll(WATCH, NOW)
    assert reader.questions == once
    clock.now += 1_000
    hub.poll(WATCH, NOW)
    assert reader.questions == 2 * once


def test_without_a_warehouse_the_feed_goes_on() -> None:
    reader = CountingReader()
    reader.is_away = True
    hub = LiveHub(reader, lambda: NOW)
    said = msgspec.json.decode(hub.poll(WATCH, NOW))
    assert said["panels"] is None


def test_what_nobody_watches_any_more_is_forgotten() -> None:
    clock = Clock()
    hub = LiveHub(a_warehouse(), clock)
    hub.poll(WATCH, NOW)
    hub.choose_due()
    assert len(hub.groups) == 1
    clock.now += 6_000
    hub.choose_due()
    assert not hub.groups


def test_more_than_50_groups_take_turns() -> None:
    clock = Clock()
    hub = LiveHub(a_warehouse(), clock)
    for number in range(80):
        hub.join(Watch(f"site{number}.example"))
    first = hub.choose_due()
    for group in first:
        group.computed_at = clock.now
    clock.now += 1_000
    second = hub.choose_due()
    assert len(first) == len(second) == 50
    assert {group.watch for group in first + second} == set(hub.groups)
