"""What the live page shows, from the last 30 minutes on our clock."""

import msgspec

from liveinsight.core.ports import Reader
from liveinsight.query.model import Filter


class Minute(msgspec.Struct, frozen=True, kw_only=True):
    """One minute of presence: `minute` is its start in ms."""

    minute: int
    visitors: int
    page_views: int


class Present(msgspec.Struct, frozen=True, kw_only=True):
    """Current visitors by one label; None is "not set"."""

    name: str | None
    visitors: int


class LiveSession(msgspec.Struct, frozen=True, kw_only=True):
    """An active session; `page` is where it is now."""

    session_id: str
    user_id: str
    page: str | None
    source: str | None
    channel: str
    country: str | None
    device: str | None
    browser: str | None
    os: str | None
    since: int
    last_activity: int
    events: int
    page_views: int


class Panels(msgspec.Struct, frozen=True, kw_only=True):
    """All panels of the live page at one moment."""

    as_of: int
    current_visitors: int
    active_sessions: int
    per_minute: list[Minute]
    pages: list[Present]
    sources: list[Present]
    countries: list[Present]
    devices: list[Present]
    sessions: list[LiveSession]


def live_panels(
    site: str | None, filters: tuple[Filter, ...], now: int, reader: Reader
) -> Panels:
    """The panels at `now`.

    Raises:
        QueryError: a filter names no dimension, or `time`.
    """
    raise NotImplementedError
