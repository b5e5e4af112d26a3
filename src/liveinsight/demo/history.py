"""A month of the demo shop's past, as the store keeps it.

The same visits for the same `seed`, whenever it is asked: visit number n of a day
never changes, so that loading it again stores nothing twice.
"""

import datetime
from collections.abc import Iterator
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo

from liveinsight.core.country import country_of_timezone
from liveinsight.core.device import Device, parse_user_agent
from liveinsight.core.event import Event
from liveinsight.core.limits import HOUR, SECOND
from liveinsight.core.source import Source, classify
from liveinsight.core.url import split_url
from liveinsight.demo.catalogue import SITE, TIMEZONE
from liveinsight.demo.journeys import Step, draw_journey
from liveinsight.demo.visitors import (
    Entry,
    Machine,
    Place,
    Visitor,
    draw_entry,
    draw_visitor,
    seeded,
)

DAYS: Final = 30
VISITS_A_DAY: Final = 440
GROWTH: Final = 1.6
"""Visits of the last day, as a multiple of those of the first."""
CHUNK: Final = 1_000
NETWORK: Final = 120
"""ms from sending to receipt."""

HOURS: Final = (
    *(6, 4, 3, 2, 2, 3, 8, 18, 32, 44, 52, 55),
    *(58, 52, 48, 47, 49, 54, 62, 72, 78, 66, 42, 18),
)
"""How busy each hour of the day is, in the shop's time zone."""
WEEKDAYS: Final = (1.0, 0.96, 0.95, 0.98, 0.94, 1.1, 1.22)

ORIGIN: Final = f"https://{SITE}"


def month_of_history(now: int, seed: int = 1) -> Iterator[list[Event]]:
    """The events of the 30 days before `now` (ms), oldest first, 1,000 at a time."""
    zone = ZoneInfo(TIMEZONE)
    today = datetime.datetime.fromtimestamp(now / SECOND, zone).date()
    chunk: list[Event] = []
    for ago in range(DAYS, -1, -1):
        growth = GROWTH ** ((DAYS - ago) / DAYS)
        day = today - datetime.timedelta(days=ago)
        visits = int(VISITS_A_DAY * growth * WEEKDAYS[day.weekday()])
        chunk += [event for event in events_of(day, visits, seed) if event.time < now]
        while len(chunk) >= CHUNK:
            yield chunk[:CHUNK]
            chunk = chunk[CHUNK:]
    if chunk:
        yield chunk


def events_of(day: datetime.date, visits: int, seed: int) -> list[Event]:
    """The events of the visits that began on `day`, in order of time."""
    midnight = datetime.datetime.combine(day, datetime.time(), ZoneInfo(TIMEZONE))
    start = int(midnight.timestamp()) * SECOND
    hours = range(len(HOURS))
    events: list[Event] = []
    for number in range(visits):
        rng = seeded(seed, day.toordinal(), number)
        at = start + rng.choices(hours, HOURS)[0] * HOUR + rng.randrange(HOUR)
        visitor = draw_visitor(rng, seed, day.toordinal(), number)
        entry = draw_entry(rng)
        name = f"{seed:x}-{day.toordinal():x}-{number:x}"
        events += write_visit(name, at, visitor, entry, draw_journey(rng, entry))
    events.sort(key=lambda event: event.time)
    return events


def write_visit(
    name: str, start: int, visitor: Visitor, entry: Entry, steps: list[Step]
) -> Iterator[Event]:
    """The events of one visit, under ids made from its `name`."""
    device = device_of(visitor.machine)
    country = country_of(visitor.place)
    came, direct = source_of(entry), Source()
    at = start
    for number, step in enumerate(steps):
        at += step.wait
        # Every event carries what its own address and referrer say.
        source = came if number == 0 else direct
        yield Event(
            site=SITE,
            event_id=f"evt_demo-{name}-{number}",
            event_type=step.event_type,
            timestamp=at,
            received_at=at + NETWORK,
            present_at=at + NETWORK // 2,
            user_id=visitor.user_id,
            session_id=f"sess_demo-{name}",
            session_sent=True,
            page_url=f"{ORIGIN}{step.path}{'?' if step.query else ''}{step.query}",
            host=SITE,
            page=step.path,
            page_title=step.title,
            referrer=source.referrer,
            source=source.source,
            channel=source.channel,
            utm_source=source.utm_source,
            utm_medium=source.utm_medium,
            utm_campaign=source.utm_campaign,
            country=country,
            language=visitor.place.language,
            device=device.device,
            browser=device.browser,
            browser_version=device.browser_version,
            os=device.os,
            os_version=device.os_version,
            screen_width=visitor.machine.screen_width,
            engagement_ms=step.engagement_ms,
            scroll_percent=step.scroll_percent,
            properties=step.properties,
            revenue=step.revenue,
            interactive=step.interactive,
        )


@cache
def device_of(machine: Machine) -> Device:
    return parse_user_agent(machine.user_agent)


@cache
def country_of(place: Place) -> str | None:
    return country_of_timezone(place.timezone)


@cache
def source_of(entry: Entry) -> Source:
    page = split_url(f"{ORIGIN}{entry.path}?{entry.query}")
    return classify(page, split_url(entry.referrer) if entry.referrer else None)
