"""What the door's writes cost, by the capacity that DynamoDB Local says they consume.

The stream function adds one unit a session that a batch of its touches, so that a
request of 1, 10 and 25 events costs 5.4, 3.4 and 3.16 an event in sessions of five and
more events, and one less without a `user_id`.
"""

import asyncio
from collections import Counter
from typing import Any

import pytest

from liveinsight.core.event import Event
from tests.aws.dynamodb_local import Database
from tests.store.builders import T0, an_event
from tests.store.dynamodb.stores import Door, a_door
from tests.store.dynamodb.test_items import a_usual_event

SETTLING = 1
"""Units of the stream function for a session in a batch of the stream."""


class Units:
    """What the calls of a door have consumed, and how many they were."""

    def __init__(self, door: Door) -> None:
        self.written = 0.0
        self.calls: Counter[str] = Counter()
        hooks = door.client.meta.events
        hooks.register("provide-client-params.dynamodb", self._ask)
        hooks.register("after-call.dynamodb", self._add)

    def _ask(self, params: Any, **_: object) -> Any:
        return {**params, "ReturnConsumedCapacity": "INDEXES"}

    def _add(self, model: Any, parsed: Any, **_: object) -> None:
        self.calls[model.name] += 1
        if model.name == "GetItem":
            return
        consumed = parsed.get("ConsumedCapacity")
        if consumed is None:  # DynamoDB charges one unit, its local form says nothing
            assert parsed["Error"]["Code"] == "ConditionalCheckFailedException"
            self.written += 1
            return
        tables = consumed if isinstance(consumed, list) else [consumed]
        self.written += sum(table["CapacityUnits"] for table in tables)


def an_event_of(session: int, number: int, *, known: bool) -> Event:
    """A usual page view; of a user without `user_id` unless `known`."""
    at = T0 + number * 1_000
    changes: dict[str, object] = {
        "event_id": f"evt_0198f3c2-7d4e-7b1a-9c55-{session:04d}{number:08d}",
        "session_id": f"sess_0198f3c27d4e7b1a9c553f1d{session:08d}",
        "timestamp": at,
        "received_at": at,
        "present_at": at,
    }
    if not known:
        changes |= {"user_id": None, "visitor_id": f"v_{session:032d}"}
    return a_usual_event(**changes)


def requests_of(size: int, *, known: bool) -> list[list[Event]]:
    """Four sessions of five events each, or of one request where that is larger."""
    length = max(5, size)
    return [
        [
            an_event_of(session, number, known=known)
            for number in range(begin, begin + size)
        ]
        for session in range(4)
        for begin in range(0, length, size)
    ]


@pytest.mark.parametrize(
    ("size", "known", "most"),
    [
        pytest.param(1, True, 5.4, id="1 event, user_id"),
        pytest.param(10, True, 3.4, id="10 events, user_id"),
        pytest.param(25, True, 3.16, id="25 events, user_id"),
        pytest.param(1, False, 4.2, id="1 event, no user_id"),
        pytest.param(10, False, 2.3, id="10 events, no user_id"),
        pytest.param(25, False, 2.12, id="25 events, no user_id"),
    ],
)
def test_an_event_costs_no_more_units_than_promised(
    dynamodb: Database,
    size: int,
    known: bool,
    most: float,
) -> None:
    requests = requests_of(size, known=known)
    with a_door(dynamodb) as door:
        units = Units(door)
        for events in requests:
            door.record(*events)
    total = units.written + SETTLING * len(requests)
    assert total / (size * len(requests)) == pytest.approx(most)


def test_a_request_in_order_is_one_round_of_as_few_calls_as_can_be(
    dynamodb: Database,
) -> None:
    first, later = requests_of(1, known=True)[:2]
    with a_door(dynamodb) as door:
        units = Units(door)
        door.record(*first)
        assert units.calls == {"BatchWriteItem": 1, "UpdateItem": 1, "PutItem": 1}
        door.record(*later)
    assert units.calls == {"BatchWriteItem": 2, "UpdateItem": 2, "PutItem": 1}


def test_another_copy_of_the_function_pays_a_unit_to_learn_that_a_row_is_there(
    dynamodb: Database,
) -> None:
    first, second, third = requests_of(1, known=True)[:3]
    with a_door(dynamodb) as door:
        door.record(*first)
    with a_door(dynamodb) as another:
        units = Units(another)
        another.record(*second)
        assert units.written == 3 + 1 + 1
        another.record(*third)
    assert units.written == 3 + 1 + 1 + 3 + 1


def test_more_than_25_events_take_one_call_more_for_each_25(
    dynamodb: Database,
) -> None:
    with a_door(dynamodb) as door:
        units = Units(door)
        door.record(*(an_event_of(0, number, known=True) for number in range(60)))
    assert units.calls["BatchWriteItem"] == 3
    assert units.written == 60 * 3 + 1 + 2


def test_the_same_request_sent_again_costs_a_unit_an_event(dynamodb: Database) -> None:
    events = [an_event_of(0, number, known=True) for number in range(10)]
    with a_door(dynamodb) as door:
        door.record(*events)
        units = Units(door)
        door.record(*events)
    assert units.written == len(events) + 1, "and one to find that nobody moved"


def test_an_event_over_1_kb_costs_a_unit_more_in_table_and_indexes(
    dynamodb: Database,
) -> None:
    large = an_event(
        0, user_id="ann", session_sent=True, properties={"text": "x" * 1_000}
    )
    with a_door(dynamodb) as door:
        units = Units(door)
        door.record(large)
    assert units.written == 2 * 3 + 1 + 2


def test_a_request_without_a_session_id_costs_one_round_and_one_unit_more(
    dynamodb: Database,
) -> None:
    event = an_event(0, user_id="ann")
    with a_door(dynamodb) as door:
        door.session_of(event, proposed="sess_a")
        units = Units(door)
        assert (
            door.session_of(an_event(7, user_id="ann"), proposed="sess_b") == "sess_a"
        )
    assert units.written == 1
    assert units.calls == {"UpdateItem": 1}


def test_to_ask_whether_a_user_is_running_writes_nothing(dynamodb: Database) -> None:
    with a_door(dynamodb) as door:
        units = Units(door)
        assert not asyncio.run(door.store.is_running("shop.example", "ann", T0))
    assert units.calls == {"GetItem": 1}
