"""The list of sessions: those that the metric counts, found again by any of their words."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from liveinsight.core.event import Event
from liveinsight.errors import QueryError
from liveinsight.query.model import Filter, Operator, Period, Question
from liveinsight.query.session_list import (
    ListedSession,
    SessionsQuestion,
    count_sessions,
    list_sessions,
)
from liveinsight.store.warehouse import Warehouse
from tests.oracle_sessions import expected_sessions
from tests.query.sites import cases, comparisons
from tests.query.tables import HOUR, MINUTE, NOON, SITE, an_event, warehouse_of

WEEK = Period(NOON - 24 * HOUR, NOON + 24 * HOUR)


def all_pages(
    warehouse: Warehouse, question: SessionsQuestion, now: int = NOON
) -> list[ListedSession]:
    """The pages one after the other."""
    found: list[ListedSession] = []
    after: str | None = ""
    while after is not None:
        asked = msgspec.structs.replace(question, after=after)
        page = list_sessions(asked, now, warehouse)
        assert len(page.sessions) <= question.limit
        found += page.sessions
        after = page.next
    return found


@st.composite
def compared_cases(
    draw: st.DrawFn,
) -> tuple[list[Event], Question, Period | None]:
    """Events, a question about them, and the period that it is compared with."""
    events, question = draw(cases())
    return events, question, draw(comparisons(question))


@given(
    case=compared_cases(),
    # Made ids are of 0-9 and a-f: a text of these alone may be in one.
    search=st.sampled_from(["", "", "N", "nna", "/ab", "SESS_GIVEN", "tITle"]),
    limit=st.sampled_from([1, 2, 50]),
)
@settings(max_examples=60)
def test_the_list_has_the_sessions_that_the_oracle_counts(
    case: tuple[list[Event], Question, Period | None], search: str, limit: int
) -> None:
    events, question, compare = case
    asked = SessionsQuestion(
        site=question.site,
        period=question.period,
        filters=question.filters,
        goals=question.goals,
        attribution=question.attribution,
        search=search,
        limit=limit,
        compare=compare,
    )
    with warehouse_of(events) as warehouse:
        found = all_pages(warehouse, asked)
        counts = count_sessions(asked, warehouse)
    assert len({(each.site, each.session_id) for each in found}) == len(found)
    assert [each.start_time for each in found] == sorted(
        (each.start_time for each in found), reverse=True
    )
    listed = sorted(
        (each.start_time, each.user_id, each.page_views, each.total_events)
        for each in found
    )
    assert listed == expected_sessions(events, question, search)
    if search:
        assert counts is None
        return
    assert counts is not None
    assert counts.sessions == len(listed)
    if compare is not None:
        earlier = msgspec.structs.replace(question, period=compare)
        assert counts.sessions_before == len(expected_sessions(events, earlier, ""))


def a_week() -> list[Event]:
    """Three visitors, seven sessions; the last one goes on."""
    return [
        an_event(
            NOON + number * HOUR,
            user_id=f"user-{number % 3}",
            session_id=f"sess_{number}",
            session_sent=True,
            page=f"/Page/{number}",
            page_title=f"Title {number}",
        )
        for number in range(7)
    ]


@pytest.mark.parametrize(
    ("search", "expected"),
    [
        ("", [6, 5, 4, 3, 2, 1, 0]),
        ("USER-1", [4, 1]),
        ("sess_5", [5]),
        ("/page/2", [2]),
        ("title 3", [3]),
        ("nobody", []),
        ("%", []),
    ],
    ids=["all", "user", "session", "page", "title", "none", "no pattern"],
)
def test_a_session_is_found_by_its_ids_and_pages(
    search: str, expected: list[int]
) -> None:
    with warehouse_of(a_week()) as warehouse:
        asked = SessionsQuestion(site=SITE, period=WEEK, search=search)
        found = list_sessions(asked, NOON, warehouse)
    assert [each.session_id for each in found.sessions] == [
        f"sess_{number}" for number in expected
    ]


def test_a_session_is_found_by_an_id_that_a_reply_gave() -> None:
    """Two ids were given for what turned out to be one session."""
    events = [
        an_event(NOON, session_id="sess_first", event_id="evt_1"),
        an_event(NOON + MINUTE, session_id="sess_second", event_id="evt_2"),
    ]
    with warehouse_of(events) as warehouse:
        asked = SessionsQuestion(site=SITE, period=WEEK, search="sess_second")
        (found,) = list_sessions(asked, NOON, warehouse).sessions
    assert found.page_views == 2


def test_a_page_goes_on_where_the_one_before_ended_whatever_comes_meanwhile() -> None:
    with warehouse_of(a_week()) as warehouse:
        asked = SessionsQuestion(site=SITE, period=WEEK, limit=3)
        first = list_sessions(asked, NOON, warehouse)
        warehouse.apply([an_event(NOON + 8 * HOUR, user_id="new", event_id="evt_new")])
        after = msgspec.structs.replace(asked, after=first.next or "")
        second = list_sessions(after, NOON, warehouse)
    ids = [each.session_id for each in (*first.sessions, *second.sessions)]
    assert ids == [f"sess_{number}" for number in (6, 5, 4, 3, 2, 1)]


def test_a_session_of_the_last_half_hour_is_active() -> None:
    with warehouse_of(a_week()) as warehouse:
        now = NOON + 6 * HOUR + 30 * MINUTE
        found = all_pages(warehouse, SessionsQuestion(site=SITE, period=WEEK), now)
    assert [each.is_active for each in found] == [True, *[False] * 6]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"limit": 0}, "limit"),
        ({"limit": 501}, "limit"),
        ({"after": "1"}, "after"),
        ({"after": "1-" + "f" * 33}, "after"),
        ({"after": "9" * 16 + "-0"}, "after"),
        ({"search": "x" * 201}, "search"),
        ({"search": "\ud800"}, "search"),
        ({"period": Period(5, 5)}, "period"),
        ({"filters": (Filter("time", Operator.IS, ("1",)),)}, "filters"),
    ],
    ids=lambda value: str(value)[:24],
)
def test_a_wrong_question_is_refused_by_name(
    changes: dict[str, object], field: str
) -> None:
    asked = SessionsQuestion(site=SITE, period=WEEK)
    wrong = msgspec.structs.replace(asked, **changes)
    with warehouse_of([]) as warehouse, pytest.raises(QueryError) as refused:
        list_sessions(wrong, NOON, warehouse)
    assert refused.value.field == field
