"""Pointers: which session an event without a session id belongs to, and its siblings."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from liveinsight.core.event import Event
from liveinsight.core.limits import DAY
from liveinsight.store.dynamodb.calls import Patience
from liveinsight.store.dynamodb.pointers import (
    Pointer,
    Pointers,
    Visit,
    after,
)
from liveinsight.store.running import RunningSessions
from tests.aws.dynamodb_local import Database
from tests.store.builders import MINUTE, SITE, T0, an_event
from tests.store.dynamodb.stores import Door, a_door, active_sessions

PATIENT = 1e12
MIDNIGHT = T0 - T0 % DAY + DAY


def a_visit(at: int, session_id: str, *, sent: bool = False) -> Visit:
    return Visit(site=SITE, user="ann", at=at, session_id=session_id, sent=sent)


def pointer_of(door: Door, database: Database, user: str = "ann") -> Pointer | None:
    pointers = Pointers(door.client, database.tables.active)
    return pointers.find(Patience(PATIENT), SITE, user)


def an_anonymous_event(at: int, session_id: str = "sess_a") -> Event:
    """Of a visitor without a `user_id`, who sends the session id that they were told."""
    return an_event(
        0,
        event_id=f"evt_{at}",
        timestamp=at,
        received_at=at,
        present_at=at,
        user_id=None,
        visitor_id="v_1",
        session_id=session_id,
        session_sent=True,
    )


@given(
    st.lists(st.tuples(st.integers(-200, 200), st.booleans()), min_size=1, max_size=30)
)
def test_a_pointer_says_what_the_memory_of_one_machine_says(
    visits: list[tuple[int, bool]],
) -> None:
    memory, pointer = RunningSessions(), None
    for number, (minutes, sent) in enumerate(visits):
        at, proposed = T0 + minutes * MINUTE, f"sess_{number}"
        pointer, found = after(pointer, a_visit(at, proposed, sent=sent))
        assert found == memory.session_of(SITE, "ann", at, proposed, sent=sent)


def test_the_table_holds_what_the_pure_rule_says(dynamodb: Database) -> None:
    expected: Pointer | None = None
    with a_door(dynamodb) as door:
        for number, minutes in enumerate((0, 5, 3, -20, 60, 60, 59, -900, 89, 400)):
            visit = a_visit(T0 + minutes * MINUTE, f"sess_{number}")
            expected, session_id = after(expected, visit)
            event = an_event(user_id="ann", timestamp=visit.at)
            assert door.session_of(event, proposed=visit.session_id) == session_id
            assert pointer_of(door, dynamodb) == expected


def test_copies_of_the_function_at_once_agree_on_the_session(
    dynamodb: Database,
) -> None:
    with a_door(dynamodb) as one, a_door(dynamodb) as other:

        def ask(number: int) -> str:
            door = one if number % 2 else other
            event = an_event(number, user_id="ann")
            return door.session_of(event, proposed=f"sess_{number}")

        with ThreadPoolExecutor(6) as threads:
            said = set(threads.map(ask, range(24)))
        pointer = pointer_of(one, dynamodb)
    assert pointer is not None
    assert said == {pointer.running}


def test_a_pointer_is_no_live_session(dynamodb: Database) -> None:
    with a_door(dynamodb) as door:
        door.session_of(an_event(0, user_id="ann"), proposed="sess_a")
    assert active_sessions(dynamodb) == {}


def test_users_with_a_user_id_and_a_session_need_no_pointer(dynamodb: Database) -> None:
    with a_door(dynamodb) as door:
        door.record(an_event(0, user_id="ann", session_sent=True))
        assert pointer_of(door, dynamodb) is None


def test_a_visitor_under_yesterdays_id_is_known_after_midnight(
    dynamodb: Database,
) -> None:
    """Each event came to another copy of the function, and none was 30 minutes apart."""
    minutes = (-40, -35, -20, -5, 20, 45, 70)
    for before, now in pairwise(minutes):
        with a_door(dynamodb) as door:
            if before == minutes[0]:
                door.record(an_anonymous_event(MIDNIGHT + before * MINUTE))
            at = MIDNIGHT + now * MINUTE
            if now > 0:
                assert asyncio.run(door.store.is_running(SITE, "v_1", at))
            door.record(an_anonymous_event(at))
    with a_door(dynamodb) as door:
        later = MIDNIGHT + 101 * MINUTE
        assert not asyncio.run(door.store.is_running(SITE, "v_1", later))


def test_within_one_copy_of_the_function_the_end_of_the_day_counts_each_event(
    dynamodb: Database,
) -> None:
    with a_door(dynamodb) as door:
        for minutes in (-31, -29, -25, -21):
            door.record(an_anonymous_event(MIDNIGHT + minutes * MINUTE))
        pointer = pointer_of(door, dynamodb, "v_1")
    assert pointer == Pointer(
        running="sess_a",
        start_time=MIDNIGHT - 29 * MINUTE,
        last_activity=MIDNIGHT - 21 * MINUTE,
    )


def test_by_day_a_visitor_with_a_session_needs_no_pointer(dynamodb: Database) -> None:
    with a_door(dynamodb) as door:
        door.record(an_anonymous_event(MIDNIGHT + DAY // 2))
        assert pointer_of(door, dynamodb, "v_1") is None
