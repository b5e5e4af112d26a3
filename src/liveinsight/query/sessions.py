"""One session and its steps, by its own id or by any id that a reply gave."""

from collections.abc import Sequence

import msgspec

from liveinsight.core.event import ENGAGEMENT, PAGE_VIEW, Scalar
from liveinsight.core.limits import SESSION_SILENCE
from liveinsight.core.ports import Reader
from liveinsight.query.check import check_id, check_site
from liveinsight.query.rows import read_structs

MOST_STEPS = 2_000
"""Of one timeline: whoever sends more into one session is no visitor."""


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
    properties: dict[str, Scalar] | None
    revenue_amount: float | None
    revenue_currency: str | None


class PageTime(msgspec.Struct, frozen=True, kw_only=True):
    """One page in a session."""

    page: str | None
    views: int
    engagement_ms: int
    """With the page in view and in use, all its views together."""
    scroll_percent: int | None
    """The deepest; None where it was not reported."""


class _Found(msgspec.Struct, frozen=True):
    """Where a session is; the key as text, for it does not fit the driver's integers."""

    site: str
    session_key: str
    start_time: int
    last_activity: int


def find_session(
    site: str | None, session_id: str, now: int, reader: Reader
) -> Session | None:
    """The session that the id means, whether its own or one given in a reply."""
    found = _find(site, session_id, reader)
    if found is None:
        return None
    params = [found.site, found.session_key, now - SESSION_SILENCE]
    rows = read_structs(reader.query(_SESSION, params), Session)
    return rows[0] if rows else None


def read_events(
    site: str | None, session_id: str, reader: Reader
) -> list[SessionEvent] | None:
    """The session's events in order; None if there is no such session."""
    found = _find(site, session_id, reader)
    if found is None:
        return None
    return read_structs(reader.query(_EVENTS, _span(found)), SessionEvent)


def read_timeline(
    site: str | None, session_id: str, reader: Reader
) -> list[TimelineStep] | None:
    """The session's events in order and in full; None if there is no such session.

    At most the first MOST_STEPS of them.
    """
    found = _find(site, session_id, reader)
    if found is None:
        return None
    params = [*_span(found), MOST_STEPS]
    return read_structs(reader.query(_TIMELINE, params), TimelineStep)


def page_times(steps: Sequence[TimelineStep]) -> list[PageTime]:
    """The pages of these steps, in the order in which they were come to."""
    views: dict[str | None, int] = {}
    times: dict[str | None, int] = {}
    depths: dict[str | None, int] = {}
    for step in steps:
        if step.event_type == PAGE_VIEW:
            views[step.page] = views.get(step.page, 0) + 1
        elif step.event_type != ENGAGEMENT:
            continue
        times[step.page] = times.get(step.page, 0) + (step.engagement_ms or 0)
        if step.scroll_percent is not None:
            depths[step.page] = max(depths.get(step.page, 0), step.scroll_percent)
    return [
        PageTime(
            page=page,
            views=views.get(page, 0),
            engagement_ms=times[page],
            scroll_percent=depths.get(page),
        )
        for page in times
    ]


def _find(site: str | None, session_id: str, reader: Reader) -> _Found | None:
    """The session of that id, else the one that holds the event it was given for.

    Without a site the id may belong to several sites: the latest session is meant.
    """
    check_site(site)
    check_id(session_id)
    rows = reader.query(_BY_ID, [session_id, site])
    if not rows:
        rows = reader.query(_BY_GIVEN_ID, [session_id, site])
    found = read_structs(rows, _Found)
    return found[0] if found else None


def _span(found: _Found) -> list[object]:
    return [found.site, found.session_key, found.start_time, found.last_activity]


_BY_ID = """
select site, session_key::varchar, start_time, last_activity
from sessions
where session_id = $1 and ($2::varchar is null or site = $2)
order by start_time desc
limit 1
"""

_BY_GIVEN_ID = """
select s.site, s.session_key::varchar, s.start_time, s.last_activity
from given_ids as g
join sessions as s
    on s.user_key = g.user_key
    and s.site = g.site
    and s.start_time <= g.time
    and s.last_activity >= g.time
where g.given_id = $1 and ($2::varchar is null or g.site = $2)
order by s.start_time desc
limit 1
"""

_SESSION = """
select
    s.site, s.session_id, u.user_id, s.start_time, s.last_activity,
    s.entry_page, s.exit_page, s.page_views, s.total_events, s.session_duration,
    s.is_bounce, s.present_at >= $3 as is_active, s.engagement_ms,
    s.referrer, s.source, s.channel, s.utm_source, s.utm_medium, s.utm_campaign,
    s.country, s.language, s.device, s.browser, s.browser_version,
    s.os, s.os_version, s.screen_width
from sessions as s
join users as u on u.user_key = s.user_key and u.site = s.site
where s.site = $1 and s.session_key = $2::uhugeint
"""


_EVENTS = """
select event_id, timestamp, event_type, page_url, referrer
from events
where
    site = $1
    and session_key = $2::uhugeint
    and time between $3 and $4
    and event_type <> 'engagement'
order by time, event_id
"""

_TIMELINE = """
select
    event_id, timestamp, time, event_type, page, page_url, page_title, referrer,
    engagement_ms, scroll_percent, properties,
    revenue_amount::double, revenue_currency
from events
where site = $1 and session_key = $2::uhugeint and time between $3 and $4
order by time, event_id
limit $5
"""
