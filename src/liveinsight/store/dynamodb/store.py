"""The store behind the door on AWS: three DynamoDB tables.

A request in order costs one round of calls, made at once: its events, its live
sessions, and rows for sessions that this process has not seen. All of it may be
written again without harm, so what was not confirmed in time is simply not promised.

Identity is the tables' key, (event_id, timestamp): one event sent to two sites needs
an id for each.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Final

from liveinsight.core.event import Event
from liveinsight.core.limits import DAY, SECOND, SESSION_SILENCE
from liveinsight.core.ports import Batch, Salts
from liveinsight.store.dynamodb.calls import Caller, Patience
from liveinsight.store.dynamodb.items import Tables
from liveinsight.store.dynamodb.pointers import Pointers, Visit
from liveinsight.store.dynamodb.salts import SaltTable
from liveinsight.store.dynamodb.writes import (
    BATCH_ITEMS,
    Part,
    Writes,
    is_same_each_time,
    parts_of,
)

if TYPE_CHECKING:
    from types_boto3_dynamodb.client import DynamoDBClient

REMEMBERED: Final = 50_000
"""Sessions that this process has seen; then it forgets all, at a unit for each."""

Work = Callable[[Patience], None]
User = tuple[str, str]
"""(site, user)"""
Session = tuple[str, str, str]
"""(site, user, session id)"""


class DynamoStore:
    """Implements core.ports.Store in DynamoDB; for one request at a time.

    Its methods never wait for an event loop: they return when all is done.

    Args:
        client: makes one attempt a call; the store tries again itself.
        tables: the names of the three.
    """

    def __init__(self, client: "DynamoDBClient", tables: Tables) -> None:
        self._caller = Caller()
        self._writes = Writes(client, tables)
        self._pointers = Pointers(client, tables.active)
        self._salts = SaltTable(client, tables.active)
        self._opened: set[Session] = set()
        self._of_yesterday: set[User] = set()

    def start_request(self, remaining_ms: float) -> None:
        """Says how long the calls that follow may take, all together."""
        self._caller.ends_at = time.monotonic() + remaining_ms / SECOND

    async def record(self, batch: Batch) -> None:
        """Returns when the batch is durable; its counts are the door's to write.

        Raises:
            StoreUnavailable: nothing of the batch was promised.
        """
        events = list(batch.events)
        parts = parts_of(events)
        opening = [part for part in parts if self._is_new(part)]
        visits = [_visit_of(part) for part in parts if self._needs_pointer(part)]
        self._caller.together(
            [
                *self._event_works(events),
                *(
                    partial(self._writes.show_active, part=part)
                    for part in parts
                    if part.is_active
                ),
                *(partial(self._writes.open_session, part=part) for part in opening),
                *(partial(self._extend, visit=visit) for visit in visits),
            ]
        )
        _bound(self._opened)
        self._opened.update(part.key for part in opening)

    async def salts(self, now: int) -> Salts:
        """The salts in force at `now` (ms); makes today's if there is none."""
        known = self._salts.known(now)
        if known is not None:
            return known
        return self._caller.one(partial(self._salts.salts, now=now))

    async def is_running(self, site: str, user: str, at: int) -> bool:
        """Whether the user has an event at most 30 minutes from `at` (ms).

        As far as the pointer tells: of events without a session id, and of users that
        the door derived those around midnight.
        """
        pointer = self._caller.one(partial(self._pointers.find, site=site, user=user))
        running = pointer is not None and pointer.reaches(at)
        if running:
            _bound(self._of_yesterday)
            self._of_yesterday.add((site, user))
        return running

    async def session_of(
        self, site: str, user: str, at: int, proposed: str, *, sent: bool
    ) -> str:
        """The id of the user's session at `at` (ms), which is extended to `at`.

        With `sent` it is `proposed`, and record() does what there is to do.
        """
        if sent:
            return proposed
        visit = Visit(site=site, user=user, at=at, session_id=proposed, sent=False)
        return self._caller.one(partial(self._pointers.extend, visit=visit))

    def _event_works(self, events: Sequence[Event]) -> Iterator[Work]:
        """What writes the events: many in one call, or each if the first must win."""
        plain: dict[tuple[str, int], Event] = {}
        for event in events:
            key = (event.event_id, event.timestamp)
            # Two sites may have sent one id: a call with a key twice is refused whole.
            if is_same_each_time(event) and key not in plain:
                plain[key] = event
            else:
                yield partial(self._writes.put_event_once, event=event)
        left = list(plain.values())
        for begin in range(0, len(left), BATCH_ITEMS):
            some = left[begin : begin + BATCH_ITEMS]
            yield partial(self._writes.put_events, events=some)

    def _is_new(self, part: Part) -> bool:
        """Whether its row may be missing: made at a session's first event."""
        begins = part.sent or part.session_id == part.first.made_id
        return begins and part.first.is_session and part.key not in self._opened

    def _needs_pointer(self, part: Part) -> bool:
        """Whether the pointer of a user without `user_id` must hear of a sent session.

        Only while tomorrow's door may ask for it, because a new salt must not split a
        session; and from then on, if it did.
        """
        if part.user_sent or not part.sent:
            return False
        at = part.latest.last_activity
        return at % DAY >= DAY - SESSION_SILENCE or part.key[:2] in self._of_yesterday

    def _extend(self, patience: Patience, visit: Visit) -> None:
        self._pointers.extend(patience, visit)


def _visit_of(part: Part) -> Visit:
    return Visit(
        site=part.latest.site,
        user=part.latest.user,
        at=part.latest.last_activity,
        session_id=part.session_id,
        sent=True,
    )


def _bound(memory: set[User] | set[Session]) -> None:
    """Forgets all when there is too much: that costs units, and no truth."""
    if len(memory) >= REMEMBERED:
        memory.clear()
