"""The daily salts, shared by all copies of the function: items `salt#DATE`.

One made by conditional put wins; it is deleted by whoever makes the one two days
later, and by the table's own time to live where nobody came.
"""

import os
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Final

from liveinsight.core.limits import DAY, SECOND
from liveinsight.core.ports import Salts
from liveinsight.store.dynamodb.calls import Patience, Refused
from liveinsight.store.dynamodb.items import Item

if TYPE_CHECKING:
    from types_boto3_dynamodb.client import DynamoDBClient

_BYTES: Final = 16
_SWEPT_DAYS: Final = 7


class SaltTable:
    """The salts in the table of active sessions, remembered for their day."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table
        self._known: tuple[int, Salts] | None = None

    def known(self, now: int) -> Salts | None:
        """The salts in force at `now` (ms), if this process has them."""
        known = self._known
        return known[1] if known is not None and known[0] == now // DAY else None

    def salts(self, patience: Patience, now: int) -> Salts:
        """The salts in force at `now`, from the table; makes today's if need be."""
        day = now // DAY
        today = self._find(patience, day)
        if today is None:
            today = self._make(patience, day)
            self._sweep(patience, day)
        salts = Salts(today, self._find(patience, day - 1))
        self._known = day, salts
        return salts

    def _find(self, patience: Patience, day: int) -> bytes | None:
        answer = patience.call(
            lambda: self._client.get_item(
                TableName=self._table, Key=_key(day), ConsistentRead=True
            )
        )
        return _salt_of(answer["Item"]) if "Item" in answer else None

    def _make(self, patience: Patience, day: int) -> bytes:
        item: Item = {
            **_key(day),
            "salt": {"B": os.urandom(_BYTES)},
            "expires_at": {"N": str((day + 2) * DAY // SECOND)},
        }
        try:
            patience.call(
                lambda: self._client.put_item(
                    TableName=self._table,
                    Item=item,
                    ConditionExpression="attribute_not_exists(session_id)",
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                )
            )
        except Refused as refused:
            return _salt_of(refused.item)
        return _salt_of(item)

    def _sweep(self, patience: Patience, day: int) -> None:
        """Deletes what is 48 hours old; days without a visit left some behind."""
        for old in range(day - 1 - _SWEPT_DAYS, day - 1):
            if (
                self._find(patience, old) is not None
            ):  # to look is cheaper than to delete
                delete = partial(
                    self._client.delete_item, TableName=self._table, Key=_key(old)
                )
                patience.call(delete)


def _key(day: int) -> Item:
    date = datetime.fromtimestamp(day * DAY // SECOND, UTC)
    return {"session_id": {"S": f"salt#{date:%Y-%m-%d}"}}


def _salt_of(item: Item) -> bytes:
    return bytes(item["salt"]["B"])
