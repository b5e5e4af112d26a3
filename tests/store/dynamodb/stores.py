"""DynamoDB stores for the tests, as many as there are copies of the function."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from liveinsight.core.event import Event
from liveinsight.store.dynamodb.client import dynamodb_client
from liveinsight.store.dynamodb.items import (
    ActiveSession,
    SessionRow,
    active_of,
    event_of,
    is_session_key,
    session_of,
)
from liveinsight.store.dynamodb.store import DynamoStore
from tests.aws.dynamodb_local import Database
from tests.store.builders import a_batch
from tests.waiting import PATIENCE_S


class Door:
    """One copy of the function: a store of its own, on tables that all share."""

    def __init__(self, database: Database, seconds: float = PATIENCE_S) -> None:
        self.client = dynamodb_client(database.environ, attempts=1)
        self.store = DynamoStore(self.client, database.tables)
        self.store.start_request(seconds * 1_000)

    def record(self, *events: Event) -> None:
        asyncio.run(self.store.record(a_batch(*events)))

    def session_of(self, event: Event, *, proposed: str) -> str:
        call = self.store.session_of(
            event.site, event.user, event.time, proposed, sent=False
        )
        return asyncio.run(call)


@contextmanager
def a_door(database: Database, seconds: float = PATIENCE_S) -> Iterator[Door]:
    """A copy of the function, whose request has `seconds` left."""
    door = Door(database, seconds)
    yield door
    door.client.close()


def stored_events(database: Database) -> list[Event]:
    """The events in the table, by time; `received_at` is not kept there."""
    items = database.items_of(database.tables.events)
    events = [event_of(item, int(str(item["timestamp"]["N"]))) for item in items]
    return sorted(events, key=lambda event: (event.timestamp, event.event_id))


def session_rows(database: Database) -> dict[str, SessionRow]:
    """The rows of Sessions, by id."""
    rows = map(session_of, database.items_of(database.tables.sessions))
    return {row.session_id: row for row in rows}


def active_sessions(database: Database) -> dict[str, ActiveSession]:
    """The live sessions, by id; neither pointers nor salts."""
    items = database.items_of(database.tables.active)
    found = (
        active_of(item)
        for item in items
        if is_session_key(str(item["session_id"]["S"]))
    )
    return {session.session_id: session for session in found}


def stream_of(database: Database) -> list[tuple[str, str]]:
    """(kind, event id) of all records of the events' stream."""
    client = database.streams()
    (stream,) = client.list_streams(TableName=database.tables.events)["Streams"]
    described = client.describe_stream(StreamArn=stream["StreamArn"])
    found: list[tuple[str, str]] = []
    for shard in described["StreamDescription"]["Shards"]:
        start = client.get_shard_iterator(
            StreamArn=stream["StreamArn"],
            ShardId=shard["ShardId"],
            ShardIteratorType="TRIM_HORIZON",
        )
        page = client.get_records(ShardIterator=start["ShardIterator"])
        found += [
            (record["eventName"], str(record["dynamodb"]["Keys"]["event_id"]["S"]))
            for record in page["Records"]
        ]
    client.close()
    return found
