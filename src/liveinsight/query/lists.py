"""The plain lists behind the six addresses under /api/.

Source: design, semantics.md, "Dashboard addresses". Times and `duration` are ms,
`avg_session_time` seconds, rates 0-1; lists are complete. `site=None` reads all sites.
"""

from typing import cast

import msgspec

from liveinsight.core.limits import HOUR, SECOND
from liveinsight.core.ports import Reader
from liveinsight.errors import QueryError
from liveinsight.query.buckets import buckets, find_zone
from liveinsight.query.catalog.dimensions import TIME
from liveinsight.query.check import MAX_LIMIT, check_filters, check_site
from liveinsight.query.live import ask_active
from liveinsight.query.model import Interval, Period, Question, Where
from liveinsight.query.run import answer

DIRECT = "Direct"
MAX_HOURS = 2_000


class ActiveSession(msgspec.Struct, frozen=True, kw_only=True):
    """A session whose last event is at most 30 minutes old."""

    session_id: str
    user_id: str
    last_activity: int
    current_page: str | None
    duration: int


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
    site: str | None, filters: tuple[Where, ...], now: int, reader: Reader
) -> list[ActiveSession]:
    """The sessions with an event in the last 30 minutes before `now`, newest first.

    Raises:
        QueryError: a filter names no dimension, or `time`.
    """
    check_site(site)
    check_filters(filters, field="filters")
    return [
        ActiveSession(
            session_id=active.session_id,
            user_id=active.user_id,
            last_activity=active.last_activity,
            current_page=active.page,
            duration=active.last_activity - active.since,
        )
        for active in ask_active(site, filters, now, reader)
    ]


def summary(
    site: str | None, period: Period, filters: tuple[Where, ...], reader: Reader
) -> Summary:
    """Sessions that started, events, mean session time in seconds, conversion rate."""
    metrics = ("sessions", "events", "session_duration", "conversion_rate")
    totals = answer(
        Question(site=site, period=period, filters=filters, metrics=metrics), reader
    ).totals
    sessions, events, duration, rate = (value or 0 for value in totals)
    return Summary(
        total_sessions=int(sessions),
        total_events=int(events),
        avg_session_time=duration / SECOND,
        conversion_rate=float(rate),
    )


def hourly(
    site: str | None,
    period: Period,
    filters: tuple[Where, ...],
    timezone: str,
    reader: Reader,
) -> list[HourCount]:
    """Every hour of the period, those without events too."""
    question = Question(
        site=site,
        timezone=timezone,
        period=period,
        filters=filters,
        metrics=("events",),
        dimensions=(TIME,),
        interval=Interval.HOUR,
    )
    return [
        HourCount(cast("int", row.dimensions[0]), cast("int", row.metrics[0]))
        for row in answer(question, reader).rows
    ]


def last_hours(hours: int, timezone: str, now: int) -> Period:
    """The `hours` local hours up to now, the running one included.

    Raises:
        QueryError: `hours` is not 1 to MAX_HOURS.
    """
    if not 1 <= hours <= MAX_HOURS:
        raise QueryError("hours", "give %(least)s to %(most)s", least=1, most=MAX_HOURS)
    around = Period(now - (hours + 1) * HOUR, now + 1)
    running = buckets(around, Interval.HOUR, find_zone(timezone))[-hours:]
    return Period(running[0].start, now + 1)


def pages(
    site: str | None, period: Period, filters: tuple[Where, ...], reader: Reader
) -> list[PageViews]:
    """Every page with its views, most first."""
    found = _count_by("page", "page_views", site, period, filters, reader)
    return [PageViews(label, count) for label, count in found if label and count]


def referrers(
    site: str | None, period: Period, filters: tuple[Where, ...], reader: Reader
) -> Referrers:
    """Every source with its sessions, most first."""
    found = _count_by("source", "sessions", site, period, filters, reader)
    return Referrers(
        labels=[label or DIRECT for label, _ in found],
        data=[count for _, count in found],
    )


def _count_by(
    dimension: str,
    metric: str,
    site: str | None,
    period: Period,
    filters: tuple[Where, ...],
    reader: Reader,
) -> list[tuple[str | None, int]]:
    """All labels, a page of rows at a time."""
    found: list[tuple[str | None, int]] = []
    complete = False
    while not complete:
        question = Question(
            site=site,
            period=period,
            filters=filters,
            metrics=(metric,),
            dimensions=(dimension,),
            limit=MAX_LIMIT,
            offset=len(found),
        )
        rows = answer(question, reader).rows
        found += [
            (cast("str | None", row.dimensions[0]), cast("int", row.metrics[0]))
            for row in rows
        ]
        complete = len(rows) < MAX_LIMIT
    return found


def first_event_at(site: str, reader: Reader) -> int | None:
    """When the site's first event happened, ms; None where there is none."""
    # Of its users: a tenth of the rows.
    sql = "select min(first_seen) from users where site = ?"
    ((first,),) = reader.query(sql, (site,))
    return None if first is None else int(str(first))
