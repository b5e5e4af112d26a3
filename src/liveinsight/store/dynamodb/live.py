"""Who is active now, read from DynamoDB while somebody asks, and never otherwise."""

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from msgspec.structs import replace

from liveinsight.core.event import EncodedEvents, Event, encode_events
from liveinsight.core.limits import SECOND
from liveinsight.errors import StoreUnavailable
from liveinsight.store.dynamodb.items import ActiveSession
from liveinsight.store.dynamodb.reader import DynamoReader, Snapshot
from liveinsight.store.live_tables import LiveTables

log = logging.getLogger(__name__)

USABLE_FOR: Final = 20 * SECOND
"""An old picture is shown while the table does not answer; then none is."""
FEED_SESSIONS: Final = 24
"""Whose events are looked up after one reading: at half a read unit each."""
FEED_EVENTS: Final = 20
"""Of one session."""
REMEMBERED: Final = 5_000
THREADS: Final = 6


class LiveSessions:
    """Implements core.ports.Reader; reads the table anew when it is asked too late.

    Args:
        publish: takes events that have just come, for the feed.
        watched: the sites that somebody watches; others have no feed.
        every_ms: how old what is shown may get.
    """

    def __init__(
        self,
        reader: DynamoReader,
        tables: LiveTables,
        clock: Callable[[], int],
        *,
        every_ms: int = 2 * SECOND,
    ) -> None:
        self._reader = reader
        self._tables = tables
        self._clock = clock
        self._every_ms = every_ms
        self._reading = threading.Lock()
        self._snapshot: Snapshot | None = None
        self._due_at = 0
        self._is_failing = False
        self._seen: OrderedDict[str, None] = OrderedDict()
        self._behind: dict[str, int] = {}
        self._threads = ThreadPoolExecutor(THREADS, "feed")
        self.publish: Callable[[Sequence[EncodedEvents]], None] = lambda _: None
        self.watched: Callable[[], Collection[str]] = tuple

    @property
    def snapshot(self) -> Snapshot | None:
        """What was read last."""
        return self._snapshot

    def query(
        self, sql: str, params: Sequence[object] = ()
    ) -> list[tuple[object, ...]]:
        """The rows of one select, over warehouse and active sessions together.

        Raises:
            StoreUnavailable: neither the table nor a recent picture of it is there.
        """
        self.refresh()
        return self._tables.query(sql, params)

    def refresh(self) -> None:
        """Reads the table if it was read too long ago; one thread does it for all.

        Raises:
            StoreUnavailable: as query.
        """
        if self._clock() < self._due_at:
            return
        with self._reading:
            began = self._clock()
            if began < self._due_at:
                return
            try:
                snapshot = self._reader.active(began)
            except StoreUnavailable as error:
                self._keep_old(began, error)
                return
            self._is_failing = False
            before, self._snapshot = self._snapshot, snapshot
            self._tables.take(snapshot.sessions)
            took = self._clock() - began
            self._due_at = began + max(self._every_ms, 2 * took)
            if before is not None:
                self._feed(before.sessions, snapshot.sessions)

    def sessions_of(self, site: str | None, user: str) -> list[str]:
        """The ids of the user's active sessions."""
        sessions = self._snapshot.sessions if self._snapshot else ()
        return [
            each.session_id
            for each in sessions
            if each.user == user and site in (None, each.site)
        ]

    def close(self) -> None:
        """Ends what is being looked up."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _keep_old(self, now: int, error: StoreUnavailable) -> None:
        if not self._is_failing:  # one line for a row of failures
            log.warning("active sessions cannot be read: %s", error)
        self._is_failing = True
        self._due_at = now + self._every_ms
        if self._snapshot is None or now - self._snapshot.read_at > USABLE_FOR:
            raise error

    def _feed(
        self, before: Sequence[ActiveSession], after: Sequence[ActiveSession]
    ) -> None:
        """Publishes what has happened on watched sites since the reading before."""
        sites = self.watched()
        if not sites:
            self._behind.clear()
            return
        known = {each.session_id: each for each in before}
        again = set(self._behind)
        since = self._behind
        for each in after:
            old = known.get(each.session_id)
            if each.site in sites and (
                old is None or old.last_event != each.last_event
            ):
                begun = each.start_time if old is None else old.last_activity + 1
                since.setdefault(each.session_id, begun)
        newest = sorted(
            (each for each in after if each.session_id in since),
            key=lambda each: each.last_activity,
            reverse=True,
        )[:FEED_SESSIONS]
        self._behind = {}
        events: list[Event] = []
        for session, found in zip(
            newest,
            self._threads.map(self._look_up, newest, [since] * len(newest)),
            strict=True,
        ):
            events += found
            is_there = any(event.event_id == session.last_event for event in found)
            if not is_there and session.session_id not in again:
                # The index lags behind: it is looked up once more.
                self._behind[session.session_id] = since[session.session_id]
        self.publish([encode_events(self._unseen(events))])

    def _look_up(self, session: ActiveSession, since: dict[str, int]) -> list[Event]:
        try:
            return self._reader.events_of_session(
                session.session_id,
                self._clock(),
                since=since[session.session_id],
                most=FEED_EVENTS,
            )
        except StoreUnavailable:
            return []

    def _unseen(self, events: Sequence[Event]) -> list[Event]:
        """Those that were not published, as received when they happened: no item tells."""
        new = []
        for event in sorted(events, key=lambda event: (event.time, event.event_id)):
            if event.event_id in self._seen:
                continue
            self._seen[event.event_id] = None
            new.append(replace(event, received_at=event.present_at))
        while len(self._seen) > REMEMBERED:
            self._seen.popitem(last=False)
        return new
