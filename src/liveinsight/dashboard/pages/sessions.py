"""`/sessions/`: the visits of a period, filtered and searched. The address is its state."""

import datetime as dt
from itertools import groupby
from typing import Final

import msgspec
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from liveinsight.dashboard import runtime
from liveinsight.dashboard.api_v1.sessions import SessionsQuery
from liveinsight.dashboard.pages.address import change_query, write_query
from liveinsight.dashboard.pages.annotations import Note, list_notes
from liveinsight.dashboard.pages.api_call import ApiCall
from liveinsight.dashboard.pages.comparable import find_comparable
from liveinsight.dashboard.pages.facts import Fact, make_fact
from liveinsight.dashboard.pages.filter_bar import make_filter_bar
from liveinsight.dashboard.pages.periods import ChosenPeriod, choose_period, day_of
from liveinsight.dashboard.pages.scope import Scope, answering_errors, read_scope
from liveinsight.query.catalog.metrics import Kind
from liveinsight.query.session_list import (
    MAX_LISTED,
    MAX_SEARCH_CHARS,
    ListedSession,
    SessionCounts,
    SessionsQuestion,
    count_sessions,
    list_sessions,
)
from liveinsight.query.sessions import find_session
from liveinsight.query.visitor import read_visits
from liveinsight.query.wire import write_compare, write_filters

LISTED: Final = 50
SEARCH: Final = "search"
AFTER: Final = "after"


class DayOfSessions(msgspec.Struct, frozen=True, kw_only=True):
    """The listed sessions of one local day."""

    start: int
    """Of the latest of them: tells which day."""
    sessions: list[ListedSession]
    notes: list[Note]
    """The annotations of the day."""


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What the searched text is the whole id of, in any period."""

    session_id: str = ""
    user_id: str = ""


class SessionsView(msgspec.Struct, frozen=True, kw_only=True):
    """The list as shown."""

    days: list[DayOfSessions]
    counts: SessionCounts | None
    """Of all that match, on the first page; None where they are searched."""
    fact: Fact | None
    """How their number has changed."""
    search: str
    older: str
    """The address of those before; "" where there are none."""
    newest: str
    """The address of the first page; "" where this is it."""
    without_search: str
    longest: str
    """The address of a year; "" where there is no longer period to look at."""
    everything: str
    """The address without filters and search."""
    is_limited: bool
    """Whether filters or a search keep sessions out."""
    kept: list[tuple[str, str]]
    """The parameters that the form of the search carries on."""
    found: Found


@require_safe
@vary_on_headers("HX-Request", "HX-Target")
@answering_errors
def sessions(request: HttpRequest) -> HttpResponse:
    """The page; for htmx only the part that it asks for."""
    after = request.GET.get(AFTER, "")
    query = request.GET.copy()
    query.pop(AFTER, None)  # another filter or period begins with the newest again
    request.GET = query  # type: ignore[assignment]  # it is copied to be changed
    scope = read_scope(request)
    chosen = choose_period(query, scope)
    question = read_question(query, scope, chosen, after)
    notes = list_notes(scope, chosen)
    context = {
        "scope": scope,
        "chosen": chosen,
        "filter_bar": make_filter_bar(request, scope),
        "view": ask_sessions(query, scope, question, notes),
        "notes": notes,
        "search_chars": MAX_SEARCH_CHARS,
        "call": call_sessions(question, scope),
        "erasing": [
            each for each in runtime.current().erasing() if each.site == scope.site
        ],
    }
    is_part = request.headers.get("HX-Target") == "report"
    return render(
        request, "sessions/report.html" if is_part else "sessions.html", context
    )


def read_question(
    query: QueryDict, scope: Scope, chosen: ChosenPeriod, after: str
) -> SessionsQuestion:
    """The page of the list that the address asks for."""
    return SessionsQuestion(
        site=scope.site,
        period=chosen.period,
        filters=scope.filters,
        goals=scope.goals,
        attribution=scope.attribution,
        search=query.get(SEARCH, "").strip(),
        limit=LISTED,
        after=after,
        compare=find_comparable(scope, chosen, runtime.current().reader),
    )


def call_sessions(question: SessionsQuestion, scope: Scope) -> ApiCall:
    """The call of the API that lists the same, as many as one answer holds."""
    asked = SessionsQuery(
        site=question.site,
        timezone=scope.timezone,
        period=(question.period.start, question.period.end),
        filters=write_filters(question.filters),
        search=question.search,
        limit=MAX_LISTED,
        compare=write_compare(question.compare),
        attribution=question.attribution,
    )
    return ApiCall(endpoint="sessions", question=asked)


def ask_sessions(
    query: QueryDict, scope: Scope, question: SessionsQuestion, notes: list[Note]
) -> SessionsView:
    """A page of the list.

    Raises:
        QueryError: a filter, the search or the page cannot be read.
    """
    server = runtime.current()
    search = question.search
    page = list_sessions(question, scope.now, server.reader)
    counts = count_sessions(question, server.reader)
    return SessionsView(
        days=list_days(page.sessions, scope.timezone, notes),
        counts=counts,
        fact=None if counts is None else compare_counts(counts),
        search=search,
        older=change_query(query, after=page.next) if page.next else "",
        newest=write_query(query) if question.after else "",
        without_search=change_query(query, search=None),
        longest=change_query(query, period="12mo", to=None, **{"from": None})
        if query.get("period") != "12mo"
        else "",
        everything=change_query(query, search=None, f=None),
        is_limited=bool(search or scope.filters),
        kept=[
            (name, value)
            for name, values in query.lists()
            if name != SEARCH
            for value in values
        ],
        found=find_whole_id(search, scope) if search else Found(),
    )


def compare_counts(counts: SessionCounts) -> Fact:
    """The number of sessions beside what it was before."""
    numbers = (counts.sessions, counts.sessions_before)
    return make_fact(_("Sessions"), Kind.COUNT, "sessions", numbers)


def find_whole_id(text: str, scope: Scope) -> Found:
    """The session and the visitor of exactly that id."""
    server = runtime.current()
    with server.reading_session(scope.site, text) as reader:
        session = find_session(scope.site, text, scope.now, reader)
    with server.reading_user(scope.site, text) as reader:
        visits = read_visits(scope.site, text, scope.now, reader)
    return Found(
        session_id="" if session is None else session.session_id,
        user_id=text if visits else "",
    )


def list_days(
    sessions: list[ListedSession], timezone: str, notes: list[Note]
) -> list[DayOfSessions]:
    """The sessions by the local day that they start on."""

    def day_of_session(session: ListedSession) -> dt.date:
        return day_of(session.start_time, timezone)

    return [
        DayOfSessions(
            start=own[0].start_time,
            sessions=own,
            notes=[note for note in notes if note.date == day],
        )
        for day, own in (
            (day, list(group)) for day, group in groupby(sessions, key=day_of_session)
        )
    ]
