"""One visitor's items in the three tables: found, and deleted.

The indexes know who came with a `user_id`; a derived visitor is found by the ids of
sessions and events that the archive names. Each item is only deleted as what it is
taken for, so that a guessed key can harm nobody.
"""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from liveinsight.core.event import Event
from liveinsight.core.session import fold, in_chain
from liveinsight.errors import StoreUnavailable
from liveinsight.store.dynamodb.items import Item, Tables
from liveinsight.store.dynamodb.pointers import pointer_key
from liveinsight.store.dynamodb.touch import EventKey
from liveinsight.store.dynamodb.visitors import visitor_key
from liveinsight.store.person import Person

if TYPE_CHECKING:
    from types_boto3_dynamodb.client import DynamoDBClient

THREADS: Final = 8
_THEIRS: Final = "site = :site and (user_id = :user or visitor_id = :user)"


class UserItems(msgspec.Struct, frozen=True, kw_only=True):
    """The items about one visitor, as DynamoDB has them."""

    events: list[Item]
    sessions: list[Item]
    active: list[Item]

    @property
    def total(self) -> int:
        """All of them."""
        return len(self.events) + len(self.sessions) + len(self.active)


class UserTables:
    """Finds and deletes with a client that retries by itself."""

    def __init__(self, client: "DynamoDBClient", tables: Tables) -> None:
        self._client = client
        self._tables = tables

    def find(self, person: Person, events: Iterable[Event]) -> UserItems:
        """The items; `events` are the person's, as far as they are known from elsewhere.

        Raises:
            StoreUnavailable: a table does not answer, or may not be read.
        """
        known = list(events)
        ids = {event.session_id for event in known}
        ids |= {run.made_id for run in fold(e for e in known if in_chain(e))}
        try:
            return self._find(person, {(e.event_id, e.timestamp) for e in known}, ids)
        except (BotoCoreError, ClientError) as error:
            raise StoreUnavailable(f"the tables: {error}") from error

    def delete(self, person: Person, items: UserItems) -> None:
        """Deletes these items, where they are still the person's.

        Raises:
            StoreUnavailable: not all was deleted; the same call may be made again.
        """
        events, sessions, active = (
            self._tables.events,
            self._tables.sessions,
            self._tables.active,
        )
        keys = [(events, _part(each, "event_id", "timestamp")) for each in items.events]
        keys += [(sessions, _part(each, "session_id")) for each in items.sessions]
        keys += [(active, _part(each, "session_id")) for each in items.active]
        try:
            with ThreadPoolExecutor(THREADS, "erase") as threads:
                list(threads.map(partial(self._delete, person), keys))
        except (BotoCoreError, ClientError) as error:
            raise StoreUnavailable(f"the tables: {error}") from error

    def _find(self, person: Person, keys: set[EventKey], ids: set[str]) -> UserItems:
        events = {
            _event_key(each): each
            for each in self._query(
                self._tables.events, "UserIndex", "user_id", person.user
            )
            if _is_of(person, each)
        }
        ids |= {_text(each, "session_id") for each in events.values()}
        ids |= {
            _text(each, "session_id")
            for each in self._query(
                self._tables.sessions, "UserIndex", "user_id", person.user
            )
        }
        for name in sorted(ids):
            found = self._query(self._tables.events, "SessionIndex", "session_id", name)
            events |= {_event_key(e): e for e in found if _is_of(person, e)}
        for key in sorted(keys - events.keys()):
            event_id, timestamp = {"S": key[0]}, {"N": str(key[1])}
            item = self._get(
                self._tables.events, {"event_id": event_id, "timestamp": timestamp}
            )
            if item is not None and _is_of(person, item):
                events[key] = item
        rows = self._get_sessions(self._tables.sessions, ids)
        own = (
            pointer_key(person.site, person.user),
            visitor_key(person.site, person.user),
        )
        active = self._get_sessions(self._tables.active, ids)
        pointers = self._get_sessions(self._tables.active, own)
        return UserItems(
            events=list(events.values()),
            sessions=[each for each in rows if _is_of(person, each)],
            active=[each for each in active if _is_of(person, each)] + pointers,
        )

    def _query(self, table: str, index: str, key: str, value: str) -> Iterator[Item]:
        asked: Any = {
            "TableName": table,
            "IndexName": index,
            "KeyConditionExpression": "#key = :value",
            "ExpressionAttributeNames": {"#key": key},
            "ExpressionAttributeValues": {":value": {"S": value}},
        }
        while True:
            answer = self._client.query(**asked)
            yield from answer["Items"]
            if "LastEvaluatedKey" not in answer:
                return
            asked["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def _get(self, table: str, key: Any) -> Item | None:  # noqa: ANN401
        return self._client.get_item(TableName=table, Key=key, ConsistentRead=True).get(
            "Item"
        )

    def _get_sessions(self, table: str, ids: Iterable[str]) -> list[Item]:
        found = (self._get(table, {"session_id": {"S": name}}) for name in sorted(ids))
        return [each for each in found if each is not None]

    def _delete(self, person: Person, place: tuple[str, Item]) -> None:
        table, key = place
        asked: Any = {"TableName": table, "Key": key}
        if "#" not in _text(key, "session_id"):  # a pointer's key names its user
            asked["ConditionExpression"] = _THEIRS
            asked["ExpressionAttributeValues"] = {
                ":site": {"S": person.site},
                ":user": {"S": person.user},
            }
        try:
            self._client.delete_item(**asked)
        except self._client.exceptions.ConditionalCheckFailedException:
            return  # gone, or somebody else's by now


def _part(item: Item, *names: str) -> Item:
    return {name: item[name] for name in names}


def _text(item: Item, name: str) -> str:
    return str(item.get(name, {}).get("S", ""))


def _event_key(item: Item) -> EventKey:
    return _text(item, "event_id"), int(str(item["timestamp"].get("N")))


def _is_of(person: Person, item: Item) -> bool:
    user = _text(item, "user_id") or _text(item, "visitor_id")
    return user == person.user and _text(item, "site") == person.site
