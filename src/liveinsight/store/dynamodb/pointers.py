"""Which session a user's events without a session id belong to.

One item of ActiveSessions a user, `user#SITE#USER`, with the running session. The id
that it leads to is provisional: the fold decides.
"""

from typing import TYPE_CHECKING, Final

import msgspec

from liveinsight.core.limits import HOUR, SECOND, SESSION_SILENCE
from liveinsight.store.dynamodb.calls import Patience, Refused
from liveinsight.store.dynamodb.items import Item, plain_of

if TYPE_CHECKING:
    from types_boto3_dynamodb.client import DynamoDBClient
    from types_boto3_dynamodb.type_defs import PutItemInputTypeDef

_KEPT: Final = 24 * HOUR
"""How long after its last event a pointer may still be asked for, by late events."""
_RACES: Final = 5
_COMPARED: Final = ("start_time", "last_activity", "running")
_UNCHANGED: Final = " and ".join(f"{name} = :{name}" for name in _COMPARED)


class Visit(msgspec.Struct, frozen=True, kw_only=True):
    """An event of a user, and the session it says or would open."""

    site: str
    user: str
    at: int
    session_id: str
    sent: bool
    """Whether the sender says so."""


class Pointer(msgspec.Struct, frozen=True, kw_only=True):
    """A user's latest session on a site, as far as the door knows; times are ms."""

    running: str
    start_time: int
    last_activity: int

    def reaches(self, at: int) -> bool:
        """Whether an event at `at` belongs to the session."""
        earliest = self.start_time - SESSION_SILENCE
        return earliest <= at <= self.last_activity + SESSION_SILENCE


def pointer_key(site: str, user: str) -> str:
    """The key of the user's pointer in ActiveSessions."""
    return f"user#{site}#{user}"


def after(pointer: Pointer | None, visit: Visit) -> tuple[Pointer, str]:
    """The pointer after a visit, and the session that the visit belongs to."""
    at, said = visit.at, visit.session_id
    if pointer is None:
        return Pointer(running=said, start_time=at, last_activity=at), said
    start, last, running = pointer.start_time, pointer.last_activity, pointer.running
    if pointer.reaches(at):
        found = said if visit.sent else running
        return Pointer(
            running=found, start_time=min(start, at), last_activity=max(last, at)
        ), found
    if at > last:
        return Pointer(running=said, start_time=at, last_activity=at), said
    return pointer, said  # long before: the later one stays the latest


class Pointers:
    """The pointers in the table of active sessions."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    def find(self, patience: Patience, site: str, user: str) -> Pointer | None:
        """The user's pointer, if there is one."""
        answer = patience.call(
            lambda: self._client.get_item(
                TableName=self._table,
                Key=_key(site, user),
                ConsistentRead=True,
            )
        )
        return _pointer_of(answer.get("Item", {}))

    def extend(self, patience: Patience, visit: Visit) -> str:
        """The session that a visit belongs to, which now reaches as far.

        One call while events come in order; two where the user is new or was away.
        """
        try:
            return self._extend_in_order(patience, visit)
        except Refused as refused:
            found = _pointer_of(refused.item)
        for _ in range(_RACES):
            changed, session_id = after(found, visit)
            if changed == found:
                return session_id
            try:
                self._replace(patience, visit, changed, found)
            except Refused as refused:  # another invocation was quicker
                found = _pointer_of(refused.item)
            else:
                return session_id
        # So many were quicker that the pointer reaches far enough without this one.
        return after(found, visit)[1]

    def _extend_in_order(self, patience: Patience, visit: Visit) -> str:
        values: Item = {
            ":at": {"N": str(visit.at)},
            ":earliest": {"N": str(visit.at - SESSION_SILENCE)},
            ":until": {"N": str(_until(visit.at))},
        }
        condition = "last_activity between :earliest and :at"
        if visit.sent:
            values[":said"] = {"S": visit.session_id}
            condition += " and running = :said"
        answer = patience.call(
            lambda: self._client.update_item(
                TableName=self._table,
                Key=_key(visit.site, visit.user),
                UpdateExpression="set last_activity = :at, expires_at = :until",
                ConditionExpression=condition,
                ExpressionAttributeValues=values,
                ReturnValues="ALL_NEW",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        )
        return str(plain_of(answer["Attributes"])["running"])

    def _replace(
        self, patience: Patience, visit: Visit, new: Pointer, old: Pointer | None
    ) -> None:
        """Writes the whole pointer, unless it is no longer what was read."""
        request: PutItemInputTypeDef = {
            "TableName": self._table,
            "Item": _item(visit.site, visit.user, new),
            "ConditionExpression": "attribute_not_exists(session_id)",
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
        if old is not None:
            was = _item(visit.site, visit.user, old)
            request["ConditionExpression"] = _UNCHANGED
            request["ExpressionAttributeValues"] = {
                f":{name}": was[name] for name in _COMPARED
            }
        patience.call(lambda: self._client.put_item(**request))


def _key(site: str, user: str) -> Item:
    return {"session_id": {"S": pointer_key(site, user)}}


def _item(site: str, user: str, pointer: Pointer) -> Item:
    return {
        **_key(site, user),
        "running": {"S": pointer.running},
        "start_time": {"N": str(pointer.start_time)},
        "last_activity": {"N": str(pointer.last_activity)},
        "expires_at": {"N": str(_until(pointer.last_activity))},
    }


def _pointer_of(item: Item) -> Pointer | None:
    return msgspec.convert(plain_of(item), Pointer) if item else None


def _until(last_activity: int) -> int:
    return (last_activity + _KEPT) // SECOND
