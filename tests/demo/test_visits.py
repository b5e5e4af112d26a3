import asyncio
import contextlib
import datetime
from zoneinfo import ZoneInfo

import msgspec

from liveinsight.core.event import RawEvent
from liveinsight.demo import visits
from liveinsight.demo.catalogue import TIMEZONE
from liveinsight.demo.journeys import draw_journey
from liveinsight.demo.visitors import Entry, draw_visitor, seeded
from tests.serving import serving
from tests.tracker.collecting import Collecting

AN_ENTRY = Entry("/shop/", referrer="https://www.google.com/")


async def play_for(seconds: float, url: str) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await visits.play(url, rate=50)


def test_visits_arrive_at_the_collector_as_the_trackers_would() -> None:
    collecting = Collecting()
    with serving(collecting) as url:
        asyncio.run(play_for(1.5, url))
    views = collecting.events("page_view")
    assert len(views) >= 10
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
        await asyncio.sleep(0.3)
        collecting.status = 200
        await sending

    with serving(collecting) as url:
        asyncio.run(deliver(url))
    assert [e["event_id"] for e in collecting.events()] == [event.event_id]
    assert collecting.refused[0]["events"][0]["event_id"] == event.event_id
    assert collecting.events()[0]["timestamp"] == event.timestamp


def test_nights_are_quieter_but_not_empty() -> None:
    def at(hour: int) -> float:
        zone = ZoneInfo(TIMEZONE)
        return datetime.datetime(2026, 11, 22, hour, tzinfo=zone).timestamp()

    night, evening = (visits.arrivals_a_second(at(hour)) for hour in (3, 20))
    assert 0 < night < evening < 1


def test_what_is_sent_stays_within_the_wire_formats_limits() -> None:
    for number in range(300):
        rng = seeded(7, number)
        visitor = draw_visitor(rng, 1, 1, number)
        for step in draw_journey(rng, AN_ENTRY):
            event = visits.write_event(step, visitor, "sess_1", None)
            msgspec.json.decode(msgspec.json.encode(event), type=RawEvent)
