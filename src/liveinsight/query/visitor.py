"""One visitor: their sessions, each in short and all summed up."""

import msgspec

from liveinsight.core.limits import SESSION_SILENCE
from liveinsight.core.ports import Reader
from liveinsight.query.check import check_id, check_site
from liveinsight.query.rows import read_structs

MOST_VISITS = 500


class Visit(msgspec.Struct, frozen=True, kw_only=True):
    """One of a visitor's sessions, in short."""

    site: str
    session_id: str
    start_time: int
    last_activity: int
    entry_page: str | None
    exit_page: str | None
    page_views: int
    total_events: int
    session_duration: int
    is_active: bool
    source: str | None
    channel: str
    country: str | None
    device: str | None
    browser: str | None
    os: str | None


class UserHistory(msgspec.Struct, frozen=True, kw_only=True):
    """All sessions of a user, summed up."""

    is_derived: bool
    """Whether the server made the id, for the day: then it says nothing of other days."""
    first_seen: int
    last_activity: int
    sessions: int
    page_views: int
    total_events: int
    conversions: int
    engagement_ms: int


def read_visits(
    site: str | None, user_id: str, now: int, reader: Reader
) -> list[Visit]:
    """The visitor's sessions, the latest first; at most MOST_VISITS of them."""
    check_site(site)
    check_id(user_id)
    params = [user_id, site, now - SESSION_SILENCE, MOST_VISITS]
    return read_structs(reader.query(_VISITS, params), Visit)


def read_history(site: str | None, user_id: str, reader: Reader) -> UserHistory | None:
    """The user's sessions summed up; None if there is no such user with a session."""
    check_site(site)
    check_id(user_id)
    found = read_structs(reader.query(_HISTORY, [user_id, site]), UserHistory)
    return found[0] if found else None


_VISITS = """
select
    s.site, s.session_id, s.start_time, s.last_activity, s.entry_page, s.exit_page,
    s.page_views, s.total_events, s.session_duration, s.present_at >= $3 as is_active,
    s.source, s.channel, s.country, s.device, s.browser, s.os
from sessions as s
join users as u on u.user_key = s.user_key and u.site = s.site
where u.user_id = $1 and ($2::varchar is null or u.site = $2)
order by s.start_time desc, s.session_id
limit $4
"""

_HISTORY = """
select
    bool_and(u.is_derived), min(u.first_seen), max(s.last_activity), count(*),
    sum(s.page_views)::bigint, sum(s.total_events)::bigint,
    sum(s.conversions)::bigint, sum(s.engagement_ms)::bigint
from sessions as s
join users as u on u.user_key = s.user_key and u.site = s.site
where u.user_id = $1 and ($2::varchar is null or u.site = $2)
having count(*) > 0
"""
