"""Nine weeks of the demo shop's past, as the store keeps it.

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

DAYS: Final = 63
"""Before today: two periods of 30 days, nine whole weeks."""
VISITS_A_DAY: Final = 1_500
"""Of today, were it a Monday and neither lucky nor unlucky."""
GROWTH: Final = 1.25
"""Visits of today, as a multiple of those of the first day."""
LUCK: Final = 0.08
"""How far a day is from what was to be expected, at most."""
NETWORK: Final = 120
"""ms from sending to receipt."""

HOURS: Final = (
    *(46, 43, 41, 40, 40, 41, 43, 46, 49, 53, 57, 59),
    *(60, 57, 54, 53, 54, 58, 63, 69, 72, 65, 56, 50),
)
"""How busy each hour of the day is, in the shop's time zone; abroad it is day."""
WEEKDAYS: Final = (1.0, 0.96, 0.95, 0.98, 0.94, 1.1, 1.22)

ORIGIN: Final = f"https://{SITE}"


def day_before(now: int, ago: int, seed: int = 1) -> list[Event]:
    """The events before `now` (ms) of visits that began `ago` days before today.

    In order of time, about 10,000.
    """
    day = local_time(now).date() - datetime.timedelta(days=ago)
    events = events_of(day, int(visits_of(day, ago, seed)), seed)
    return [event for event in events if event.time < now]


def visits_of(day: datetime.date, ago: int, seed: int = 1) -> float:
    """How many visits begin on a day; it was `ago` days before today."""
    luck = seeded(seed, day.toordinal()).uniform(1 - LUCK, 1 + LUCK)
    growth: float = GROWTH ** (-ago / DAYS)
    return VISITS_A_DAY * growth * WEEKDAYS[day.weekday()] * luck


def visits_an_hour(now: int, seed: int = 1) -> float:
    """How many visits begin in the hour of `now` (ms), in history and live."""
    local = local_time(now)
    return visits_of(local.date(), 0, seed) * HOURS[local.hour] / sum(HOURS)


def local_time(now: int) -> datetime.datetime:
    """The shop's wall clock."""
    return datetime.datetime.fromtimestamp(now / SECOND, ZoneInfo(TIMEZONE))


def start_of(now: int, ago: int) -> int:
    """The midnight that began the day `ago` days before today, ms."""
    return _midnight(local_time(now).date() - datetime.timedelta(days=ago))


def _midnight(day: datetime.date) -> int:
    midnight = datetime.datetime.combine(day, datetime.time(), ZoneInfo(TIMEZONE))
    return int(midnight.timestamp()) * SECOND


def events_of(day: datetime.date, visits: int, seed: int) -> list[Event]:
    """The events of the visits that began on `day`, in order of time."""
    start = _midnight(day)
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
