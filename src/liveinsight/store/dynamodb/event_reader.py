"""Reads events for folding: from the indexes of the Events table, and by their keys."""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import msgspec

from liveinsight.core.event import Event
from liveinsight.core.limits import LATEST_TIMESTAMP
from liveinsight.store.dynamodb.calls import Patience
from liveinsight.store.dynamodb.items import event_of
from liveinsight.store.dynamodb.spans import Span
from liveinsight.store.dynamodb.touch import EventKey

if TYPE_CHECKING:
    from types_boto3_dynamodb.client import DynamoDBClient

log = logging.getLogger(__name__)

ALWAYS: Final[Span] = (0, LATEST_TIMESTAMP)
_KEYS_A_CALL: Final = 100

_NOT_FOLDED: Final = {
    *("received_at", "present_at", "page_url", "page_title"),
    *("properties", "revenue", "scroll_percent", "ip"),
}
_FOLDED: Final = [name for name in Event.__struct_fields__ if name not in _NOT_FOLDED]
_NAMES: Final = {f"#{n}": name for n, name in enumerate(_FOLDED)}
_PROJECTION: Final = ",".join(_NAMES)


class Partition(msgspec.Struct, frozen=True):
    """One partition of an index of the Events table."""

    index: str
    attribute: str
    value: str


def of_user(user_id: str) -> Partition:
    """The events that came with this `user_id`, on any site."""
    return Partition("UserIndex", "user_id", user_id)


def of_session(session_id: str) -> Partition:
    """The events that carry this session id, whoever's they are."""
    return Partition("SessionIndex", "session_id", session_id)


class EventReader:
    """Reads with one table's client until `ends_at` (monotonic, s).

    Events read have no `received_at`: no item keeps it.
    """

    def __init__(self, client: "DynamoDBClient", table: str, ends_at: float) -> None:
        self._client = client
        self._table = table
        self._ends_at = ends_at

    def query(self, partition: Partition, span: Span, most: int) -> Iterator[Event]:
        """The partition's events with a timestamp in the span, earliest first.

        An index lags behind its table.
        """
        asked: Any = {
            "TableName": self._table,
            "IndexName": partition.index,
            "KeyConditionExpression": "#key = :value and #time between :low and :high",
            "ExpressionAttributeValues": {
                ":value": {"S": partition.value},
                ":low": {"N": str(span[0])},
                ":high": {"N": str(span[1])},
            },
            "ProjectionExpression": _PROJECTION,
            "ExpressionAttributeNames": {
                **_NAMES,
                "#key": partition.attribute,
                "#time": "timestamp",
            },
        }
        while most > 0:
            call = partial(self._client.query, **asked, Limit=most)
            answer = Patience(self._ends_at).call(call)
            most -= len(answer["Items"])
            yield from _events_of(answer["Items"])
            if "LastEvaluatedKey" not in answer:
                return
            asked["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def get(self, keys: Sequence[EventKey]) -> Iterator[Event]:
        """Those of the keys that are in the table, which does not lag."""
        for begin in range(0, len(keys), _KEYS_A_CALL):
            wanted: Any = {
                self._table: {
                    "Keys": [_key(key) for key in keys[begin : begin + _KEYS_A_CALL]],
                    "ConsistentRead": True,
                    "ProjectionExpression": _PROJECTION,
                    "ExpressionAttributeNames": _NAMES,
                }
            }
            patience = Patience(self._ends_at)
            while True:
                call = partial(self._client.batch_get_item, RequestItems=wanted)
                answer = patience.call(call)
                yield from _events_of(answer["Responses"].get(self._table, ()))
                wanted = answer.get("UnprocessedKeys")
                if not wanted:
                    break
                patience.pause("UnprocessedKeys")


def _key(key: EventKey) -> dict[str, object]:
    return {"event_id": {"S": key[0]}, "timestamp": {"N": str(key[1])}}


def _events_of(items: Iterable[Mapping[str, Any]]) -> Iterator[Event]:
    for item in items:
        try:
            yield event_of(item, 0)
        except (KeyError, ValueError) as error:
            # Whoever wrote it: it was reported when it came by in the stream.
            log.warning("no event", extra={"reason": type(error).__name__})
