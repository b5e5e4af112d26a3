"""The writes that a request's events make: events, live sessions, new session rows."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Final

import msgspec
from msgspec.structs import replace

from liveinsight.core.event import Event
from liveinsight.core.limits import SESSION_SILENCE
from liveinsight.core.session import Run, fold, in_chain, made_session_id
from liveinsight.store.dynamodb.calls import Patience, Refused
from liveinsight.store.dynamodb.items import (
    FIXED_AT_FIRST,
    ActiveSession,
    Tables,
    active_item,
    active_of,
    active_session,
    event_item,
    session_item,
)

if TYPE_CHECKING:
    from types_boto3_dynamodb.client import DynamoDBClient
    from types_boto3_dynamodb.type_defs import (
        UpdateItemInputTypeDef,
        WriteRequestUnionTypeDef,
    )

BATCH_ITEMS: Final = 25
"""DynamoDB's limit of one BatchWriteItem."""

_FROM_FIRST: Final = (*FIXED_AT_FIRST, "start_time")


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """The events of one session in a request, summed up."""

    session_id: str
    """As replied."""
    sent: bool
    user_sent: bool
    first: Run
    latest: Run
    """The same, unless the events are so far apart that they are two sessions."""
    folded: int
    """The number of events in the first."""
    received_at: int

    @property
    def key(self) -> tuple[str, str, str]:
        """What no other session has in common with it: site, user, session id."""
        return self.latest.site, self.latest.user, self.session_id

    @property
    def is_active(self) -> bool:
        """Whether it is one now, by our clock."""
        return self.received_at - self.latest.present_at <= SESSION_SILENCE


def parts_of(events: Iterable[Event]) -> list[Part]:
    """The sessions that a request's events belong to."""
    found: dict[tuple[str, str, str], list[Event]] = {}
    for event in events:
        if in_chain(event):
            key = (event.site, event.user, event.session_id)
            found.setdefault(key, []).append(event)
    return [_part(session_id, part) for (_, _, session_id), part in found.items()]


def _part(session_id: str, events: Sequence[Event]) -> Part:
    runs = fold(events)
    return Part(
        session_id=session_id,
        sent=events[0].session_sent,
        user_sent=events[0].user_id is not None,
        first=runs[0],
        latest=runs[-1],
        folded=sum(event.time <= runs[0].last_activity for event in events),
        received_at=events[0].received_at,
    )


def is_same_each_time(event: Event) -> bool:
    """Whether a second send of the same bytes makes the same item.

    Not so where the door chose something by the moment of receipt: then the first
    stored copy must win. What it derives from headers (country, device) is taken as
    the same: a second copy from another network replaces it in the table, and stays
    out of stream and archive. A condition for each event would end that, at a call
    for each.
    """
    return (
        event.adjusted_timestamp is None
        and event.visitor_id is None
        and event.session_sent
    )


class Writes:
    """Each method does one piece of work, until it is durable; all may be repeated."""

    def __init__(self, client: "DynamoDBClient", tables: Tables) -> None:
        self._client = client
        self._tables = tables

    def put_events(self, patience: Patience, events: Sequence[Event]) -> None:
        """Writes at most 25 events, of which no two have the same key."""
        table = self._tables.events
        left: Sequence[WriteRequestUnionTypeDef] = [
            {"PutRequest": {"Item": event_item(event)}} for event in events
        ]
        while True:
            write = partial(self._client.batch_write_item, RequestItems={table: left})
            # An answer that does not say what is left has said nothing.
            answer = patience.call(write).get("UnprocessedItems", {table: left})
            if not answer.get(table):
                return
            left = answer[table]
            patience.pause("UnprocessedItems")

    def put_event_once(self, patience: Patience, event: Event) -> None:
        """Writes an event unless there is a copy of it: the first one stays."""
        with suppress(Refused):
            patience.call(
                lambda: self._client.put_item(
                    TableName=self._tables.events,
                    Item=event_item(event),
                    ConditionExpression="attribute_not_exists(event_id)",
                )
            )

    def open_session(self, patience: Patience, part: Part) -> None:
        """Makes the row of a session, unless there is one: then it is left alone.

        If the id is that of another user's or an ended session, its row stays; the
        stream function makes the right one, as only it sees what came first.
        """
        item = session_item(
            part.first, part.session_id, part.folded, user_sent=part.user_sent
        )
        with suppress(Refused):
            patience.call(
                lambda: self._client.put_item(
                    TableName=self._tables.sessions,
                    Item=item,
                    ConditionExpression="attribute_not_exists(session_id)",
                )
            )

    def show_active(self, patience: Patience, part: Part) -> None:
        """Extends the live session, or opens it; one call while events are in order."""
        session = active_session(part.latest, part.session_id, user_sent=part.user_sent)
        # Of two users who send one id, the second is shown under one of their own.
        own_id = made_session_id(session.site, session.user, session.session_id)
        for shown in (session, replace(session, session_id=own_id)):
            try:
                self._extend_active(patience, shown, opens=part.latest.is_session)
            except Refused as refused:
                # What is only engagement opens no session.
                old = active_of(refused.item) if refused.item else None
                if old is None:
                    return
                if (old.site, old.user) != (shown.site, shown.user):
                    continue
                if is_over(old, shown) and part.latest.is_session:
                    self._begin_again(patience, shown, old)
            return

    def _extend_active(
        self, patience: Patience, session: ActiveSession, *, opens: bool
    ) -> None:
        """Raises Refused if it is another's, over, or says no more than is known."""
        item = active_item(session)
        key = {"session_id": item.pop("session_id")}
        views = item.pop("page_views", None)
        owner = "user_id" if session.user_id else "visitor_id"
        sets = [
            f"#{name} = if_not_exists(#{name}, :{name})"
            if name in _FROM_FIRST
            else f"#{name} = :{name}"
            for name in item
        ]
        condition = (
            f"#site = :site and #{owner} = :{owner} and #last_event <> :last_event"
            " and #last_activity between :reach and :last_activity"
        )
        values = {f":{name}": value for name, value in item.items()}
        values[":reach"] = {"N": str(session.start_time - SESSION_SILENCE)}
        expression = "set " + ", ".join(sets)
        if views:
            expression += " add page_views :views"
            values[":views"] = views
        if opens:
            condition = f"attribute_not_exists(#site) or ({condition})"
        request: UpdateItemInputTypeDef = {
            "TableName": self._tables.active,
            "Key": key,
            "UpdateExpression": expression,
            "ConditionExpression": condition,
            "ExpressionAttributeNames": {f"#{name}": name for name in item},
            "ExpressionAttributeValues": values,
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
        patience.call(lambda: self._client.update_item(**request))

    def _begin_again(
        self, patience: Patience, session: ActiveSession, old: ActiveSession
    ) -> None:
        """Puts a session in the place of one that is over, if nobody else has."""
        with suppress(Refused):
            patience.call(
                lambda: self._client.put_item(
                    TableName=self._tables.active,
                    Item=active_item(session),
                    ConditionExpression="last_activity = :old",
                    ExpressionAttributeValues={":old": {"N": str(old.last_activity)}},
                )
            )


def is_over(old: ActiveSession, new: ActiveSession) -> bool:
    """Whether the stored session had ended before the one that has come began."""
    return new.start_time - old.last_activity > SESSION_SILENCE
