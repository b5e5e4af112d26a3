"""What the dashboard reads of the tables: who is active now, and what came just now."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import msgspec
from botocore.exceptions import BotoCoreError, ClientError
from msgspec.structs import replace

from liveinsight.core.event import Event
from liveinsight.core.limits import LATEST_TIMESTAMP, SECOND, SESSION_SILENCE
from liveinsight.errors import StoreUnavailable
from liveinsight.store.dynamodb.items import (
    ActiveSession,
    Tables,
    active_of,
    event_of,
    is_session_key,
)

if TYPE_CHECKING:
    from types_boto3_dynamodb.client import DynamoDBClient

MOST_PAGES: Final = 25
"""Of one scan, 1 MB each: some 75,000 sessions; a page costs 128 read units."""
MOST_EVENTS: Final = 2_000
"""Of one session or user in one answer."""


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """The active sessions at one moment."""

    read_at: int
    sessions: Sequence[ActiveSession]
    is_complete: bool
    """False where there are more than one scan may read."""
    read_units: float


class DynamoReader:
    """Reads with a client that retries by itself; safe to use from any thread."""

    def __init__(
        self, client: "DynamoDBClient", tables: Tables, *, most_pages: int = MOST_PAGES
    ) -> None:
        self._client = client
        self._tables = tables
        self._most_pages = most_pages

    def active(self, now: int) -> Snapshot:
        """The sessions with an event in the last 30 minutes before `now`, of all sites.

        Time to live deletes late, by days: what has expired is left out here.

        Raises:
            StoreUnavailable: the table does not answer.
        """
        found: list[ActiveSession] = []
        units, is_complete = 0.0, True
        pages = enumerate(self._pages("scan", self._scan(now)), 1)
        for page, answer in pages:
            units += float(answer["ConsumedCapacity"]["CapacityUnits"])
            for item in answer["Items"]:
                session = _session_of(item)
                if session and session.last_activity >= now - SESSION_SILENCE:
                    found.append(session)
            if page >= self._most_pages and "LastEvaluatedKey" in answer:
                is_complete = False
                break
        return Snapshot(
            read_at=now, sessions=found, is_complete=is_complete, read_units=units
        )

    def events_of_session(
        self, session_id: str, now: int, *, since: int = 0, most: int = MOST_EVENTS
    ) -> list[Event]:
        """The latest `most` events that carry the session id, in order of time.

        They say to have been received at `now`, as no item tells: so the copy that the
        archive has is always the one received first.

        Raises:
            StoreUnavailable: the table does not answer.
        """
        return self._events("SessionIndex", "session_id", session_id, since, most, now)

    def events_of_user(
        self, user_id: str, now: int, *, since: int = 0, most: int = MOST_EVENTS
    ) -> list[Event]:
        """As events_of_session, of a user: those that came with this `user_id`."""
        return self._events("UserIndex", "user_id", user_id, since, most, now)

    def _scan(self, now: int) -> dict[str, Any]:
        return {
            "TableName": self._tables.active,
            "FilterExpression": "expires_at > :now and begins_with(session_id, :made)",
            "ExpressionAttributeValues": {
                ":now": {"N": str(now // SECOND)},
                ":made": {"S": "sess_"},
            },
            "ReturnConsumedCapacity": "TOTAL",
        }

    def _events(
        self, index: str, key: str, value: str, since: int, most: int, now: int
    ) -> list[Event]:
        asked = {
            "TableName": self._tables.events,
            "IndexName": index,
            "KeyConditionExpression": "#key = :value and #time between :low and :high",
            "ExpressionAttributeNames": {"#key": key, "#time": "timestamp"},
            "ExpressionAttributeValues": {
                ":value": {"S": value},
                ":low": {"N": str(max(since, 0))},
                ":high": {"N": str(LATEST_TIMESTAMP)},
            },
            "ScanIndexForward": False,
            "Limit": most,
        }
        found: list[Event] = []
        for answer in self._pages("query", asked):
            found += [_event_of(item, now) for item in answer["Items"]]
            if len(found) >= most:
                break
        return found[:most][::-1]

    def _pages(self, operation: str, asked: dict[str, Any]) -> Iterator[Any]:
        call = getattr(self._client, operation)
        try:
            while True:
                answer = call(**asked)
                yield answer
                if "LastEvaluatedKey" not in answer:
                    return
                asked = asked | {"ExclusiveStartKey": answer["LastEvaluatedKey"]}
        except (BotoCoreError, ClientError) as error:
            raise StoreUnavailable(f"{operation} of the tables: {error}") from error


def _session_of(item: Mapping[str, Any]) -> ActiveSession | None:
    """The session; None for an item that is none, whoever wrote it."""
    if not is_session_key(item["session_id"]["S"]):
        return None
    try:
        return active_of(item)
    except msgspec.ValidationError:
        return None


def _event_of(item: Mapping[str, Any], now: int) -> Event:
    event = event_of(item, now)
    return replace(event, received_at=max(now, event.time))
