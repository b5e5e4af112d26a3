"""DynamoDB throttles, breaks off, fails and hangs: nothing is lost, nothing is twice."""

import logging
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from liveinsight.core.event import Event
from liveinsight.errors import StoreError, StoreUnavailable
from liveinsight.store.dynamodb import calls
from tests.aws.faults import ANSWER_LOST, THROTTLED, Faulty, Rule
from tests.store.builders import an_event
from tests.store.dynamodb.stores import (
    Door,
    a_door,
    active_sessions,
    session_rows,
    stored_events,
    stream_of,
)
from tests.waiting import PATIENCE_S

VISITORS = 8
REQUESTS = 4
"""Of each visitor, with three events."""


def requests_of(visitor: int) -> list[list[Event]]:
    """What one visitor sends; every other one without a `user_id`."""
    who: dict[str, object] = {"user_id": f"user{visitor}"}
    if visitor % 2:
        who = {"user_id": None, "visitor_id": f"v_{visitor}"}
    return [
        [
            an_event(
                1_000 * visitor + 10 * request + number,
                session_id=f"sess_{visitor}",
                session_sent=True,
                **who,
            )
            for number in range(3)
        ]
        for request in range(REQUESTS)
    ]


def send_until_taken(door: Door, events: Sequence[Event]) -> None:
    """As a sender does: what was not promised is sent again."""
    while True:
        door.store.start_request(10_000)
        try:
            door.record(*events)
        except StoreUnavailable:
            continue
        return


@pytest.mark.parametrize(
    "rule",
    [
        pytest.param({"error": {"code": THROTTLED}}, id="throttled"),
        pytest.param(ANSWER_LOST, id="answer lost after commit"),
        pytest.param({"response": {"truncate_frac": 0.5}}, id="answer cut short"),
        pytest.param({"reset": True}, id="connection reset"),
        pytest.param(
            {"error": {"code": "InternalServerError", "status": 500}}, id="server error"
        ),
    ],
)
def test_with_30_percent_of_calls_failing_nothing_is_lost_and_nothing_twice(
    faulty: Faulty, rule: Rule
) -> None:
    faulty.fail(probability=0.3, **rule)

    def visit(visitor: int) -> None:
        with a_door(faulty.database) as door:
            for events in requests_of(visitor):
                send_until_taken(door, events)

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(visit, range(VISITORS)))
    assert faulty.fired() > VISITORS
    sent = [e for visitor in range(VISITORS) for r in requests_of(visitor) for e in r]
    assert stored_events(faulty.clean) == sent
    assert sorted(stream_of(faulty.clean)) == [
        ("INSERT", event.event_id) for event in sent
    ]
    sessions = {f"sess_{visitor}" for visitor in range(VISITORS)}
    assert set(session_rows(faulty.clean)) == sessions
    live = active_sessions(faulty.clean)
    assert set(live) == sessions
    for visitor in range(VISITORS):
        last = requests_of(visitor)[-1][-1]
        found = live[f"sess_{visitor}"]
        assert (found.last_activity, found.last_event) == (last.time, last.event_id)
        assert found.page_views == 3 * REQUESTS, "counted once, however often sent"


def test_what_dynamodb_leaves_undone_is_sent_again(faulty: Faulty) -> None:
    """It takes ten items of a call, and says that the others are unprocessed."""
    left: list[Any] = []
    with a_door(faulty.clean) as door:

        def take_ten(params: Any, **_: object) -> Any:
            ((table, requests),) = params["RequestItems"].items()
            left.append({table: requests[10:]} if requests[10:] else {})
            return {**params, "RequestItems": {table: requests[:10]}}

        def say_so(parsed: Any, **_: object) -> None:
            parsed["UnprocessedItems"] = left.pop()

        hooks = door.client.meta.events
        hooks.register("provide-client-params.dynamodb.BatchWriteItem", take_ten)
        hooks.register("after-call.dynamodb.BatchWriteItem", say_so)
        events = [an_event(n, session_sent=True) for n in range(25)]
        door.record(*events)
    assert stored_events(faulty.clean) == events


@pytest.fixture
def _time_alone_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """However often a call fails, it is tried again."""
    monkeypatch.setattr(calls, "ATTEMPTS", sys.maxsize)


@pytest.mark.usefixtures("_time_alone_ends_it")
def test_a_throttled_table_is_unavailable_when_the_time_is_up(faulty: Faulty) -> None:
    faulty.fail(error={"code": THROTTLED}, resource="LiveInsight-Sessions")
    with a_door(faulty.database, seconds=1) as door:
        with pytest.raises(StoreUnavailable) as unavailable:
            door.record(an_event(1, session_sent=True))
        assert unavailable.value.retry_after >= 1
        faulty.reset()
        door.store.start_request(PATIENCE_S * 1_000)
        door.record(an_event(1, session_sent=True))
    assert len(session_rows(faulty.clean)) == 1


@pytest.mark.usefixtures("_time_alone_ends_it")
def test_tables_that_do_not_answer_are_unavailable_when_the_time_is_up(
    faulty: Faulty,
) -> None:
    faulty.fail(timeout_ms=30_000)
    with (
        a_door(faulty.database, seconds=0.5) as door,
        pytest.raises(StoreUnavailable),
    ):
        door.record(an_event(1, session_sent=True))


def test_a_function_without_rights_says_so_once_and_promises_nothing(
    faulty: Faulty, caplog: pytest.LogCaptureFixture
) -> None:
    faulty.fail(error={"code": "AccessDeniedException"}, operation="BatchWriteItem")
    caplog.set_level(logging.ERROR)
    with a_door(faulty.database) as door, pytest.raises(StoreUnavailable):
        door.record(an_event(1, session_sent=True))
    assert faulty.fired() == 1, "nobody mends rights within a request"
    (line,) = caplog.records
    assert vars(line)["code"] == "AccessDeniedException"
    assert vars(line)["operation"] == "BatchWriteItem"


def test_what_dynamodb_calls_malformed_is_our_mistake_and_not_tried_again(
    faulty: Faulty,
) -> None:
    faulty.fail(error={"code": "ValidationException"}, operation="BatchWriteItem")
    with a_door(faulty.database) as door, pytest.raises(StoreError) as error:
        door.record(an_event(1, session_sent=True))
    assert not isinstance(error.value, StoreUnavailable)
    assert faulty.fired() == 1


def test_a_pointer_whose_answer_was_lost_is_made_once(faulty: Faulty) -> None:
    with a_door(faulty.database) as door:
        faulty.fail(operation="PutItem", times=1, **ANSWER_LOST)
        assert door.session_of(an_event(1), proposed="sess_a") == "sess_a"
        faulty.fail(operation="UpdateItem", times=1, **ANSWER_LOST)
        assert door.session_of(an_event(8), proposed="sess_b") == "sess_a"
    assert faulty.fired() == 2
