"""The collector over DynamoDB: what the replies promise, by any copy of the function."""

import asyncio
from typing import Any

import pytest

from liveinsight.collect.collector import collect
from liveinsight.collect.door import Door as DoorState
from liveinsight.core.limits import DAY
from tests.aws.dynamodb_local import Database
from tests.collect.builders import NOW, Told, a_request, an_event
from tests.store.builders import MINUTE
from tests.store.dynamodb.stores import (
    Door,
    a_door,
    active_sessions,
    session_rows,
    stored_events,
)

MIDNIGHT = NOW - NOW % DAY + DAY


def ask(door: Door, now: int, body: object) -> Told:
    """What a copy of the function answers that was started for this request."""
    request = a_request(body, gzip=False, method="POST")
    return Told(asyncio.run(collect(request, door.store, DoorState(), now)))


def an_anonymous_event(number: int, at: int, **fields: object) -> dict[str, object]:
    """Of a visitor who lets nothing be kept in their browser."""
    return an_event(
        event_id=f"event-{number:04d}", timestamp=at, user_id=None, **fields
    )


def test_a_visitor_without_a_cookie_has_one_session_across_midnight(
    dynamodb: Database,
) -> None:
    """As the tracker does it: each page asks once, and sends on what it was told."""
    told = None
    for number, minutes in enumerate((-50, -45, -25, -10, 15, 40, 60, 85)):
        at = MIDNIGHT + minutes * MINUTE
        is_new_page = number % 3 == 0
        event = an_anonymous_event(number, at, session_id=None if is_new_page else told)
        with a_door(dynamodb) as door:
            reply = ask(door, at, event)
        assert reply.status == 200
        told = told or reply.json["session_id"]
        assert reply.json["session_id"] == told
    visitors = {event.visitor_id for event in stored_events(dynamodb)}
    assert len(visitors) == 1
    with a_door(dynamodb) as door:
        late = MIDNIGHT + 116 * MINUTE
        reply = ask(door, late, an_anonymous_event(99, late, session_id=None))
    assert reply.json["session_id"] != told
    assert {event.visitor_id for event in stored_events(dynamodb)} > visitors


def test_a_user_without_a_session_finds_it_at_another_copy_of_the_function(
    dynamodb: Database,
) -> None:
    said: list[Any] = []
    for number in range(3):
        at = NOW + number * 29 * MINUTE
        event = an_event(event_id=f"event-{number:04d}", timestamp=at, session_id=None)
        with a_door(dynamodb) as door:
            said.append(ask(door, at, event).json["session_id"])
    assert len(set(said)) == 1
    assert set(active_sessions(dynamodb)) == set(session_rows(dynamodb)) == set(said)


def test_the_row_of_a_session_is_there_when_the_answer_is_given(
    dynamodb: Database,
) -> None:
    with a_door(dynamodb) as door:
        reply = ask(door, NOW, an_event())
    assert set(session_rows(dynamodb)) == {reply.json["session_id"]}


def test_a_hundred_sessions_of_a_hundred_users_in_one_request_are_all_kept(
    dynamodb: Database,
) -> None:
    events = [
        an_event(event_id=f"event-{n:04d}", user_id=f"u{n}", session_id=f"s{n}")
        for n in range(100)
    ]
    with a_door(dynamodb) as door:
        assert ask(door, NOW, {"events": events}).status == 200
    assert len(stored_events(dynamodb)) == 100
    assert len(session_rows(dynamodb)) == len(active_sessions(dynamodb)) == 100


@pytest.mark.parametrize("fields", [{}, {"session_id": None}, {"user_id": None}])
def test_without_tables_the_answer_is_503_and_says_when_to_come_again(
    dynamodb: Database, fields: dict[str, object]
) -> None:
    tables = dynamodb.tables
    for table in (tables.events, tables.sessions, tables.active):
        dynamodb.client.delete_table(TableName=table)
    with a_door(dynamodb) as door:
        reply = ask(door, NOW, an_event(**fields))
    assert reply.status == 503
    assert int(reply.headers["Retry-After"]) >= 1
    assert reply.headers["Access-Control-Allow-Origin"] == "*"
    assert "dynamo" not in str(reply.json).lower()
