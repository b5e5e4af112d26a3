import asyncio
from collections.abc import Callable

import msgspec

from liveinsight.core.event import RawEvent
from liveinsight.demo import visits
from liveinsight.demo.journeys import draw_journey
from liveinsight.demo.visitors import Entry, draw_visitor, seeded
from tests.serving import serving
from tests.tracker.collecting import Collecting
from tests.waiting import PATIENCE_S

AN_ENTRY = Entry("/shop/", referrer="https://www.google.com/")


async def play_until(has_come: Callable[[], bool], url: str) -> None:
    playing = asyncio.create_task(visits.play(url, rate=2_000))
    await wait_for(has_come)
    playing.cancel()
    await asyncio.gather(playing, return_exceptions=True)


async def wait_for(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not holds():
            await asyncio.sleep(0.01)


def test_visits_arrive_at_the_collector_as_the_trackers_would() -> None:
    collecting = Collecting()
    with serving(collecting) as url:
        asyncio.run(play_until(lambda: len(collecting.headers) >= 20, url))
    views = collecting.events("page_view")
    view = views[0]
    assert view["site"] == "shop.example"
    assert view["page_url"].startswith("https://shop.example/shop/")
    assert view["session_id"].startswith("sess_")
    assert "/" in view["timezone"]
    assert collecting.headers[0]["content-type"] == "text/plain;charset=UTF-8"
    assert len({headers["user-agent"] for headers in collecting.headers}) > 3
    assert len(views) <= visits.MOST_VISITS


def test_an_event_keeps_its_id_while_the_collector_is_down() -> None:
    collecting = Collecting()
    collecting.status = 503
    visitor = draw_visitor(seeded(1), 1, 1, 1)
    step = draw_journey(seeded(1), AN_ENTRY)[0]
    event = visits.write_event(step, visitor, "sess_1", AN_ENTRY)

    async def deliver(url: str) -> None:
        collector = visits.Collector(
            "127.0.0.1", int(url.rpartition(":")[2]), "/events"
        )
        sending = asyncio.create_task(visits.deliver(collector, "a browser", [event]))
        await wait_for(lambda: bool(collecting.refused))
        collecting.status = 200
        await sending

    with serving(collecting) as url:
        asyncio.run(deliver(url))
    assert [e["event_id"] for e in collecting.events()] == [event.event_id]
    assert collecting.refused[0]["events"][0]["event_id"] == event.event_id
    assert collecting.events()[0]["timestamp"] == event.timestamp


def test_what_is_sent_stays_within_the_wire_formats_limits() -> None:
    for number in range(300):
        rng = seeded(7, number)
        visitor = draw_visitor(rng, 1, 1, number)
        for step in draw_journey(rng, AN_ENTRY):
            event = visits.write_event(step, visitor, "sess_1", None)
            msgspec.json.decode(msgspec.json.encode(event), type=RawEvent)
