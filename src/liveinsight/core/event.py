"""The event: as a sender writes it (RawEvent), and as it is stored (Event).

Both forms, their limits and their names are those of docs/wire-format.md.
All times are integers, ms since 1970 UTC.

gc=False: an event holds nothing that could hold it, and untracked ones keep the
collector's pauses short under load.
"""

from collections.abc import Iterator, Sequence
from typing import Annotated

import msgspec
from msgspec import Meta

from liveinsight.core import limits

PAGE_VIEW = "page_view"
CLICK = "click"
ENGAGEMENT = "engagement"
CONVERSION = "conversion"

Scalar = str | int | float | bool | None

Url = Annotated[str, Meta(max_length=limits.URL_CHARS)]
Timestamp = Annotated[
    int, Meta(ge=limits.EARLIEST_TIMESTAMP, le=limits.LATEST_TIMESTAMP)
]


class Revenue(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Money that a conversion brought: `amount` in units of `currency` (ISO 4217)."""

    amount: Annotated[float, Meta(ge=-1e12, le=1e12)]
    currency: Annotated[str, Meta(pattern=limits.CURRENCY_PATTERN)]


class RawEvent(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One event as a sender writes it, within the limits; nothing is derived yet.

    First what the events of a visitor's page share, from `event_id` on the event's
    own: written again, an event ends as it is stored (collect.enrich).
    """

    user_id: (
        Annotated[str, Meta(min_length=1, max_length=limits.USER_ID_CHARS)] | None
    ) = None
    session_id: (
        Annotated[str, Meta(min_length=1, max_length=limits.SESSION_ID_CHARS)] | None
    ) = None
    site: Annotated[str, Meta(max_length=limits.SITE_CHARS)] | None = None
    language: Annotated[str, Meta(max_length=limits.LANGUAGE_CHARS)] | None = None
    timezone: Annotated[str, Meta(max_length=limits.TIMEZONE_CHARS)] | None = None
    page_url: Url | None = None
    referrer: Url | None = None
    event_id: Annotated[str, Meta(pattern=limits.EVENT_ID_PATTERN)] | None = None
    event_type: (
        Annotated[str, Meta(min_length=1, max_length=limits.EVENT_TYPE_CHARS)] | None
    ) = None
    timestamp: Timestamp | None = None
    page_title: Annotated[str, Meta(max_length=limits.TITLE_CHARS)] | None = None
    screen_width: Annotated[int, Meta(ge=0, le=100_000)] | None = None
    engagement_ms: Annotated[int, Meta(ge=0, le=limits.DAY)] | None = None
    scroll_percent: Annotated[int, Meta(ge=0, le=100)] | None = None
    properties: dict[str, Scalar] | None = None
    revenue: Revenue | None = None
    interactive: bool | None = None


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One enriched event, exactly as inbox, archive and DynamoDB keep it.

    A rebuild reads these and never enriches again. The order of the fields is the
    one in which the door writes them: an event is read fastest in this order.
    """

    site: str
    language: str | None = None
    country: str | None = None
    """ISO 3166-1 alpha-2, upper case."""
    region: str | None = None
    city: str | None = None
    device: str | None = None
    """`Desktop`, `Mobile`, `Tablet`, `TV`, …"""
    browser: str | None = None
    browser_version: str | None = None
    os: str | None = None
    os_version: str | None = None
    ip: str | None = None
    """Only where the site turned it on."""
    user_id: str | None = None
    """As sent; None where the door derived `visitor_id`."""
    visitor_id: str | None = None
    session_id: str
    """The id given in the reply, with `sess_`: the sender's, or a provisional one."""
    session_sent: bool = False
    """Whether `session_id` came with the event."""
    page_url: str | None = None
    host: str | None = None
    """Host of `page_url`, lower case, without `www.` and port."""
    page: str | None = None
    """Path of `page_url`, `/` at least; without query and fragment."""
    referrer: str | None = None
    """Full referring URL without query; None if internal."""
    source: str | None = None
    """Who sent the visitor ("Google"); None is nobody known (Direct)."""
    channel: str = "Direct"
    utm_source: str | None = None
    utm_medium: str | None = None
    utm_campaign: str | None = None
    utm_term: str | None = None
    utm_content: str | None = None
    received_at: int
    present_at: int
    """`timestamp` on our clock: for current visitors and active sessions only."""
    adjusted_timestamp: int | None = None
    """The time of receipt, where the sender's clock was out of bounds."""
    event_id: str
    """With `evt_`."""
    event_type: str = PAGE_VIEW
    timestamp: int
    """When it happened by the sender's clock; never rewritten."""
    page_title: str | None = None
    screen_width: int | None = None
    engagement_ms: int | None = None
    scroll_percent: int | None = None
    properties: dict[str, Scalar] | None = None
    revenue: Revenue | None = None
    interactive: bool = True

    @property
    def time(self) -> int:
        """The effective time: it decides order, sessions and metrics."""
        adjusted = self.adjusted_timestamp
        return self.timestamp if adjusted is None else adjusted

    @property
    def user(self) -> str:
        """The visitor: the `user_id`, else the `visitor_id`."""
        return self.user_id or self.visitor_id or ""


class EncodedEvents(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Events as they are stored, one JSON object a line; read only where asked for.

    Nearly all are only kept: as objects, those of a request that waits for its commit
    took more time than all other work on it.
    """

    lines: bytes = b""
    count: int = 0
    received_at: int = 0
    """Of the first."""
    sessions: frozenset[tuple[str, str]] = frozenset()
    """(site, session_id) of each."""

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[Event]:
        return iter(_read_lines(self.lines))


def encode_events(events: Sequence[Event]) -> EncodedEvents:
    """The events as they are stored."""
    return EncodedEvents(
        lines=_write_lines(events),
        count=len(events),
        received_at=events[0].received_at if events else 0,
        sessions=frozenset((event.site, event.session_id) for event in events),
    )


_write_lines = msgspec.json.Encoder().encode_lines
_read_lines = msgspec.json.Decoder(Event).decode_lines


class SentBatch(msgspec.Struct, frozen=True, kw_only=True):
    """The body of a request: its undecoded events, and the sender's clock."""

    events: list[msgspec.Raw] | msgspec.UnsetType = msgspec.UNSET
    sent_at: Timestamp | None = None
