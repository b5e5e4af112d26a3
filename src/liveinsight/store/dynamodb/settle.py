"""Settles rows of the Sessions table: folds a user's events again, as core.session says.

A row is made of all events that can be seen, never added to. So it does not matter
how often, in which order and by how many at once events are delivered:

- a row is only replaced as it was read, and never by a fold of fewer events;
- what a fold could not see yet (an index lags behind its table) is seen by the one
  that follows a little later: every settling is asked for once more, after it wrote;
- rows that a fold finds inside its run, made by the door or by an earlier fold, are
  deleted after its own row is written;
- a session id that two runs claim goes to the one that starts first, whoever comes
  first: who takes an id or frees one asks for the other claimant to be settled.

A run without any interactive event is no session; its row (total_events 0) is kept
as it is in the warehouse, and no reader shows it.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Final

import msgspec

from liveinsight.core.event import Event
from liveinsight.core.limits import SESSION_SILENCE
from liveinsight.core.session import Run, fold, in_chain
from liveinsight.errors import StoreUnavailable
from liveinsight.store.dynamodb.calls import Refused
from liveinsight.store.dynamodb.chain import Chain
from liveinsight.store.dynamodb.event_reader import (
    ALWAYS,
    EventReader,
    of_session,
    of_user,
)
from liveinsight.store.dynamodb.items import Item, Tables, session_item
from liveinsight.store.dynamodb.long_session import widened
from liveinsight.store.dynamodb.session_rows import Row, SessionRows, name_of
from liveinsight.store.dynamodb.spans import Span
from liveinsight.store.dynamodb.touch import Touch, touches_of
from liveinsight.store.dynamodb.visitors import IDS, Known, Visitors

if TYPE_CHECKING:
    from types_boto3_dynamodb.client import DynamoDBClient

SETTLE_SECONDS: Final = 10
"""From reading to writing at most: less than until the fold is made once more."""
_ROUNDS: Final = 8
_CLAIMING_EVENTS: Final = 1_000
_CLAIMANTS: Final = 20


class Settled(msgspec.Struct, kw_only=True):
    """What a settling did."""

    written: int = 0
    deleted: int = 0
    again: list[Touch] = []
    """Other sessions that this one takes an id from, or leaves one to."""
    is_lagging: bool = False
    """An index lacked an event that its table has: settle once more."""
    duplicates: int = 0
    """Of the touch's events, those that were stored before with another timestamp."""


class Settler:
    """Settles with any number of threads. `clock` tells the time, in ms."""

    def __init__(
        self, client: "DynamoDBClient", tables: Tables, clock: Callable[[], int]
    ) -> None:
        self._client = client
        self._tables = tables
        self._clock = clock

    def settle(self, touch: Touch, hand: Sequence[Event] = ()) -> Settled:
        """Makes the rows of the touched sessions what the events make them.

        Args:
            touch: whose sessions, and when.
            hand: events of the touch that no index may have yet. Then rows that only
                an index leads to are left to the settling that follows.

        Raises:
            StoreUnavailable: not all was done; the same call may be made again.
        """
        ends_at = time.monotonic() + SETTLE_SECONDS
        settling = _Settling(self._client, self._tables, touch, ends_at)
        settling.settle(hand, self._clock())
        return settling.done


class _MoreToRead(Exception):  # noqa: N818 no error
    """A row says that its run has events where none were looked for."""


class _Settling:
    def __init__(
        self, client: "DynamoDBClient", tables: Tables, touch: Touch, ends_at: float
    ) -> None:
        self.done = Settled()
        self._touch = touch
        self._ends_at = ends_at
        self._reader = EventReader(client, tables.events, ends_at)
        self._rows = SessionRows(client, tables.sessions, ends_at)
        self._visitors = Visitors(client, tables.active, ends_at)
        self._visitor = Known()
        self._now = 0
        self._read: dict[str, Row | None] = {}
        self._is_retry = False
        self._is_early = False

    def settle(self, hand: Sequence[Event], now: int) -> None:
        self._now = now
        self._is_early = bool(hand)
        touch = self._touch
        if self._move_long_session(hand):
            return
        chain = self._open_chain()
        for event in hand:
            chain.add(event)
        chain.runs_near(touch.spans)
        self._look_for_missing(chain)
        spans = [*touch.spans, *self._spans_of_copies(chain)]
        for _ in range(_ROUNDS):
            try:
                for run in chain.runs_near(spans):
                    self._settle_run(run, chain)
            except (Refused, _MoreToRead):
                self._read.clear()
                self._is_retry = True
            else:
                return
        raise StoreUnavailable("rows of a session keep changing")

    def _open_chain(self) -> Chain:
        touch = self._touch
        if not touch.derived:
            return Chain(self._reader, touch, [of_user(touch.user)])
        self._visitor = self._visitors.find(touch.site, touch.user)
        self._remember(touch.session_ids)
        ids = self._visitor.ids | set(touch.session_ids)
        return Chain(self._reader, touch, [of_session(found) for found in sorted(ids)])

    def _remember(self, ids: Iterable[str]) -> None:
        """Has the visitor's item lead to these ids, while there is room."""
        touch, known = self._touch, self._visitor
        if not touch.derived:
            return
        new = sorted(set(ids) - known.ids)[: max(IDS - len(known.ids), 0)]
        if new or (known.ids and known.is_ageing(self._now)):
            said = new or sorted(known.ids)[:1]
            self._visitor = self._visitors.add(touch.site, touch.user, said, self._now)

    def _look_for_missing(self, chain: Chain) -> None:
        """Takes from the table what the index should have; it lags, or they are gone."""
        missing = [key for key in self._touch.events if not chain.has(key)]
        if missing and not chain.is_cut:
            self.done.is_lagging = chain.add_stored(missing)

    def _spans_of_copies(self, chain: Chain) -> list[Span]:
        """Where else the touched events have been, until an earlier copy came."""
        spans = []
        for event_id, timestamp in self._touch.events:
            times = chain.times_of_copies(event_id)
            if len(times) > 1:
                spans += [(at, at) for at in times.values()]
                self.done.duplicates += timestamp != min(times)
        return spans

    def _settle_run(self, run: Run, chain: Chain) -> None:
        low, high = run.start_time, run.last_activity
        folded = chain.copies_within(low - SESSION_SILENCE, high + SESSION_SILENCE)
        own = self._own_rows(run, chain)
        if not chain.is_cut and any(row.row.folded > folded for row in own.values()):
            return  # somebody saw more; to be folded again anyway
        sent = run.sent_id
        name = name_of(run, self._get([sent]).get(sent) if sent else None)
        stored = self._get([name]).get(name)
        item = session_item(run, name, folded, user_sent=not self._touch.derived)
        adjusted = chain.adjusted_within(low, high)
        if adjusted is not None:
            item["adjusted_from"] = {"N": str(adjusted[0])}
            item["adjusted_to"] = {"N": str(adjusted[1])}
        if chain.is_cut:
            item = widened(stored if name in own else None, item)
        if stored is None or stored.item != item:
            self._put(item, stored)
            if stored is not None and not stored.is_of(run):
                self.done.again.append(_touch_of(stored))
        for row in own.values():
            is_inside = low <= row.row.start_time <= high
            if row.row.session_id != name and (is_inside or _has_moved(row, chain)):
                self._delete(row)

    def _own_rows(self, run: Run, chain: Chain) -> dict[str, Row]:
        """The rows of this run, and of what it is or was a part of.

        Raises:
            _MoreToRead: one of them knew of events that are read only now.
        """
        ids = {*self._touch.session_ids, *self._visitor.ids, run.sent_id or run.made_id}
        if not self._touch.derived and not self._is_early:
            low, high = run.start_time, run.last_activity
            ids.update(
                self._rows.ids_of_user(
                    run.user, low - SESSION_SILENCE, high + SESSION_SILENCE
                )
            )
        own = {key: row for key, row in self._get(ids).items() if row.is_of(run)}
        for row in own.values():
            low, high = row.row.adjusted_from or 0, row.row.adjusted_to or 0
            if high and not chain.is_cut and chain.gaps(low, high):
                chain.cover(low, high)
                raise _MoreToRead
        return own

    def _get(self, ids: Iterable[str]) -> dict[str, Row]:
        """The rows of these ids, each read once in a round."""
        wanted = set(ids)
        unread = wanted - self._read.keys()
        if unread:
            rows = self._rows.get(sorted(unread), consistent=self._is_retry)
            self._read |= {key: rows.get(key) for key in unread}
        found = ((key, self._read[key]) for key in sorted(wanted))
        return {key: row for key, row in found if row is not None}

    def _put(self, item: Item, over: Row | None) -> None:
        name = str(item["session_id"].get("S"))
        self._remember([name])
        if time.monotonic() > self._ends_at:
            raise StoreUnavailable("settling a session took too long")
        self._rows.put(item, over)
        self._read.pop(name, None)
        self.done.written += 1

    def _delete(self, row: Row) -> None:
        name = row.row.session_id
        self._rows.delete(row)
        self._read.pop(name, None)
        self.done.deleted += 1
        if row.row.sent_id == name:
            claiming = self._reader.query(of_session(name), ALWAYS, _CLAIMING_EVENTS)
            claims = [touch for touch, _ in touches_of(claiming)]
            self.done.again += claims[:_CLAIMANTS]

    def _move_long_session(self, hand: Sequence[Event]) -> bool:
        """Whether the touch is about a session too long to be folded, and is done."""
        touch = self._touch
        for row in self._get(touch.session_ids).values():
            is_own = row.row.site == touch.site and row.row.user == touch.user
            if is_own and row.row.is_partial:
                runs = fold(event for event in hand if in_chain(event))
                if all(row.is_of(run) for run in runs):
                    for run in runs:
                        self._move_along(row, run)
                    return True
        return False

    def _move_along(self, row: Row, run: Run) -> None:
        name = row.row.session_id
        item = session_item(run, name, 0, user_sent=not self._touch.derived)
        for _ in range(_ROUNDS):
            moved = widened(row, item)
            try:
                if moved != row.item:
                    self._put(moved, row)
            except Refused:
                found = self._rows.get([name], consistent=True).get(name)
                if found is None:
                    return  # joined with an earlier one, which is settled again
                row = found
            else:
                return
        raise StoreUnavailable("the row of a session keeps changing")


def _has_moved(row: Row, chain: Chain) -> bool:
    """Whether the event that the row begins with counts at another time by now."""
    times = chain.times_of_copies(row.row.start_event)
    return bool(times) and times[min(times)] != row.row.start_time


def _touch_of(row: Row) -> Touch:
    """Whose session the row was."""
    found = row.row
    return Touch(
        site=found.site,
        user=found.user,
        derived=found.user_id is None,
        spans=((found.start_time, found.last_activity),),
        session_ids=(found.session_id,),
    )
