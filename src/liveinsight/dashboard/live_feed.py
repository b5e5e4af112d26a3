"""What the live feed says of an event, and which filters it passes."""

import sys
from collections import OrderedDict
from collections.abc import Iterable
from typing import Final

import msgspec

from liveinsight.core.event import ENGAGEMENT, Event
from liveinsight.query.model import And, Filter, Not, Or, Where
from liveinsight.query.where import is_accepted

MAX_SESSIONS: Final = 10_000
"""Sessions whose beginnings are remembered: about 400 bytes each."""


class Beginning(msgspec.Struct, frozen=True, kw_only=True):
    """What the first event of a session fixed for the rest of it."""

    entry_page: str | None
    source: str | None
    channel: str
    referrer: str | None
    utm_source: str | None
    utm_medium: str | None
    utm_campaign: str | None
    utm_term: str | None
    utm_content: str | None
    country: str | None
    region: str | None
    city: str | None
    language: str | None
    device: str | None
    browser: str | None
    os: str | None


class FeedItem(msgspec.Struct, frozen=True, kw_only=True):
    """One event as the feed shows it; source to browser are its session's."""

    event_id: str
    session_id: str
    user_id: str
    event_type: str
    page: str | None
    page_title: str | None
    source: str | None
    channel: str
    country: str | None
    device: str | None
    browser: str | None
    present_at: int
    received_at: int


class Beginnings:
    """The sessions seen lately; the longest silent are forgotten first."""

    def __init__(self, max_sessions: int = MAX_SESSIONS) -> None:
        self.max_sessions = max_sessions
        self.known: OrderedDict[tuple[str, str], Beginning] = OrderedDict()

    def knows(self, sessions: Iterable[tuple[str, str]]) -> bool:
        """Whether the beginning of each of these (site, session_id) is remembered."""
        return all(map(self.known.__contains__, sessions))

    def note(self, events: Iterable[Event]) -> None:
        """Remembers the sessions that begin."""
        for event in events:
            if (event.site, event.session_id) not in self.known:
                self.of(event)

    def of(self, event: Event) -> Beginning:
        """The beginning of the event's session: of the first event seen of it."""
        key = (event.site, event.session_id)
        found = self.known.get(key)
        if found is None:
            found = self.known[key] = begin(event)
            if len(self.known) > self.max_sessions:
                self.known.popitem(last=False)
        else:
            self.known.move_to_end(key)
        return found


def begin(event: Event) -> Beginning:
    """What the event would fix for a session; repeated texts are kept once."""
    return Beginning(
        entry_page=event.page,
        source=share(event.source),
        channel=sys.intern(event.channel),
        referrer=event.referrer,
        utm_source=share(event.utm_source),
        utm_medium=share(event.utm_medium),
        utm_campaign=share(event.utm_campaign),
        utm_term=share(event.utm_term),
        utm_content=share(event.utm_content),
        country=share(event.country),
        region=share(event.region),
        city=share(event.city),
        language=share(event.language),
        device=share(event.device),
        browser=share(event.browser),
        os=share(event.os),
    )


def share(text: str | None) -> str | None:
    """The same text, the same object."""
    return None if text is None else sys.intern(text)


def is_shown(event: Event) -> bool:
    """Engagement is a measurement, not something that happens on the page."""
    return event.event_type != ENGAGEMENT


def describe(event: Event, beginning: Beginning) -> FeedItem:
    """The event for the feed."""
    return FeedItem(
        event_id=event.event_id,
        session_id=event.session_id,
        user_id=event.user,
        event_type=event.event_type,
        page=event.page,
        page_title=event.page_title,
        source=beginning.source,
        channel=beginning.channel,
        country=beginning.country,
        device=beginning.device,
        browser=beginning.browser,
        present_at=event.present_at,
        received_at=event.received_at,
    )


# Dimension → where its value is; those missing here are not known of a single event.
OF_THE_EVENT: Final = {
    "page": "page",
    "title": "page_title",
    "host": "host",
    "event_type": "event_type",
}
OF_THE_SESSION: Final = {name: name for name in Beginning.__struct_fields__}


def passes(event: Event, beginning: Beginning, filters: tuple[Where, ...]) -> bool:
    """Whether all filters hold for certain."""
    return all(holds(each, event, beginning) is True for each in filters)


def holds(where: Where, event: Event, beginning: Beginning) -> bool | None:
    """Whether the condition holds; None where one event alone does not tell."""
    if isinstance(where, And | Or):
        known = [holds(each, event, beginning) for each in where.filters]
        decisive = isinstance(where, Or)
        if decisive in known:
            return decisive
        return None if None in known else not decisive
    if isinstance(where, Not):
        found = holds(where.filter, event, beginning)
        return None if found is None else not found
    if isinstance(where, Filter):
        return holds_value(where, event, beginning)
    return None


def holds_value(condition: Filter, event: Event, beginning: Beginning) -> bool | None:
    """Whether one filter holds; "" stands for "not set"."""
    name = condition.dimension
    if name in OF_THE_EVENT:
        value = getattr(event, OF_THE_EVENT[name]) or ""
    elif name in OF_THE_SESSION:
        value = getattr(beginning, OF_THE_SESSION[name]) or ""
    else:
        return None
    return is_accepted(condition, value)
