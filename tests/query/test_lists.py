"""The live panels and the six plain lists, on the real warehouse."""

import pytest

from liveinsight.errors import QueryError
from liveinsight.query import lists
from liveinsight.query.live import live_panels
from liveinsight.query.model import Filter, Operator, Period
from liveinsight.query.sessions import find_session, read_events, read_timeline
from tests.query.tables import HOUR, MINUTE, NOON, SITE, an_event, warehouse_of

DAY = Period(NOON - 12 * HOUR, NOON + 12 * HOUR)
ON_A = (Filter("page", Operator.IS, ("/a",)),)
FROM_GOOGLE = (Filter("source", Operator.IS, ("Google",)),)
NOW = NOON + 20 * MINUTE
VISITS = [
    an_event(NOON - 2 * HOUR, user_id="old", session_id="sess_old"),
    an_event(NOON, session_id="sess_1"),
    an_event(NOON + 17 * MINUTE, page="/a", session_id="sess_2", properties={"n": 1}),
    an_event(
        NOON + 10 * MINUTE,
        page="/a",
        user_id="ben",
        source="Google",
        session_id="sess_3",
        session_sent=True,
    ),
    an_event(NOON + 19 * MINUTE, user_id="ben", event_type="engagement", page="/a"),
]


def test_a_current_visitor_has_an_event_but_engagement_in_5_minutes() -> None:
    with warehouse_of(VISITS) as warehouse:
        panels = live_panels(SITE, (), NOW, warehouse)
    assert panels.current_visitors == 1
    assert [(p.name, p.visitors) for p in panels.pages] == [("/a", 1)]
    assert panels.active_sessions == 2
    assert [s.user_id for s in panels.sessions] == ["ben", "anna"]
    assert panels.sessions[0].source == "Google"
    assert panels.sessions[1].page == "/a"


def test_every_minute_of_the_last_30_is_there() -> None:
    with warehouse_of(VISITS) as warehouse:
        minutes = live_panels(SITE, (), NOW + 1, warehouse).per_minute
    assert [m.minute for m in minutes] == [NOW - n * MINUTE for n in range(29, -1, -1)]
    assert sum(m.page_views for m in minutes) == 3
    assert minutes[9].visitors == 1


@pytest.mark.parametrize(
    ("filters", "current", "active", "views"),
    [(ON_A, 1, 2, 2), (FROM_GOOGLE, 0, 1, 1), (ON_A + FROM_GOOGLE, 0, 1, 1)],
    ids=["page", "source", "both"],
)
def test_filters_work_on_all_panels(
    filters: tuple[Filter, ...], current: int, active: int, views: int
) -> None:
    with warehouse_of(VISITS) as warehouse:
        panels = live_panels(SITE, filters, NOW, warehouse)
        sessions = lists.active_sessions(SITE, filters, NOW, warehouse)
    assert panels.current_visitors == current
    assert panels.active_sessions == len(panels.sessions) == len(sessions) == active
    assert sum(m.page_views for m in panels.per_minute) == views


def test_the_bounds_of_presence_are_inside() -> None:
    with warehouse_of(VISITS[1:2]) as warehouse:
        for after, current, active in (
            (5 * MINUTE, 1, 1),
            (5 * MINUTE + 1, 0, 1),
            (30 * MINUTE, 0, 1),
            (30 * MINUTE + 1, 0, 0),
        ):
            panels = live_panels(SITE, (), NOON + after, warehouse)
            assert (panels.current_visitors, panels.active_sessions) == (
                current,
                active,
            )


def test_a_wrong_clock_hides_nobody() -> None:
    late = an_event(NOON - 30 * HOUR, present_at=NOON)
    with warehouse_of([late]) as warehouse:
        panels = live_panels(SITE, (), NOON + 1, warehouse)
    assert panels.current_visitors == panels.active_sessions == 1
    assert panels.sessions[0].since == NOON


def test_every_id_that_a_reply_gave_means_the_session() -> None:
    with warehouse_of(VISITS) as warehouse:
        by_given = [find_session(SITE, f"sess_{n}", NOW, warehouse) for n in (1, 2)]
        own = by_given[0].session_id if by_given[0] else ""
        assert by_given[0] == by_given[1] == find_session(SITE, own, NOW, warehouse)
        assert read_events(SITE, "sess_nobody", warehouse) is None
        assert find_session("b.example", own, NOW, warehouse) is None
        steps = read_events(None, "sess_2", warehouse)
        timeline = read_timeline(SITE, "sess_2", warehouse)
        sent = read_timeline(SITE, "sess_3", warehouse)
    assert steps
    assert [step.timestamp for step in steps] == [NOON, NOON + 17 * MINUTE]
    assert timeline
    assert timeline[1].properties == {"n": 1}
    assert sent
    assert [step.event_type for step in sent] == ["page_view", "engagement"]


def test_the_lists_are_those_of_the_period() -> None:
    with warehouse_of(VISITS) as warehouse:
        summary = lists.summary(SITE, DAY, (), warehouse)
        nothing = lists.summary("b.example", DAY, (), warehouse)
        pages = lists.pages(SITE, DAY, (), warehouse)
        referrers = lists.referrers(None, DAY, (), warehouse)
    assert summary == lists.Summary(
        total_sessions=3, total_events=4, avg_session_time=520.0, conversion_rate=0.0
    )
    assert nothing == lists.Summary(
        total_sessions=0, total_events=0, avg_session_time=0.0, conversion_rate=0.0
    )
    assert pages == [lists.PageViews("/", 2), lists.PageViews("/a", 2)]
    assert referrers == lists.Referrers(labels=["Direct", "Google"], data=[2, 1])


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kolkata"])
def test_the_last_24_hours_are_24_and_the_running_one_is_last(zone: str) -> None:
    period = lists.last_hours(24, zone, NOW)
    with warehouse_of(VISITS) as warehouse:
        hours = lists.hourly(SITE, period, (), zone, warehouse)
    assert len(hours) == 24
    assert hours[-1].hour <= NOW < hours[-1].hour + HOUR
    assert sum(hour.count for hour in hours) == 4


@pytest.mark.parametrize("hours", [0, -1, 2_001])
def test_hours_have_bounds(hours: int) -> None:
    with pytest.raises(QueryError) as raised:
        lists.last_hours(hours, "UTC", NOW)
    assert raised.value.field == "hours"
