"""What a request leaves in the three tables."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from liveinsight.core.event import Event
from liveinsight.core.session import made_session_id, run_of
from liveinsight.errors import StoreUnavailable
from tests.aws.dynamodb_local import Database
from tests.store.builders import MINUTE, SITE, T0, an_event
from tests.store.dynamodb.stores import (
    a_door,
    active_sessions,
    session_rows,
    stored_events,
)


def a_visit(number: int, **changes: object) -> Event:
    """Ann's events in one session, as the tracker sends them; a second apart."""
    values: dict[str, object] = {
        "user_id": "ann",
        "session_id": "sess_visit",
        "session_sent": True,
        "page": f"/{number}",
    }
    return an_event(number, **(values | changes))


def test_the_first_event_of_a_session_makes_its_row_and_shows_it(
    dynamodb: Database,
) -> None:
    event = a_visit(0, source="Google", country="KR", device="Mobile")
    with a_door(dynamodb) as door:
        door.record(event)
    (row,) = session_rows(dynamodb).values()
    assert (row.session_id, row.user_id, row.start_time) == ("sess_visit", "ann", T0)
    assert (row.entry_page, row.exit_page, row.page_views) == ("/0", "/0", 1)
    assert (row.source, row.country, row.device) == ("Google", "KR", "Mobile")
    (active,) = active_sessions(dynamodb).values()
    assert (active.session_id, active.user_id) == ("sess_visit", "ann")
    assert (active.start_time, active.last_activity) == (T0, T0)
    assert (active.current_page, active.page_views) == ("/0", 1)
    assert active.expires_at == T0 // 1_000 + 30 * 60


def test_events_in_order_extend_the_live_session(dynamodb: Database) -> None:
    with a_door(dynamodb) as door:
        door.record(a_visit(0, country="KR"))
        door.record(a_visit(1, event_type="click"), a_visit(2, source="Bing"))
        door.record(a_visit(3, event_type="engagement"))
    (active,) = active_sessions(dynamodb).values()
    assert (active.start_time, active.last_activity) == (T0, T0 + 3_000)
    assert (active.current_page, active.page_views) == ("/2", 2)
    assert (active.source, active.country) == (None, "KR"), "its first event says so"


def test_expiry_is_rounded_up_to_the_next_second(dynamodb: Database) -> None:
    at = T0 + 1
    with a_door(dynamodb) as door:
        door.record(a_visit(0, timestamp=at, received_at=at, present_at=at))
    (active,) = active_sessions(dynamodb).values()
    assert active.expires_at == T0 // 1_000 + 30 * 60 + 1


def test_the_same_request_sent_again_changes_nothing(dynamodb: Database) -> None:
    events = [a_visit(number) for number in range(4)]
    with a_door(dynamodb) as door, a_door(dynamodb) as other:
        door.record(*events)
        before = active_sessions(dynamodb), session_rows(dynamodb)
        for again in (door, other):
            again.record(*(a_visit(n, received_at=T0 + 9_000) for n in range(4)))
    assert (active_sessions(dynamodb), session_rows(dynamodb)) == before
    assert len(stored_events(dynamodb)) == 4


def test_a_late_request_does_not_turn_the_live_session_back(dynamodb: Database) -> None:
    with a_door(dynamodb) as door:
        door.record(a_visit(5))
        door.record(a_visit(2))
    (active,) = active_sessions(dynamodb).values()
    assert (active.last_activity, active.current_page) == (T0 + 5_000, "/5")


def test_presence_is_told_by_our_clock(dynamodb: Database) -> None:
    """A sender whose clock is an hour behind is here now all the same."""
    behind = {"timestamp": T0 - 60 * MINUTE, "received_at": T0, "present_at": T0}
    with a_door(dynamodb) as door:
        door.record(a_visit(0, **behind))
    (active,) = active_sessions(dynamodb).values()
    assert (active.start_time, active.last_activity) == (T0, T0)
    assert session_rows(dynamodb)["sess_visit"].start_time == T0 - 60 * MINUTE


def test_what_was_sent_hours_later_is_stored_but_not_live(dynamodb: Database) -> None:
    with a_door(dynamodb) as door:
        door.record(a_visit(0, received_at=T0 + 31 * MINUTE))
    assert active_sessions(dynamodb) == {}
    assert set(session_rows(dynamodb)) == {"sess_visit"}


def test_an_ended_session_that_goes_on_is_live_from_its_new_beginning(
    dynamodb: Database,
) -> None:
    with a_door(dynamodb) as door:
        door.record(a_visit(0), a_visit(1))
        door.record(a_visit(31 * 60))
    (active,) = active_sessions(dynamodb).values()
    assert active.start_time == active.last_activity == T0 + 31 * MINUTE
    assert active.page_views == 1
    assert session_rows(dynamodb)["sess_visit"].last_activity == T0 + 1_000


def test_two_users_who_send_one_session_id_are_two_live_sessions(
    dynamodb: Database,
) -> None:
    with a_door(dynamodb) as door:
        door.record(a_visit(0))
        door.record(a_visit(1, user_id="bob"))
        door.record(a_visit(2, user_id="bob"), a_visit(3))
    found = active_sessions(dynamodb)
    bobs = made_session_id(SITE, "bob", "sess_visit")
    assert set(found) == {"sess_visit", bobs}
    assert (found["sess_visit"].user_id, found["sess_visit"].page_views) == ("ann", 2)
    assert (found[bobs].user_id, found[bobs].page_views) == ("bob", 2)
    assert session_rows(dynamodb)["sess_visit"].user_id == "ann"


def test_one_user_id_on_two_sites_is_two_live_sessions(dynamodb: Database) -> None:
    with a_door(dynamodb) as door:
        door.record(a_visit(0), a_visit(1, site="blog.example"))
    assert {found.site for found in active_sessions(dynamodb).values()} == {
        SITE,
        "blog.example",
    }


def test_engagement_alone_opens_no_session_but_extends_one(dynamodb: Database) -> None:
    with a_door(dynamodb) as door:
        door.record(a_visit(0, event_type="engagement"))
        assert not active_sessions(dynamodb)
        assert not session_rows(dynamodb)
        door.record(a_visit(1))
        door.record(a_visit(9, event_type="engagement"))
    (active,) = active_sessions(dynamodb).values()
    assert (active.last_activity, active.page_views) == (T0 + 9_000, 1)


def test_what_is_not_interactive_touches_no_session(dynamodb: Database) -> None:
    with a_door(dynamodb) as door:
        door.record(a_visit(0, interactive=False))
    assert not active_sessions(dynamodb)
    assert not session_rows(dynamodb)
    assert len(stored_events(dynamodb)) == 1


def test_a_row_that_was_settled_is_not_put_back(dynamodb: Database) -> None:
    with a_door(dynamodb) as door, a_door(dynamodb) as other:
        door.record(a_visit(0))
        dynamodb.client.update_item(
            TableName=dynamodb.tables.sessions,
            Key={"session_id": {"S": "sess_visit"}},
            UpdateExpression="set page_views = :views",
            ExpressionAttributeValues={":views": {"N": "77"}},
        )
        other.record(a_visit(1))
    assert session_rows(dynamodb)["sess_visit"].page_views == 77


def test_a_provisional_session_gets_its_row_with_its_first_event_only(
    dynamodb: Database,
) -> None:
    first = a_visit(0, session_sent=False)
    made = run_of(first).made_id
    with a_door(dynamodb) as door:
        door.record(a_visit(0, session_sent=False, session_id=made))
        door.record(a_visit(1, session_sent=False, session_id=made))
        door.record(a_visit(2, session_sent=False, session_id="sess_elsewhere"))
    assert set(session_rows(dynamodb)) == {made}


@pytest.mark.parametrize(
    "chosen",
    [
        pytest.param({"adjusted_timestamp": T0 + 5_000}, id="adjusted time"),
        pytest.param({"user_id": None, "visitor_id": "v_1"}, id="derived user"),
        pytest.param({"session_sent": False}, id="provisional session"),
    ],
)
def test_the_first_stored_copy_wins_where_the_receipt_had_a_part_in_it(
    dynamodb: Database, chosen: dict[str, object]
) -> None:
    with a_door(dynamodb) as door:
        door.record(a_visit(0, **(chosen | {"country": "KR"})))
        door.record(a_visit(0, **(chosen | {"country": "DE"})))
    (event,) = stored_events(dynamodb)
    assert event.country == "KR"


def test_one_id_on_two_sites_in_a_request_spoils_nothing_else(
    dynamodb: Database,
) -> None:
    with a_door(dynamodb) as door:
        door.record(a_visit(0), a_visit(0, site="blog.example"), a_visit(1))
    assert [event.event_id for event in stored_events(dynamodb)] == [
        "evt_00000000",
        "evt_00000001",
    ]


def test_two_copies_of_the_function_at_once_store_each_event_once(
    dynamodb: Database,
) -> None:
    requests = [[a_visit(n), a_visit(n + 1)] for n in range(0, 40, 2)] * 2
    with a_door(dynamodb) as one, a_door(dynamodb) as other:

        def send(number: int) -> None:
            door = one if number % 2 else other
            door.record(*requests[number])

        with ThreadPoolExecutor(4) as threads:
            list(threads.map(send, range(len(requests))))
    assert stored_events(dynamodb) == [a_visit(number) for number in range(40)]
    (active,) = active_sessions(dynamodb).values()
    assert active.last_activity == T0 + 39_000
    assert active.page_views <= 40
    assert set(session_rows(dynamodb)) == {"sess_visit"}


def test_an_event_of_the_largest_size_is_stored(dynamodb: Database) -> None:
    large = a_visit(
        0,
        page_url="https://shop.example/" + "ü" * 2_000,
        page="/" + "ü" * 2_000,
        referrer="https://other.example/" + "ü" * 2_000,
        page_title="ü" * 512,
        properties={f"{n:064d}": "ü" * 500 for n in range(30)},
    )
    with a_door(dynamodb) as door:
        door.record(*(a_visit(n) for n in range(1, 30)), large)
    assert stored_events(dynamodb)[0] == large
    assert len(stored_events(dynamodb)) == 30


def test_a_request_without_time_left_is_promised_nothing(dynamodb: Database) -> None:
    with a_door(dynamodb, seconds=0) as door, pytest.raises(StoreUnavailable):
        door.record(a_visit(0))
