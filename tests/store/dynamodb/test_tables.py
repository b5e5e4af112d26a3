"""Keys, indexes, stream and time to live, as the store and its readers need them."""

import asyncio
import time

from tests.aws.dynamodb_local import Database
from tests.aws.tables import let_items_expire
from tests.store.builders import MINUTE, T0, an_event
from tests.store.dynamodb.stores import a_door, active_sessions, session_rows, stream_of
from tests.waiting import wait_until


def keys_of(database: Database, table: str) -> dict[str, list[tuple[str, str, str]]]:
    """The key of the table ("") and of each index: (attribute, type, kind)."""
    described = database.client.describe_table(TableName=table)["Table"]
    types = {
        found["AttributeName"]: found["AttributeType"]
        for found in described["AttributeDefinitions"]
    }
    schemas = {"": described["KeySchema"]} | {
        index["IndexName"]: index["KeySchema"]
        for index in described.get("GlobalSecondaryIndexes", [])
    }
    return {
        name: [
            (key["AttributeName"], types[key["AttributeName"]], key["KeyType"])
            for key in schema
        ]
        for name, schema in schemas.items()
    }


def test_the_tables_have_the_keys_and_indexes_of_the_design(dynamodb: Database) -> None:
    tables = dynamodb.tables
    assert keys_of(dynamodb, tables.events) == {
        "": [("event_id", "S", "HASH"), ("timestamp", "N", "RANGE")],
        "UserIndex": [("user_id", "S", "HASH"), ("timestamp", "N", "RANGE")],
        "SessionIndex": [("session_id", "S", "HASH"), ("timestamp", "N", "RANGE")],
    }
    assert keys_of(dynamodb, tables.sessions) == {
        "": [("session_id", "S", "HASH")],
        "UserIndex": [("user_id", "S", "HASH"), ("start_time", "N", "RANGE")],
    }
    assert keys_of(dynamodb, tables.active) == {"": [("session_id", "S", "HASH")]}


def test_active_sessions_expire_by_the_attribute_that_the_store_writes(
    dynamodb: Database,
) -> None:
    let_items_expire(dynamodb.client, dynamodb.tables)
    said = dynamodb.client.describe_time_to_live(TableName=dynamodb.tables.active)
    assert said["TimeToLiveDescription"] == {
        "TimeToLiveStatus": "ENABLED",
        "AttributeName": "expires_at",
    }
    now = time.time_ns() // 1_000_000
    soon_over = now - 30 * MINUTE + 5_000
    with a_door(dynamodb) as door:
        for at in (soon_over, now):
            stamps = {"timestamp": at, "received_at": at, "present_at": at}
            door.record(an_event(session_id=f"sess_{at}", session_sent=True, **stamps))
    assert set(session_rows(dynamodb)) == {f"sess_{soon_over}", f"sess_{now}"}
    wait_until(lambda: set(active_sessions(dynamodb)) == {f"sess_{now}"})


def test_events_are_found_by_user_and_by_session_in_order(dynamodb: Database) -> None:
    with a_door(dynamodb) as door:
        door.record(
            *(
                an_event(n, user_id="ann", session_id="sess_a", session_sent=True)
                for n in (3, 1, 2)
            ),
            an_event(9, user_id=None, visitor_id="v_1", session_id="sess_v"),
        )
    for index, key, value, expected in (
        ("UserIndex", "user_id", "ann", [1, 2, 3]),
        ("SessionIndex", "session_id", "sess_a", [1, 2, 3]),
        ("SessionIndex", "session_id", "sess_v", [9]),
    ):
        found = dynamodb.client.query(
            TableName=dynamodb.tables.events,
            IndexName=index,
            KeyConditionExpression=f"{key} = :value",
            ExpressionAttributeValues={":value": {"S": value}},
        )["Items"]
        stamps = [int(str(item["timestamp"]["N"])) for item in found]
        assert stamps == [T0 + n * 1_000 for n in expected]


def test_users_that_the_door_derived_are_in_no_user_index(dynamodb: Database) -> None:
    event = an_event(
        1, user_id=None, visitor_id="v_1", session_id="sess_v", session_sent=True
    )
    with a_door(dynamodb) as door:
        door.record(event)
        asyncio.run(
            door.store.session_of("shop.example", "v_1", T0, "sess_v", sent=False)
        )
    for table in (dynamodb.tables.events, dynamodb.tables.sessions):
        found = dynamodb.client.scan(TableName=table, IndexName="UserIndex")
        assert found["Items"] == []


def test_the_stream_tells_of_an_event_once_however_often_it_is_sent(
    dynamodb: Database,
) -> None:
    with a_door(dynamodb) as door:
        for _ in range(3):
            door.record(
                an_event(1, session_sent=True), an_event(2, received_at=T0 + 9_999)
            )
    assert sorted(stream_of(dynamodb)) == [
        ("INSERT", "evt_00000001"),
        ("INSERT", "evt_00000002"),
    ]
