"""The rows of Sessions are what the events make them, whatever came first."""

import pytest

from liveinsight.core.event import Event
from liveinsight.core.session import fold, made_session_id
from liveinsight.store.dynamodb.items import session_item, session_of
from tests.aws.dynamodb_local import Database
from tests.store.builders import MINUTE, T0, an_event
from tests.store.dynamodb.settling import Settling
from tests.store.dynamodb.streaming import facts_of, naive_facts


def a_view(number: int, minute: float, **changes: object) -> Event:
    """A page view of one user and session, some minutes after T0."""
    at = T0 + int(minute * MINUTE)
    said: dict[str, object] = {
        "user_id": "ann",
        "session_id": "sess_ann",
        "session_sent": True,
        "timestamp": at,
        "received_at": T0 + 3_000 * MINUTE + number,
        "present_at": at,
        "page": f"/{number}",
    }
    return an_event(number, **(said | changes))


def anonymous(number: int, minute: float, session: str, **changes: object) -> Event:
    return a_view(
        number,
        minute,
        **{
            "user_id": None,
            "visitor_id": "v1",
            "session_id": f"sess_{session}",
            **changes,
        },
    )


@pytest.fixture
def settling(dynamodb: Database) -> Settling:
    return Settling(dynamodb)


def settled(settling: Settling, *batches: list[Event]) -> None:
    """Takes the batches one after the other; after each, the rows must be right."""
    every: list[Event] = []
    for batch in batches:
        every += batch
        settling.take(*batch)
        settling.settle_all()
        assert facts_of(settling.rows()) == naive_facts(every)


def test_a_session_is_one_row_folded_from_all_its_events(settling: Settling) -> None:
    settled(
        settling,
        [a_view(0, 0), a_view(1, 5)],
        [a_view(2, 7, event_type="conversion")],
        [a_view(3, 36, event_type="engagement", engagement_ms=500)],
    )
    row = session_of(settling.rows()[0])
    assert row.session_id == "sess_ann"
    assert row.session_duration == 36 * MINUTE
    assert row.folded == 4


def test_exactly_30_minutes_of_silence_are_one_session_and_a_millisecond_more_two(
    settling: Settling,
) -> None:
    settled(settling, [a_view(0, 0)], [a_view(1, 30)], [a_view(2, 60 + 1 / 60_000)])
    assert len(settling.rows()) == 2


def test_a_late_event_that_joins_two_sessions_leaves_one_row(
    settling: Settling,
) -> None:
    settled(
        settling,
        [a_view(0, 0, session_id="sess_one")],
        [a_view(1, 50, session_id="sess_two")],
        [a_view(2, 25, session_id="sess_three")],
    )
    assert [session_of(item).session_id for item in settling.rows()] == ["sess_one"]


def test_the_row_that_the_door_made_under_a_provisional_id_is_absorbed(
    settling: Settling,
) -> None:
    events = [
        a_view(0, 3, session_id="sess_given", session_sent=False),
        a_view(1, 1, session_id="sess_given", session_sent=False),
    ]
    settling.database.client.put_item(
        TableName=settling.database.tables.sessions,
        Item=session_item(fold(events[:1])[0], "sess_given", 1),
    )
    settled(settling, events[:1], events[1:])


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 2, 1, 0), (2, 0, 3, 1)])
def test_two_users_who_send_one_id_have_two_sessions_in_any_order(
    settling: Settling, order: tuple[int, ...]
) -> None:
    events = [
        a_view(0, 0, user_id="ann", session_id="sess_same"),
        a_view(1, 1, user_id="bob", session_id="sess_same"),
        a_view(2, 2, user_id="ann", session_id="sess_same"),
        a_view(3, 40, user_id="bob", session_id="sess_same"),
    ]
    settled(settling, *([events[place]] for place in order))


def test_an_id_that_is_left_goes_to_the_next_who_claims_it(
    settling: Settling,
) -> None:
    settled(
        settling,
        [a_view(0, 10, user_id="ann", session_id="sess_same")],
        [a_view(1, 20, user_id="bob", session_id="sess_same")],
        # Now Ann's session begins with another id, which it goes by.
        [a_view(2, 5, user_id="ann", session_id="sess_other")],
    )


def test_one_id_sent_for_ever_is_the_first_session_only(settling: Settling) -> None:
    days = [a_view(n, n * 1440, session_id="sess_constant") for n in range(4)]
    settled(settling, *([event] for event in reversed(days)))


def test_the_made_id_of_a_session_is_not_given_to_who_sends_it(
    settling: Settling,
) -> None:
    mine = a_view(0, 50, user_id="ann", session_sent=False)
    stolen = made_session_id(mine.site, "ann", mine.event_id)
    settled(
        settling,
        [a_view(1, 0, user_id="eve", session_id=stolen)],
        [mine],
        [a_view(2, 1, user_id="eve", session_id=stolen)],
    )


def test_sessions_of_an_anonymous_visitor_are_joined_over_their_ids(
    settling: Settling,
) -> None:
    settled(
        settling,
        [anonymous(0, 0, "one")],
        [anonymous(1, 50, "two")],
        [anonymous(2, 25, "three"), anonymous(3, 26, "three", visitor_id="v2")],
    )


def test_sites_do_not_share_sessions(settling: Settling) -> None:
    settled(
        settling,
        [a_view(0, 0, session_id="sess_a"), a_view(1, 1, session_id="sess_a")],
        [a_view(2, 2, site="other.example", session_id="sess_b")],
        [a_view(3, 3, site="other.example", session_id="sess_b")],
    )


def test_an_event_with_a_wrong_clock_is_found_again_by_later_folds(
    settling: Settling,
) -> None:
    year = 365 * 1440 * MINUTE
    settled(
        settling,
        [a_view(0, 0)],
        [a_view(1, 5, timestamp=T0 + year, adjusted_timestamp=T0 + 5 * MINUTE)],
        [a_view(2, 33)],
    )


def test_a_session_is_found_by_its_row_where_no_time_leads_to_its_events(
    settling: Settling,
) -> None:
    year = 365 * 1440 * MINUTE
    settled(
        settling,
        [a_view(0, 0), a_view(1, 25)],
        [a_view(2, 50, timestamp=T0 + year, adjusted_timestamp=T0 + 50 * MINUTE)],
        [a_view(3, 75, session_id="sess_other")],
    )
    assert len(settling.rows()) == 1


def test_an_earlier_copy_takes_its_event_out_of_a_later_session(
    settling: Settling,
) -> None:
    settled(
        settling,
        [a_view(0, 0)],
        [a_view(9, 38, received_at=T0 + 9_000 * MINUTE), a_view(1, 39)],
        [a_view(9, 8)],
    )
    assert len(settling.rows()) == 2


def test_a_copy_that_was_sent_with_a_later_time_counts_nowhere(
    settling: Settling,
) -> None:
    settled(
        settling,
        [a_view(0, 0), a_view(1, 1)],
        [a_view(1, 90, received_at=T0 + 9_000 * MINUTE)],
    )


def test_events_a_day_late_are_settled_where_they_belong(settling: Settling) -> None:
    settled(
        settling,
        [a_view(0, 3000, session_id="sess_new")],
        [a_view(1, 20, session_id="sess_old"), a_view(2, 3001, session_id="sess_new")],
        [a_view(3, 0, session_id="sess_older")],
    )


def test_a_session_of_a_day_is_read_to_its_beginning(settling: Settling) -> None:
    settled(
        settling,
        [a_view(n, 25 * n) for n in range(60)],
        [a_view(60, 25 * 60)],
    )
    assert len(settling.rows()) == 1


def test_what_is_not_interactive_makes_no_row(
    settling: Settling,
) -> None:
    settled(settling, [a_view(0, 0, event_type="vital", interactive=False)])
    assert settling.rows() == []
