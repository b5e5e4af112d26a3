"""The durable inbox: SQLite, `synchronous=FULL`, group commit.

What a 2xx promises is in here. The warehouse is derived from it, and rows leave it
only when archive and the warehouse's checkpointed file both hold them.
"""

import asyncio
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from liveinsight.core.event import EncodedEvents, Event
from liveinsight.core.limits import DAY, SECOND
from liveinsight.core.outcome import Outcome, Sample
from liveinsight.core.ports import Batch, Salts
from liveinsight.errors import StoreUnavailable
from liveinsight.store.group_commit import Gathering, GroupCommit
from liveinsight.store.inbox_file import InboxReader, open_to_write
from liveinsight.store.inbox_rows import InboxRows
from liveinsight.store.inbox_salts import make_salts, remove_old_salts
from liveinsight.store.inbox_writes import (
    Request,
    count_received,
    hour_of,
    write_events,
)
from liveinsight.store.ledger import LedgerLine, as_lines
from liveinsight.store.running import RunningSession, RunningSessions

T = TypeVar("T")

CLOSE_S = 5
"""What the requests under way get when the inbox closes beside them."""


class Inbox:
    """Implements core.ports.Store on one machine.

    Args:
        path: the SQLite file; made if missing.
        max_pending_events: waiting for a commit; beyond it `record` refuses.
        max_backlog_events: committed but not applied; beyond it `record` refuses.
        min_free_bytes: of the disk; with less `record` refuses.
        on_commit: told of the events of a group, in the writer thread, once durable.
    """

    def __init__(
        self,
        path: Path,
        *,
        max_pending_events: int = 20_000,
        max_backlog_events: int = 2_000_000,
        min_free_bytes: int = 64 * 1024 * 1024,
        on_commit: Callable[[Sequence[EncodedEvents]], None] | None = None,
    ) -> None:
        self._max_pending = max_pending_events
        self._max_backlog = max_backlog_events
        self._lock = threading.Lock()
        self._pending = 0
        self._recorded = 0
        self._applied = 0
        self._closed = False
        self._running = RunningSessions()
        self._salts: dict[int, Salts] = {}
        writing = open_to_write(path)
        self._reader = InboxReader(path)
        self._writer = GroupCommit(
            path, writing, self._settle, on_commit, min_free_bytes
        )
        self._writer.start()
        self.rows = InboxRows(self._reader, self._writer)
        """What applier and archive read, and what they say they have."""
        self._gathering: Gathering | None = None

    # The port: what the collector calls, on the event loop.

    async def record(self, batch: Batch) -> None:
        """Returns when the batch is durable.

        Raises:
            StoreUnavailable: nothing of the batch was promised.
        """
        future = asyncio.get_running_loop().create_future()

        def settle(failure: StoreUnavailable | None) -> None:
            if future.done():  # its request was cancelled: the events stay recorded
                return
            if failure is None:
                future.set_result(None)
            else:
                future.set_exception(failure)

        self.submit(batch, settle)
        await future

    def submit(
        self, batch: Batch, settled: Callable[[StoreUnavailable | None], None]
    ) -> None:
        """Calls `settled` on the running event loop once the batch is durable, or not.

        Raises:
            StoreUnavailable: nothing of the batch was promised.
        """
        events = batch.events
        with self._lock:
            if self._closed:
                raise StoreUnavailable("the server is stopping")
            if self._pending + events.count > self._max_pending:
                raise StoreUnavailable("too many events are waiting")
            if self._recorded - self._applied > self._max_backlog:
                raise StoreUnavailable("too many events are not yet applied", 10)
            self._pending += events.count
        loop = asyncio.get_running_loop()
        gathering = self._gathering
        if gathering is None or gathering.loop is not loop:
            gathering = self._gathering = self._writer.gather(loop)
        gathering.add(
            Request(
                events=events,
                hour=_hour_of_batch(batch),
                ledger=batch.ledger,
                samples=batch.samples,
                settled=settled,
            )
        )

    async def salts(self, now: int) -> Salts:
        """The salts in force at `now` (ms); makes today's if there is none."""
        day = now // DAY
        known = self._salts.get(day)
        if known is None:
            known = await asyncio.to_thread(
                self._writer.do, partial(make_salts, day=day)
            )
            self._salts = {day: known}
        return known

    async def is_running(self, site: str, user: str, at: int) -> bool:
        """Whether the user has an event at most 30 minutes from `at` (ms)."""
        return self._running.is_running(site, user, at)

    async def session_of(
        self, site: str, user: str, at: int, proposed: str, *, sent: bool
    ) -> str:
        """The id of the user's session at `at` (ms), which is extended to `at`."""
        return self._running.session_of(site, user, at, proposed, sent=sent)

    def seed_running(self, sessions: Iterable[RunningSession]) -> None:
        """Takes in the sessions that ran before the start."""
        for session in sessions:
            self._running.seed(session)

    # Events that come by no request, and how far the applier is.

    def append(self, events: Sequence[Event]) -> None:
        """Returns when the events are durable; blocks, so never on the event loop.

        Each counts as received, in its own hour of receipt.

        Raises:
            StoreUnavailable: nothing was promised.
        """
        ordered = sorted(events, key=lambda event: event.received_at)
        received = count_received(ordered)
        self._writer.do(lambda connection: write_events(connection, ordered, received))
        with self._lock:
            self._recorded += len(ordered)

    def note_applied(self, events: int) -> None:
        """Counts events off the backlog."""
        with self._lock:
            self._applied += events

    def reset_backlog(self, events: int) -> None:
        """Sets the backlog, at the start of the applier."""
        with self._lock:
            self._applied = self._recorded - events

    @property
    def pending(self) -> int:
        """Events that wait for their commit."""
        return self._pending

    @property
    def backlog(self) -> int:
        """Events that are durable and not yet applied."""
        return self._recorded - self._applied

    # What the dashboard reads.

    def ledger(self) -> list[LedgerLine]:
        """All that the door counted."""
        return as_lines(
            self.read(
                "select site, hour, outcome, reason, count from ledger"
                " order by hour, site, outcome, reason"
            )
        )

    def samples(self) -> list[Sample]:
        """The kept examples of dropped and rejected events, newest first."""
        return [
            Sample(
                site=site,
                outcome=Outcome(outcome),
                reason=reason,
                received_at=at,
                text=text,
            )
            for site, outcome, reason, at, text in self.read(
                "select site, outcome, reason, received_at, text from samples"
                " order by id desc"
            )
        ]

    def hosts(self) -> set[str]:
        """The sites that have had an event recorded."""
        return {host for (host,) in self.read("select host from hosts")}

    # Housekeeping.

    def forget_old_salts(self, now: int) -> None:
        """Removes salts older than yesterday's, from the log of the file too."""
        day = now // DAY
        removed = self._writer.do(partial(remove_old_salts, day=day))
        if removed:
            self._salts.pop(day - 1, None)
            self.clean_log()

    def write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """The result of `work`, in a transaction of the one writer; blocks.

        Raises:
            StoreUnavailable: the disk is full, the file locked, or it is closed.
        """
        return self._writer.do(work)

    def read(self, sql: str, *params: int | str) -> list[tuple[Any, ...]]:
        """The rows of one select."""
        return self._reader.read(sql, *params)

    def clean_log(self) -> None:
        """Removes from the log of the file what was overwritten in the file itself."""
        self._reader.clean_log()

    def forget_running(self, site: str, user: str) -> None:
        """Forgets which session of the user runs; on the event loop, as the port."""
        self._running.forget(site, user)

    def close(self) -> None:
        """Settles what waits, then refuses; returns when the file is closed."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
        self._wait_for_pending()
        self._writer.stop()
        self._reader.close()

    def _wait_for_pending(self) -> None:
        """Gives a loop that still runs the time to hand over its open group."""
        gathering = self._gathering
        ends_at = time.monotonic() + CLOSE_S
        while (
            self._pending
            and gathering is not None
            and gathering.loop.is_running()
            and time.monotonic() < ends_at
        ):
            time.sleep(0.002)

    def _settle(self, pending: int, recorded: int) -> None:
        with self._lock:
            self._pending -= pending
            self._recorded += recorded


def _hour_of_batch(batch: Batch) -> int:
    if batch.events.count:
        return hour_of(batch.events.received_at)
    if batch.samples:
        return hour_of(batch.samples[0].received_at)
    return hour_of(int(time.time() * SECOND))
