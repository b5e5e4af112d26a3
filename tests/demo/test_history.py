from collections import Counter
from itertools import islice, pairwise

import pytest

from liveinsight.core.event import Event
from liveinsight.core.limits import DAY, HOUR, SESSION_SILENCE
from liveinsight.demo.history import month_of_history

NOW = 1_795_381_200_000
"""2026-11-22T21:00:00Z: a Sunday evening in the shop's time zone."""


@pytest.fixture(scope="module")
def month() -> list[Event]:
    return [event for chunk in month_of_history(NOW) for event in chunk]


def test_it_has_a_month_of_events_in_chunks_of_at_most_a_thousand(
    month: list[Event],
) -> None:
    assert 100_000 <= len(month) <= 150_000
    assert min(event.time for event in month) >= NOW - 31 * DAY
    assert max(event.time for event in month) < NOW
    assert all(len(chunk) <= 1_000 for chunk in islice(month_of_history(NOW), 20))


@pytest.mark.parametrize("later", [HOUR, 5 * HOUR, 3 * DAY])
def test_an_event_is_the_same_whenever_it_is_asked_for(
    month: list[Event], later: int
) -> None:
    again = {
        event.event_id: event
        for chunk in month_of_history(NOW + later)
        for event in chunk
    }
    assert [e for e in month if again.get(e.event_id, e) != e] == []
    if later == HOUR:  # still the same day: all of it is there again
        assert [e for e in month if e.event_id not in again] == []


def test_another_seed_shares_no_id(month: list[Event]) -> None:
    ids = {event.event_id for event in month}
    for chunk in islice(month_of_history(NOW, seed=2), 10):
        assert ids.isdisjoint(event.event_id for event in chunk)


def test_every_id_is_given_once(month: list[Event]) -> None:
    assert len({event.event_id for event in month}) == len(month)


def test_a_session_is_one_users_and_has_no_silence(month: list[Event]) -> None:
    users: dict[str, str] = {}
    last: dict[str, int] = {}
    for event in sorted(month, key=lambda event: event.time):
        session = event.session_id
        assert users.setdefault(session, event.user) == event.user
        assert event.time - last.get(session, event.time) <= SESSION_SILENCE
        last[session] = event.time


def test_visitors_come_back(month: list[Event]) -> None:
    visits = Counter(
        user for _, user in {(event.session_id, event.user) for event in month}
    )
    returning = sum(1 for count in visits.values() if count > 1)
    assert 0.05 < returning / len(visits) < 0.5


def test_evenings_are_busier_than_nights_and_the_month_grows(
    month: list[Event],
) -> None:
    hours = Counter(event.time // HOUR % 24 for event in month)
    assert hours[18] > 5 * hours[2]
    days = Counter((event.time - NOW) // DAY for event in month)
    assert days[-2] > days[-30]


def test_purchases_are_completed_and_abandoned(month: list[Event]) -> None:
    carts = {e.session_id for e in month if e.event_type == "add_to_cart"}
    orders = {e.session_id for e in month if e.event_type == "conversion"}
    sessions = {e.session_id for e in month}
    assert orders <= carts
    assert 0.01 < len(orders) / len(sessions) < 0.1
    assert len(carts) > 1.5 * len(orders)
    assert all(e.revenue for e in month if e.event_type == "conversion")


def test_sources_countries_and_devices_are_many(month: list[Event]) -> None:
    channels = {event.channel for event in month}
    assert {"Direct", "Organic Search", "Paid Search", "Email"} <= channels
    assert len({event.country for event in month}) >= 10
    assert {"Desktop", "Mobile", "Tablet"} <= {event.device for event in month}
    assert None not in {event.country for event in month}


def test_pages_of_a_visit_follow_one_another(month: list[Event]) -> None:
    first = [e for e in month if e.session_id == month[0].session_id]
    assert first[0].event_type == "page_view"
    assert all(a.time < b.time for a, b in pairwise(first))
