"""What the live page shows, from the last 30 minutes on our clock.

Three statements, each over the events or sessions of these minutes alone. A filter
on the page keeps current visitors with an event there, and active sessions that had
one within the 30 minutes.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import cast

import msgspec
from sqlglot import exp
from sqlglot.expressions import Expr, Select

from liveinsight.core.limits import CURRENT_WINDOW, DAY, MINUTE, SESSION_SILENCE
from liveinsight.core.ports import Reader
from liveinsight.query.catalog.dimensions import find_dimension
from liveinsight.query.check import check_filters, check_site
from liveinsight.query.conditions import (
    NOT_ENGAGEMENT,
    event_condition,
    filter_values,
    is_of_session,
    session_condition,
    shape_of,
)
from liveinsight.query.goals import expand_goals
from liveinsight.query.joins import Within, join_runs
from liveinsight.query.model import Goal, Where
from liveinsight.query.statement import (
    SITE,
    Slots,
    Statement,
    fill,
    fragment,
    make_statement,
)

MINUTES = 30
TOP = 10
MOST_SESSIONS = 200
PLACES = ("page", "source", "country", "device")
"""What current visitors are counted by, in the order of the columns."""


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
    site: str | None,
    filters: tuple[Where, ...],
    now: int,
    reader: Reader,
    goals: tuple[Goal, ...] = (),
) -> Panels:
    """The panels at `now`.

    The last of the 30 minutes is the running one. A current visitor is where their
    latest event is.

    Raises:
        QueryError: a filter names no dimension, or `time`.
    """
    check_site(site)
    check_filters(filters, field="filters", goals=goals)
    filters = expand_goals(filters, goals)
    one_site, conditions = site is not None, shape_of(filters)
    first = now - now % MINUTE - (MINUTES - 1) * MINUTE
    values = _values_of(site, filters, now) | {
        "first": first,
        "present": now - CURRENT_WINDOW,
    }
    minutes = _ask(_per_minute(one_site, conditions), values, reader)
    present = _ask(_present(one_site, conditions), values, reader)
    active = ask_active(site, filters, now, reader)
    return Panels(
        as_of=now,
        current_visitors=_all_present(present),
        active_sessions=len(active),
        per_minute=_minutes(minutes, first),
        pages=_top(present, "page"),
        sources=_top(present, "source"),
        countries=_top(present, "country"),
        devices=_top(present, "device"),
        sessions=active[:MOST_SESSIONS],
    )


def ask_active(
    site: str | None, filters: tuple[Where, ...], now: int, reader: Reader
) -> list[LiveSession]:
    """All sessions with an event in the last 30 minutes, newest first.

    Both times are on our clock, however wrong the sender's is.
    """
    values = _values_of(site, filters, now)
    statement = _active(site is not None, shape_of(filters))
    names = LiveSession.__struct_fields__
    rows = (
        dict(zip(names, row, strict=True)) for row in _ask(statement, values, reader)
    )
    return msgspec.convert(list(rows), list[LiveSession])


def _values_of(
    site: str | None, filters: Sequence[Where], now: int
) -> dict[str, object]:
    """What users have done is looked for in the same 30 minutes, by either clock."""
    return filter_values(filters) | {
        SITE: site,
        "since": now - SESSION_SILENCE,
        "until": now + DAY,
    }


def _within(one_site: bool) -> Within:  # noqa: FBT001 a key of the caches
    return Within(one_site=one_site, start="since", end="until")


@lru_cache(maxsize=256)
def _active(one_site: bool, conditions: tuple[Where, ...]) -> Statement:  # noqa: FBT001 a key of the cache
    slots = Slots()
    query = exp.select(
        "s.session_id",
        "u.user_id",
        "s.exit_page as page",
        *(f"s.{name}" for name in ("source", "channel", "country", "device")),
        *(f"s.{name}" for name in ("browser", "os")),
        "s.present_at - s.session_duration as since",
        "s.present_at as last_activity",
        "s.total_events as events",
        "s.page_views",
    )
    query = query.from_("sessions as s").join(
        "users as u", on="u.user_key = s.user_key"
    )
    query = query.where(fragment("s.present_at") >= slots.add("since"))
    if one_site:
        query = query.where(
            exp.column("site", "s").eq(slots.add(SITE)),
            exp.column("site", "u").eq(slots.add(SITE)),
        )
    on_event: list[Expr] = []
    for condition in conditions:
        if is_of_session(condition):
            query = query.where(session_condition(condition, slots, _within(one_site)))
        else:
            on_event.append(event_condition(condition, slots, _within(one_site)))
    if on_event:
        keys = _recent("since", one_site=one_site, slots=slots).where(*on_event)
        keys = keys.select("e.session_key")
        keys = join_runs(keys, [fragment("r.present_at") >= slots.add("since")])
        query = query.where(exp.column("session_key", "s").isin(query=keys))
    return make_statement(query.order_by("s.present_at desc", "s.session_id"), slots)


@lru_cache(maxsize=256)
def _per_minute(one_site: bool, conditions: tuple[Where, ...]) -> Statement:  # noqa: FBT001 a key of the cache
    """Minute, visitors, page views."""
    slots = Slots()
    query = _recent("first", one_site=one_site, slots=slots)
    query = query.select(
        fragment(f"e.present_at - e.present_at % {MINUTE} as minute"),
        fragment("count(distinct e.user_key) as visitors"),
        fragment(
            "count(*) filter (where e.event_type = 'page_view' and e.interactive)"
            " as page_views"
        ),
    )
    query = query.where(*_on_events(conditions, slots, one_site=one_site))
    recent = [fragment("r.present_at") >= slots.add("first")]
    return make_statement(join_runs(query.group_by("minute"), recent), slots)


@lru_cache(maxsize=256)
def _present(one_site: bool, conditions: tuple[Where, ...]) -> Statement:  # noqa: FBT001 a key of the cache
    """Visitors, and by which of PLACES: the others are null, their bit of `what` is 1."""
    slots = Slots()
    here = _recent("present", one_site=one_site, slots=slots)
    for name in PLACES:
        here = here.select(exp.alias_(fragment(find_dimension(name).event_sql), name))
    # One row a visitor: the latest event that has a page says where they are.
    here = here.qualify(
        fragment(
            "row_number() over (partition by e.user_key"
            " order by e.page is null, e.present_at desc, e.time desc, e.event_id desc)"
            " = 1"
        )
    )
    here = here.where(*_on_events(conditions, slots, one_site=one_site))
    # A run is at least as recent as its events: the join need not read the others.
    here = join_runs(here, [fragment("r.present_at") >= slots.add("present")])
    query = cast("Select", fragment(_COUNT_PRESENT)).with_("here", as_=here)
    return make_statement(query, slots)


def _on_events(
    conditions: Sequence[Where], slots: Slots, *, one_site: bool
) -> list[Expr]:
    return [event_condition(each, slots, _within(one_site)) for each in conditions]


_COUNT_PRESENT = """
select
    count(*) as visitors,
    grouping(page, source, country, device) as what,
    coalesce(page, source, country, device) as name
from here
group by grouping sets ((), (page), (source), (country), (device))
"""
_ALL = 0b1111


def _recent(since: str, *, one_site: bool, slots: Slots) -> Select:
    """Events other than engagement since the slot, on our clock."""
    query = exp.Select().from_("events as e").where(fragment(NOT_ENGAGEMENT))
    query = query.where(fragment("e.present_at") >= slots.add(since))
    if one_site:
        query = query.where(exp.column("site", "e").eq(slots.add(SITE)))
    return query


def _ask(
    statement: Statement, values: dict[str, object], reader: Reader
) -> list[tuple[object, ...]]:
    return reader.query(statement.sql, fill(statement.slots, values))


def _minutes(rows: list[tuple[object, ...]], first: int) -> list[Minute]:
    """Every minute, those without events too."""
    found = {row[0]: (row[1], row[2]) for row in rows}
    starts = [first + index * MINUTE for index in range(MINUTES)]
    counts = (cast("tuple[int, int]", found.get(start, (0, 0))) for start in starts)
    return [
        Minute(minute=start, visitors=visitors, page_views=page_views)
        for start, (visitors, page_views) in zip(starts, counts, strict=True)
    ]


def _all_present(rows: list[tuple[object, ...]]) -> int:
    return sum(cast("int", row[0]) for row in rows if row[1] == _ALL)


def _top(rows: list[tuple[object, ...]], place: str) -> list[Present]:
    """The labels with the most visitors, of equals the first by name."""
    # The first column is the highest bit; a bit is 0 where the column is counted by.
    what = _ALL ^ (1 << (len(PLACES) - 1 - PLACES.index(place)))
    found = [
        Present(name=cast("str | None", row[2]), visitors=cast("int", row[0]))
        for row in rows
        if row[1] == what
    ]
    found.sort(key=lambda present: (-present.visitors, present.name or ""))
    return found[:TOP]
