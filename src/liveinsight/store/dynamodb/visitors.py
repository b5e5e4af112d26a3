"""Which session ids a visitor without a `user_id` has used: no index knows.

One item of ActiveSessions a visitor, `visitor#SITE#VISITOR`. It is written before what
it leads to is read: of two functions that settle two sessions of a visitor at the
same time, at least one sees both.
"""

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, Final

from liveinsight.core.limits import DAY, SECOND
from liveinsight.store.dynamodb.calls import Patience
from liveinsight.store.dynamodb.items import Item

if TYPE_CHECKING:
    from types_boto3_dynamodb.client import DynamoDBClient

IDS: Final = 100
"""Of one visitor. Whoever has more (an office behind one address) has sessions cut as
their ids say: the item stays small, and a settling reads no more partitions."""
KEPT: Final = 3 * DAY
"""A salt, and so a visitor's id, lives for two."""


class Visitors:
    """The items, until `ends_at` (monotonic, s)."""

    def __init__(self, client: "DynamoDBClient", table: str, ends_at: float) -> None:
        self._client = client
        self._table = table
        self._ends_at = ends_at

    def ids_of(self, site: str, visitor: str) -> set[str]:
        """The ids that are known."""
        call = partial(
            self._client.get_item, TableName=self._table, Key=_key(site, visitor)
        )
        return _ids_in(Patience(self._ends_at).call(call).get("Item", {}))

    def add(self, site: str, visitor: str, ids: Iterable[str], now: int) -> set[str]:
        """All ids that are known once these are, too."""
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
        return _ids_in(Patience(self._ends_at).call(call).get("Attributes", {}))


def _key(site: str, visitor: str) -> Item:
    return {"session_id": {"S": f"visitor#{site}#{visitor}"}}


def _ids_in(item: Item) -> set[str]:
    return set(item.get("session_ids", {}).get("SS", ()))
