from collections import Counter
from datetime import timedelta
from itertools import pairwise

import pytest

from liveinsight.core.event import Event
from liveinsight.core.limits import DAY, HOUR, MINUTE, SESSION_SILENCE
from liveinsight.demo.history import (
    DAYS,
    HOURS,
    day_before,
    local_time,
    visits_an_hour,
    visits_of,
)
from liveinsight.demo.visitors import BORN_A_DAY

NOW = 1_795_381_200_000
"""2026-11-22T21:00:00Z: a Sunday evening in the shop's time zone."""
LAST_DAYS = 9


@pytest.fixture(scope="module")
def past() -> list[Event]:
    return history(NOW)


def history(now: int) -> list[Event]:
    return [e for ago in range(LAST_DAYS, -1, -1) for e in day_before(now, ago)]


def test_it_ends_now(past: list[Event]) -> None:
    assert min(event.time for event in past) >= NOW - (LAST_DAYS + 1) * DAY
    assert NOW - 10 * MINUTE < max(event.time for event in past) < NOW


def test_the_last_30_days_have_a_little_more_visits_than_the_30_before() -> None:
    today = local_time(NOW).date()
    visits = [visits_of(today - timedelta(ago), ago) for ago in range(DAYS + 1)]
    assert 1.05 < sum(visits[:30]) / sum(visits[30:60]) < 1.15
    assert min(visits) > BORN_A_DAY


def test_live_visits_are_as_dense_as_those_of_the_last_days(past: list[Event]) -> None:
    began = {event.session_id: event.time for event in reversed(past)}
    yesterday = NOW // DAY * DAY - 23 * HOUR  # midnight in the shop's time zone
    counted = Counter((at - yesterday) // HOUR for at in began.values())
    for hour in range(len(HOURS)):
        live = visits_an_hour(yesterday + hour * HOUR)
        assert live / 2 < counted[hour] < live * 2
    day = sum(visits_an_hour(yesterday + hour * HOUR) for hour in range(len(HOURS)))
    assert 0.93 < sum(counted[hour] for hour in range(len(HOURS))) / day < 1.07


@pytest.mark.parametrize("later", [HOUR, 5 * HOUR, 3 * DAY])
def test_an_event_is_the_same_whenever_it_is_asked_for(
    past: list[Event], later: int
) -> None:
    again = {event.event_id: event for event in history(NOW + later)}
    assert [e for e in past if again.get(e.event_id, e) != e] == []
    if later == HOUR:  # still the same day: all of it is there again
        assert [e for e in past if e.event_id not in again] == []


def test_another_seed_shares_no_id(past: list[Event]) -> None:
    ids = {event.event_id for event in past}
    assert ids.isdisjoint(event.event_id for event in day_before(NOW, 1, seed=2))


def test_every_id_is_given_once(past: list[Event]) -> None:
    assert len({event.event_id for event in past}) == len(past)


def test_a_session_is_one_users_and_has_no_silence(past: list[Event]) -> None:
    users: dict[str, str] = {}
    last: dict[str, int] = {}
    for event in sorted(past, key=lambda event: event.time):
        session = event.session_id
        assert users.setdefault(session, event.user) == event.user
        assert event.time - last.get(session, event.time) <= SESSION_SILENCE
        last[session] = event.time


def test_visitors_come_back(past: list[Event]) -> None:
    visits = Counter(
        user for _, user in {(event.session_id, event.user) for event in past}
    )
    returning = sum(1 for count in visits.values() if count > 1)
    assert 0.05 < returning / len(visits) < 0.5


def test_evenings_are_busier_than_nights(past: list[Event]) -> None:
    hours = Counter(event.time // HOUR % 24 for event in past)
    assert hours[18] > 1.3 * hours[2]


def test_purchases_are_completed_and_abandoned(past: list[Event]) -> None:
    carts = {e.session_id for e in past if e.event_type == "add_to_cart"}
    orders = {e.session_id for e in past if e.event_type == "conversion"}
    sessions = {e.session_id for e in past}
    assert orders <= carts
    assert 0.01 < len(orders) / len(sessions) < 0.1
    assert len(carts) > 1.5 * len(orders)
    assert all(e.revenue for e in past if e.event_type == "conversion")


def test_sources_countries_and_devices_are_many(past: list[Event]) -> None:
    channels = {event.channel for event in past}
    assert {"Direct", "Organic Search", "Paid Search", "Email"} <= channels
    assert len({event.country for event in past}) >= 10
    assert {"Desktop", "Mobile", "Tablet"} <= {event.device for event in past}
    assert None not in {event.country for event in past}


def test_pages_of_a_visit_follow_one_another(past: list[Event]) -> None:
    first = [e for e in past if e.session_id == past[0].session_id]
    assert first[0].event_type == "page_view"
    assert all(a.time < b.time for a, b in pairwise(first))
