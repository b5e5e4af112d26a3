"""From an event as it was sent to the event as it is stored."""

from functools import lru_cache
from urllib.parse import unquote

import msgspec
from msgspec.structs import replace

from liveinsight.collect.door import Door, DoorSettings
from liveinsight.collect.http import Request
from liveinsight.core import limits
from liveinsight.core.address import client_address, plain_address, trusts
from liveinsight.core.country import Place, country_code, country_of_timezone
from liveinsight.core.device import (
    USER_AGENT_CHARS,
    Device,
    device_of_screen,
    parse_user_agent,
)
from liveinsight.core.event import PAGE_VIEW, Event, RawEvent, Revenue, Scalar
from liveinsight.core.site import Site
from liveinsight.core.source import classify
from liveinsight.core.url import split_url

Ids = tuple[str, str | None, str]
"""event_id, visitor_id and session_id of one event."""


class Client(msgspec.Struct, frozen=True, gc=False):
    """Who sent a request, as far as the connection tells; the same for all its events."""

    address: str
    user_agent: str
    origin: str | None
    device: Device
    place: Place


def client_of(request: Request, door: Door) -> Client:
    """The client at the far end of the trusted proxies."""
    headers, trusted = request.headers, door.settings.trusted_proxies
    address = client_address(request.peer, headers.get("x-forwarded-for", ""), trusted)
    user_agent = headers.get("user-agent", "")[:USER_AGENT_CHARS]
    country = None
    if trusts(plain_address(request.peer), trusted):
        for name in door.settings.country_headers:
            country = country or country_code(headers.get(name, ""))
    return Client(
        address,
        user_agent,
        headers.get("origin"),
        parse_user_agent(user_agent),
        Place(country) if country else door.place_of(address),
    )


Times = tuple[int, int | None, int, int]
"""timestamp, adjusted timestamp, the effective one of them, and presence; ms."""


class Moment:
    """When a request came, by both clocks, and how far the sender's may be off; ms."""

    def __init__(self, now: int, sent_at: int | None, settings: DoorSettings) -> None:
        self._now = now
        self._behind = None if sent_at is None else now - sent_at
        self._earliest = now - settings.clock_behind
        self._latest = now + settings.clock_ahead

    def times_of(self, timestamp: int | None) -> Times:
        """The times of an event that says it happened at `timestamp`."""
        now = self._now
        if timestamp is None:
            return now, None, now, now
        in_bounds = self._earliest <= timestamp <= self._latest
        present = now if self._behind is None else timestamp + self._behind
        # Nobody is present later than now, whatever the two clocks say.
        if present > now:
            present = now
        elif present < limits.EARLIEST_TIMESTAMP:
            present = limits.EARLIEST_TIMESTAMP
        if in_bounds:
            return timestamp, None, timestamp, present
        return timestamp, now, now, present


_UNKNOWN = Event(
    site="", event_id="", timestamp=0, received_at=0, present_at=0, session_id=""
)


@lru_cache(maxsize=4096)
def read_arrival(page_url: str | None, referrer: str | None) -> Event:
    """The part of an event that page address and referrer say together.

    Remembered: 30 µs anew, 0.1 µs again.
    """
    page = split_url(page_url) if page_url else None
    source = classify(page, split_url(referrer) if referrer else None)
    return replace(
        _UNKNOWN,
        page_url=page_url,
        host=page.host if page else None,
        page=_readable(page.path) if page else None,
        referrer=source.referrer,
        source=source.source,
        channel=source.channel,
        utm_source=source.utm_source,
        utm_medium=source.utm_medium,
        utm_campaign=source.utm_campaign,
        utm_term=source.utm_term,
        utm_content=source.utm_content,
    )


def _readable(path: str) -> str:
    """The path as people read it; as it was sent where that is not printable text."""
    if "%" not in path:
        return path
    try:
        text = unquote(path, errors="strict")
    except UnicodeDecodeError:
        return path
    return text if text.isprintable() else path


def draft(raw: RawEvent, site: Site, client: Client) -> Event:
    """What all events of one visitor's session in a request have in common."""
    device, place = client.device, client.place
    country = place.country
    if country is None and raw.timezone:
        country = country_of_timezone(raw.timezone)
    return replace(
        _UNKNOWN,
        site=site.id,
        user_id=raw.user_id,
        session_sent=raw.session_id is not None,
        country=country,
        region=place.region,
        city=place.city,
        language=raw.language,
        device=device.device,
        browser=device.browser,
        browser_version=device.browser_version,
        os=device.os,
        os_version=device.os_version,
        ip=(client.address or None) if site.keep_addresses else None,
    )


def complete(drafted: Event, raw: RawEvent, ids: Ids, times: Times, now: int) -> Event:
    """The event as it is stored: what was sent, and what follows from it.

    In steps of at most 14 fields: beyond, Python passes them as a dict, and one step
    of all costs 1.4 µs instead of 0.4 µs.
    """
    arrival = read_arrival(raw.page_url, raw.referrer)
    event_id, visitor_id, session_id = ids
    timestamp, adjusted, _, present = times
    arrived = replace(
        drafted,
        visitor_id=visitor_id,
        session_id=session_id,
        page_url=arrival.page_url,
        host=arrival.host,
        page=arrival.page,
        referrer=arrival.referrer,
        source=arrival.source,
        channel=arrival.channel,
        utm_source=arrival.utm_source,
        utm_medium=arrival.utm_medium,
        utm_campaign=arrival.utm_campaign,
        utm_term=arrival.utm_term,
        utm_content=arrival.utm_content,
    )
    if arrived.device is None and raw.screen_width:
        arrived = replace(arrived, device=device_of_screen(raw.screen_width))
    return replace(
        arrived,
        event_id=event_id,
        event_type=raw.event_type or PAGE_VIEW,
        timestamp=timestamp,
        received_at=now,
        adjusted_timestamp=adjusted,
        present_at=present,
        page_title=raw.page_title,
        screen_width=raw.screen_width,
        engagement_ms=raw.engagement_ms,
        scroll_percent=raw.scroll_percent,
        properties=_present(raw.properties) if raw.properties else None,
        revenue=_in_capitals(raw.revenue) if raw.revenue else None,
        interactive=raw.interactive is not False,
    )


def _present(properties: dict[str, Scalar]) -> dict[str, Scalar] | None:
    """The properties that have a value: null means absent."""
    if None in properties.values():
        return {k: v for k, v in properties.items() if v is not None} or None
    return properties


def _in_capitals(revenue: Revenue) -> Revenue:
    if revenue.currency.isupper():
        return revenue
    return Revenue(amount=revenue.amount, currency=revenue.currency.upper())
