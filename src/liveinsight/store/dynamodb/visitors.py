"""Which session ids a visitor without a `user_id` has used: no index knows.

One item of ActiveSessions a visitor, `visitor#SITE#VISITOR`. It is written before what
it leads to is read: of two functions that settle two sessions of a visitor at the
same time, at least one sees both. It lives for some hours after the visitor's last event:
the live page reads the whole table, and a visitor's id does not last much longer.
"""

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, Final

import msgspec

from liveinsight.core.limits import HOUR, SECOND
from liveinsight.store.dynamodb.calls import Patience
from liveinsight.store.dynamodb.items import Item

if TYPE_CHECKING:
    from types_boto3_dynamodb.client import DynamoDBClient

IDS: Final = 100
"""Of one visitor. Whoever has more (an office behind one address) has sessions cut as
their ids say: the item stays small, and a settling reads no more partitions."""
KEPT: Final = 3 * HOUR
"""Later than that, an anonymous visitor's late event joins sessions of one id only."""


class Known(msgspec.Struct, frozen=True):
    """What the item of a visitor says."""

    ids: frozenset[str] = frozenset()
    until: int = 0
    """Seconds since 1970; then it is forgotten."""

    def is_ageing(self, now: int) -> bool:
        """Whether it is time to write it again, at `now` (ms)."""
        return self.until * SECOND < now + KEPT // 2


class Visitors:
    """The items, until `ends_at` (monotonic, s)."""

    def __init__(self, client: "DynamoDBClient", table: str, ends_at: float) -> None:
        self._client = client
        self._table = table
        self._ends_at = ends_at

    def find(self, site: str, visitor: str) -> Known:
        """What is known of a visitor."""
        call = partial(
            self._client.get_item, TableName=self._table, Key=_key(site, visitor)
        )
        return _known(Patience(self._ends_at).call(call).get("Item", {}))

    def add(self, site: str, visitor: str, ids: Iterable[str], now: int) -> Known:
        """What is known once these ids are, too."""
        call = partial(
            self._client.update_item,
            TableName=self._table,
            Key=_key(site, visitor),
            UpdateExpression="add session_ids :ids set expires_at = :until",
            ExpressionAttributeValues={
                ":ids": {"SS": sorted(ids)},
                ":until": {"N": str((now + KEPT) // SECOND)},
            },
            ReturnValues="ALL_NEW",
        )
        return _known(Patience(self._ends_at).call(call).get("Attributes", {}))


def visitor_key(site: str, visitor: str) -> str:
    """The key of the visitor's item in ActiveSessions."""
    return f"visitor#{site}#{visitor}"


def _key(site: str, visitor: str) -> Item:
    return {"session_id": {"S": visitor_key(site, visitor)}}


def _known(item: Item) -> Known:
    ids = item.get("session_ids", {}).get("SS", ())
    return Known(frozenset(ids), int(item.get("expires_at", {}).get("N", "0")))
