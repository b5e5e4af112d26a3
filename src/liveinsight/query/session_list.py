"""The sessions of a site, the latest first: filtered, searched, a page at a time.

They are the sessions that the metric `sessions` counts under the same filters. A page
begins after a cursor, not at an offset: sessions that come meanwhile shift nothing,
and the last page costs what the first does.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import msgspec
from sqlglot import exp
from sqlglot.expressions import Expr

from liveinsight.core.limits import LATEST_TIMESTAMP, SESSION_SILENCE
from liveinsight.core.ports import Reader
from liveinsight.errors import QueryError
from liveinsight.query.catalog.metrics import Facts
from liveinsight.query.check import check_filters, check_period, check_site, check_text
from liveinsight.query.conditions import filter_values, shape_of
from liveinsight.query.facts import select_facts
from liveinsight.query.goals import expand_goals
from liveinsight.query.joins import of_site
from liveinsight.query.model import Attribution, Goal, Period, Question, Where
from liveinsight.query.rows import read_structs
from liveinsight.query.run import answer
from liveinsight.query.scope import Scope
from liveinsight.query.statement import (
    SITE,
    Slots,
    Statement,
    fill,
    fragment,
    make_statement,
)

MAX_LISTED: Final = 500
MAX_SEARCH_CHARS: Final = 200
_LAST: Final = (1 << 128) - 1
_CURSOR: Final = re.compile(r"([0-9]{1,15})-([0-9a-f]{1,32})")


class SessionsQuestion(msgspec.Struct, frozen=True, kw_only=True):
    """Which sessions: those that start in the period and have a matching event."""

    site: str | None
    period: Period
    filters: tuple[Where, ...] = ()
    goals: tuple[Goal, ...] = ()
    attribution: Attribution = Attribution.SESSION
    search: str = ""
    """A part of the session's or user's id, or of a page or its title, in any case of
    letters; or an id that a reply gave, in full."""
    limit: int = 50
    after: str = ""
    """The `next` of the page before."""
    compare: Period | None = None
    """Only of the counts."""


class ListedSession(msgspec.Struct, frozen=True, kw_only=True):
    """One session, in short."""

    site: str
    session_id: str
    user_id: str
    start_time: int
    last_activity: int
    entry_page: str | None
    exit_page: str | None
    page_views: int
    total_events: int
    conversions: int
    session_duration: int
    """ms"""
    engagement_ms: int
    is_bounce: bool
    is_active: bool
    source: str | None
    channel: str
    country: str | None
    device: str | None
    browser: str | None
    os: str | None
    cursor: str
    """Where a page begins that comes after this session."""


class SessionPage(msgspec.Struct, frozen=True, kw_only=True):
    """Some sessions, and where the next ones begin."""

    sessions: list[ListedSession]
    next: str | None
    """None: there are no more."""


class SessionCounts(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How many there are on all pages together, and in the period compared with."""

    sessions: int
    visitors: int
    """With a matching event in the period."""
    sessions_before: int | None = None
    visitors_before: int | None = None
    sessions_change: float | None = None
    """(now - before) ÷ before; None where undefined."""
    visitors_change: float | None = None


def list_sessions(question: SessionsQuestion, now: int, reader: Reader) -> SessionPage:
    """The page of sessions that the question asks for.

    Raises:
        QueryError: it cannot be answered as asked; names the field and why.
        StoreUnavailable: the warehouse is closed or being replaced.
    """
    start, key = _check(question)
    filters = expand_goals(question.filters, question.goals)
    statement = _compile(
        question.site is not None,
        shape_of(filters),
        question.attribution,
        is_searched=bool(question.search),
    )
    values = filter_values(filters) | {
        SITE: question.site,
        "now.start": question.period.start,
        "now.end": question.period.end,
        "search": question.search,
        "active_since": now - SESSION_SILENCE,
        "after.start": start,
        "after.key": str(key),
        "limit": question.limit + 1,
    }
    rows = reader.query(statement.sql, fill(statement.slots, values))
    found = read_structs(rows, ListedSession)
    more = len(found) > question.limit
    found = found[: question.limit]
    return SessionPage(sessions=found, next=found[-1].cursor if more else None)


def count_sessions(question: SessionsQuestion, reader: Reader) -> SessionCounts | None:
    """The counts of the metrics of that name, with the first page.

    None for a search, which is not counted, and with the pages after the first: over
    many events counting takes longer than a page, and would say the same again.

    Raises:
        QueryError: it cannot be answered as asked; names the field and why.
        StoreUnavailable: the warehouse is closed or being replaced.
    """
    if question.search or question.after:
        return None
    asked = Question(
        site=question.site,
        period=question.period,
        metrics=("sessions", "visitors"),
        filters=question.filters,
        goals=question.goals,
        attribution=question.attribution,
        compare=question.compare,
    )
    found = answer(asked, reader)
    sessions, visitors = (int(value or 0) for value in found.totals)
    if found.totals_before is None or found.totals_change is None:
        return SessionCounts(sessions=sessions, visitors=visitors)
    sessions_before, visitors_before = (
        int(value or 0) for value in found.totals_before
    )
    return SessionCounts(
        sessions=sessions,
        visitors=visitors,
        sessions_before=sessions_before,
        visitors_before=visitors_before,
        sessions_change=found.totals_change[0],
        visitors_change=found.totals_change[1],
    )


def _check(question: SessionsQuestion) -> tuple[int, int]:
    """Start and key of the cursor."""
    check_site(question.site)
    check_period("period", question.period)
    check_filters(question.filters, field="filters", goals=question.goals)
    check_text(question.search, "search")
    if len(question.search) > MAX_SEARCH_CHARS:
        raise QueryError(
            "search", "give at most %(most)s characters", most=MAX_SEARCH_CHARS
        )
    if not 0 < question.limit <= MAX_LISTED:
        raise QueryError(
            "limit", "give %(least)s to %(most)s", least=1, most=MAX_LISTED
        )
    if not question.after:
        return 2 * LATEST_TIMESTAMP, _LAST
    matched = _CURSOR.fullmatch(question.after)
    if matched is None:
        raise QueryError("after", "give the `next` of the page before")
    return int(matched[1]), int(matched[2], 16)


@lru_cache(maxsize=256)
def _compile(
    one_site: bool,  # noqa: FBT001  # a key of the cache
    conditions: tuple[Where, ...],
    attribution: Attribution,
    *,
    is_searched: bool,
) -> Statement:
    slots = Slots()
    scope = Scope(
        name="now",
        one_site=one_site,
        dimensions=(),
        conditions=conditions,
        entry_conditions=(),
        audience=(),
        attribution=attribution,
    )
    # First the few, then who they are: a join of all with their users took six times
    # as long.
    few = select_facts(Facts.SESSIONS, (), scope, slots).select("s.*", append=False)
    few = few.where(
        slots.bind(_AFTER, start="after.start", key="after.key"),
        *([_searched(scope, slots)] if is_searched else []),
        copy=False,
    )
    latest = ("s.start_time desc", "s.session_key desc")
    few = few.order_by(*latest, copy=False).limit(slots.add("limit"), copy=False)
    query = exp.select(
        *(fragment(_COLUMNS.get(name, f"s.{name}")) for name in _PLAIN),
        slots.bind("s.present_at >= :since as is_active", since="active_since"),
        *(fragment(_COLUMNS.get(name, f"s.{name}")) for name in _ORIGIN),
    )
    query = query.from_(few.subquery("s", copy=False), copy=False)
    query = query.join(
        "users as u", on="u.user_key = s.user_key and u.site = s.site", copy=False
    )
    return make_statement(query.order_by(*latest, copy=False), slots)


def _searched(scope: Scope, slots: Slots) -> Expr:
    """That the text is in an id, a page or a title, or is an id that was given."""
    seen = exp.select("e.session_key").from_("events as e")
    seen = seen.where(
        *of_site("e", scope.within, slots),
        fragment("e.time") >= slots.add("now.start"),
        slots.bind(_ON_PAGE, text="search"),
        copy=False,
    )
    given = exp.select("r.session_key").from_("given_ids as g", copy=False)
    given = given.join("runs as r", on=_GIVEN_IN_RUN, copy=False)
    given = given.where(slots.bind("g.given_id = :text", text="search"), copy=False)
    key = exp.column("session_key", "s")
    return exp.or_(
        slots.bind(_IN_ID, text="search"),
        key.isin(query=seen),
        key.copy().isin(query=given),
        copy=False,
    )


_COLUMNS: Final = {
    "user_id": "u.user_id",
    "cursor": "s.start_time || '-' || lower(hex(s.session_key)) as cursor",
}
_FIELDS: Final[Sequence[str]] = ListedSession.__struct_fields__
_CUT: Final = _FIELDS.index("is_active")
_PLAIN, _ORIGIN = _FIELDS[:_CUT], _FIELDS[_CUT + 1 :]

_AFTER: Final = """
    s.start_time <= :start
    and (s.start_time < :start or s.session_key < :key::uhugeint)
"""
_IN_ID: Final = """
    contains(lower(s.session_id), lower(:text))
    or s.user_key in (
        select u.user_key from users as u
        where contains(lower(u.user_id), lower(:text))
    )
"""
_ON_PAGE: Final = """
    contains(lower(e.page), lower(:text))
    or contains(lower(e.page_title), lower(:text))
"""
_GIVEN_IN_RUN: Final = (
    "r.user_key = g.user_key and r.site = g.site"
    " and r.start_time <= g.time and r.last_activity >= g.time"
)
