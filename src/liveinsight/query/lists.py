"""The plain lists behind the six addresses under /api/.

Source: design, semantics.md, "Dashboard addresses". Times and `duration` are ms,
`avg_session_time` seconds, rates 0-1; lists are complete. `site=None` reads all sites.
"""

import msgspec

from liveinsight.core.ports import Reader
from liveinsight.query.model import Filter, Period


class ActiveSession(msgspec.Struct, frozen=True, kw_only=True):
    """A session whose last event is at most 30 minutes old."""

    session_id: str
    user_id: str
    last_activity: int
    current_page: str | None
    duration: int


class SessionEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One step of a session; engagement left out."""

    event_id: str
    timestamp: int
    event_type: str
    page_url: str | None
    referrer: str | None


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one session."""

    site: str
    session_id: str
    user_id: str
    start_time: int
    last_activity: int
    entry_page: str | None
    exit_page: str | None
    page_views: int
    total_events: int
    session_duration: int
    is_bounce: bool
    is_active: bool
    engagement_ms: int
    referrer: str | None
    source: str | None
    channel: str
    utm_source: str | None
    utm_medium: str | None
    utm_campaign: str | None
    country: str | None
    language: str | None
    device: str | None
    browser: str | None
    browser_version: str | None
    os: str | None
    os_version: str | None
    screen_width: int | None


class TimelineStep(msgspec.Struct, frozen=True, kw_only=True):
    """One event of a session in full, engagement included."""

    event_id: str
    timestamp: int
    time: int
    """The effective time: the order of the steps."""
    event_type: str
    page: str | None
    page_url: str | None
    page_title: str | None
    referrer: str | None
    engagement_ms: int | None
    scroll_percent: int | None
    properties: msgspec.Raw | None
    revenue_amount: float | None
    revenue_currency: str | None


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """Numbers, never null: 0 where nothing happened."""

    total_sessions: int
    total_events: int
    avg_session_time: float
    conversion_rate: float


class HourCount(msgspec.Struct, frozen=True):
    """Events other than engagement in the hour that starts at `hour`."""

    hour: int
    count: int


class PageViews(msgspec.Struct, frozen=True):
    """Page views of one page."""

    page: str
    views: int


class Referrers(msgspec.Struct, frozen=True, kw_only=True):
    """Sessions by source, most first; "Direct" is nobody known."""

    labels: list[str]
    data: list[int]


def active_sessions(
    site: str | None, filters: tuple[Filter, ...], now: int, reader: Reader
) -> list[ActiveSession]:
    """The sessions with an event in the last 30 minutes before `now`, newest first."""
    raise NotImplementedError


def session(
    site: str | None, session_id: str, now: int, reader: Reader
) -> Session | None:
    """The session that the id means, whether its own or one given in a reply."""
    raise NotImplementedError


def session_events(
    site: str | None, session_id: str, reader: Reader
) -> list[SessionEvent] | None:
    """The session's events in order; None if there is no such session."""
    raise NotImplementedError


def timeline(
    site: str | None, session_id: str, reader: Reader
) -> list[TimelineStep] | None:
    """The session's events in order and in full; None if there is no such session."""
    raise NotImplementedError


def summary(
    site: str | None, period: Period, filters: tuple[Filter, ...], reader: Reader
) -> Summary:
    """Sessions that started, events, mean session time in seconds, conversion rate."""
    raise NotImplementedError


def hourly(
    site: str | None,
    period: Period,
    filters: tuple[Filter, ...],
    timezone: str,
    reader: Reader,
) -> list[HourCount]:
    """Every hour of the period, those without events too."""
    raise NotImplementedError


def last_hours(hours: int, timezone: str, now: int) -> Period:
    """The `hours` local hours up to now, the running one included.

    Raises:
        QueryError: `hours` is not 1 to 2,000.
    """
    raise NotImplementedError


def pages(
    site: str | None, period: Period, filters: tuple[Filter, ...], reader: Reader
) -> list[PageViews]:
    """Every page with its views, most first."""
    raise NotImplementedError


def referrers(
    site: str | None, period: Period, filters: tuple[Filter, ...], reader: Reader
) -> Referrers:
    """Every source with its sessions, most first."""
    raise NotImplementedError
