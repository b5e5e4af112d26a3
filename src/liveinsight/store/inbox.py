"""The durable inbox: SQLite, `synchronous=FULL`, group commit.

What a 2xx promises is in here. The warehouse is derived from it, and rows leave it
only when archive and the warehouse's checkpointed file both hold them.
"""

import asyncio
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from liveinsight.core.event import EncodedEvents, Event
from liveinsight.core.limits import DAY, HOUR, SECOND
from liveinsight.core.outcome import LedgerKey, Outcome, Sample
from liveinsight.core.ports import Batch, Salts
from liveinsight.errors import StoreUnavailable
from liveinsight.store.group_commit import (
    ROW_EVENTS,
    Gathering,
    GroupCommit,
    Request,
)
from liveinsight.store.running import RunningSession, RunningSessions

T = TypeVar("T")

CLOSE_S = 5
"""What the requests under way get when the inbox closes beside them."""

LOG_TRIES = 10
"""At the writer's lock, each for the time that a connection waits for it."""

_encode_lines = msgspec.json.Encoder().encode_lines
_decode_lines = msgspec.json.Decoder(Event).decode_lines


class Row(msgspec.Struct, frozen=True):
    """One row of the inbox, read back."""

    seq: int
    events: list[Event]


class RawRow(msgspec.Struct, frozen=True):
    """One row as it is stored: newline-JSON, of one UTC hour of receipt."""

    seq: int
    hour: int
    events: int
    body: bytes


class LedgerLine(msgspec.Struct, frozen=True, kw_only=True):
    """One count of the ledger; `hour` is the start of the hour of receipt, ms."""

    site: str
    hour: int
    outcome: Outcome
    reason: str = ""
    count: int


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
        writing = _connect(path)
        writing.executescript(
            files("liveinsight.store").joinpath("inbox_tables.sql").read_text("utf-8")
        )
        self._reading = _connect(path)
        self._reading_lock = threading.Lock()
        self._writer = GroupCommit(
            path, writing, self._settle, on_commit, min_free_bytes
        )
        self._writer.start()
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
                hour=_hour_of(batch),
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
            known = await asyncio.to_thread(self._make_salts, day)
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

    # Imports and history.

    def append(
        self, events: Sequence[Event], ledger: Mapping[LedgerKey, int] | None = None
    ) -> None:
        """Returns when the events are durable; blocks, so never on the event loop.

        Without `ledger` each event counts as received, in its own hour of receipt.

        Raises:
            StoreUnavailable: nothing was promised.
        """
        ordered = sorted(events, key=lambda event: event.received_at)
        lines = _received(ordered) if ledger is None else _in_hour(ordered, ledger)

        def write(connection: sqlite3.Connection) -> None:
            connection.executemany(
                "insert into inbox (hour, events, body) values (?, ?, ?)",
                (
                    (_hour(part[0].received_at), len(part), _encode_lines(part))
                    for part in _by_hour(ordered)
                ),
            )
            connection.executemany(
                "insert into ledger (site, hour, outcome, reason, count)"
                " values (?, ?, ?, ?, ?)"
                " on conflict do update set count = count + excluded.count",
                [(*_line_key(line), line.count) for line in lines],
            )
            connection.executemany(
                "insert or ignore into hosts (host) values (?)",
                [(site,) for site in {event.site for event in ordered}],
            )

        self._writer.do(write)
        with self._lock:
            self._recorded += len(ordered)

    # What the applier and the archive read.

    def rows_after(self, seq: int, max_events: int) -> list[Row]:
        """The next rows, oldest first: at least one, else at most `max_events`."""
        return [
            Row(row.seq, _decode_lines(row.body))
            for row in self.raw_rows_after(seq, max_events)
        ]

    def raw_rows_after(self, seq: int, max_events: int) -> list[RawRow]:
        """As `rows_after`, undecoded."""
        rows: list[RawRow] = []
        events = 0
        with self._reading_lock:
            cursor = self._reading.execute(
                "select seq, hour, events, body from inbox where seq > ? order by seq",
                (seq,),
            )
            for found in cursor:
                row = RawRow(*found)
                if rows and events + row.events > max_events:
                    break
                rows.append(row)
                events += row.events
            cursor.close()
        return rows

    def row_sizes_after(
        self, seq: int, limit: int = 100_000
    ) -> list[tuple[int, int, int]]:
        """(seq, hour, number of events) of the next rows."""
        with self._reading_lock:
            return self._reading.execute(
                "select seq, hour, events from inbox where seq > ? order by seq limit ?",
                (seq, limit),
            ).fetchall()

    def first_seq(self) -> int:
        """The oldest row that is still here; else the one that comes next."""
        found = self._one("select min(seq) from inbox")
        return found if found is not None else self.last_seq() + 1

    def last_seq(self) -> int:
        """The newest row there ever was; 0 before the first."""
        return (
            self._one("select max(seq) from sqlite_sequence where name = 'inbox'") or 0
        )

    def events_after(self, seq: int) -> int:
        """The number of events in the rows after `seq`."""
        return self._one("select sum(events) from inbox where seq > ?", seq) or 0

    def continue_after(self, seq: int) -> None:
        """Makes new rows come after `seq`: archive or warehouse know later ones."""
        if self.last_seq() >= seq:
            return

        def write(connection: sqlite3.Connection) -> None:
            connection.execute("delete from sqlite_sequence where name = 'inbox'")
            connection.execute(
                "insert into sqlite_sequence (name, seq) values ('inbox', ?)", (seq,)
            )

        self._writer.do(write)

    def archived(self) -> int:
        """The last row that the archive holds."""
        return self._one("select value from marks where name = 'archived'") or 0

    def mark_archived(self, seq: int) -> None:
        """Says that the archive durably holds the rows up to `seq`."""
        self._writer.do(
            lambda connection: connection.execute(
                "insert into marks (name, value) values ('archived', ?)"
                " on conflict do update set value = max(value, excluded.value)",
                (seq,),
            )
        )

    def remove_through(self, seq: int) -> int:
        """The number of rows removed: those up to `seq` that are archived.

        `seq` is the mark of the warehouse's last checkpoint, never a later one.
        """
        return self._writer.do(
            lambda connection: (
                connection.execute(
                    "delete from inbox where seq <= ? and seq <="
                    " coalesce((select value from marks where name = 'archived'), 0)",
                    (seq,),
                ).rowcount
            )
        )

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
        return [
            LedgerLine(
                site=site, hour=hour, outcome=Outcome(outcome), reason=reason, count=n
            )
            for site, hour, outcome, reason, n in self.read(
                "select site, hour, outcome, reason, count from ledger"
                " order by hour, site, outcome, reason"
            )
        ]

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
        removed = self._writer.do(
            lambda connection: (
                connection.execute(
                    "delete from salts where day < ?", (day - 1,)
                ).rowcount
            )
        )
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
        with self._reading_lock:
            return self._reading.execute(sql, params).fetchall()

    def clean_log(self) -> None:
        """Removes from the log of the file what was overwritten in the file itself."""
        with self._reading_lock:
            for _ in range(LOG_TRIES):
                busy = self._reading.execute("pragma wal_checkpoint(truncate)")
                if not busy.fetchone()[0]:
                    return

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
        with self._reading_lock:
            self._reading.close()

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

    def _make_salts(self, day: int) -> Salts:
        made = os.urandom(16)

        def write(connection: sqlite3.Connection) -> dict[int, bytes]:
            connection.execute("delete from salts where day < ?", (day - 1,))
            connection.execute(
                "insert or ignore into salts (day, salt) values (?, ?)", (day, made)
            )
            return dict(connection.execute("select day, salt from salts").fetchall())

        found = self._writer.do(write)
        return Salts(found[day], found.get(day - 1))

    def _one(self, sql: str, *params: int) -> int | None:
        rows = self.read(sql, *params)
        return None if not rows or rows[0][0] is None else int(rows[0][0])


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(
        path, isolation_level=None, check_same_thread=False, timeout=5
    )
    # Blobs of a group are tens of kB: at 8 kB a page half the calls of 4 kB.
    for setting in (
        "page_size = 8192",
        "journal_mode = wal",
        "synchronous = full",
        "secure_delete = on",
        "wal_autocheckpoint = 4000",
        "journal_size_limit = 67108864",
    ):
        connection.execute(f"pragma {setting}")
    return connection


def _hour(at: int) -> int:
    return at - at % HOUR


def _hour_of(batch: Batch) -> int:
    if batch.events.count:
        return _hour(batch.events.received_at)
    if batch.samples:
        return _hour(batch.samples[0].received_at)
    return _hour(int(time.time() * SECOND))


def _by_hour(ordered: Sequence[Event]) -> Iterator[Sequence[Event]]:
    begin = 0
    for index, event in enumerate(ordered):
        first = ordered[begin]
        if index - begin == ROW_EVENTS or _hour(first.received_at) != _hour(
            event.received_at
        ):
            yield ordered[begin:index]
            begin = index
    if ordered:
        yield ordered[begin:]


def _received(events: Iterable[Event]) -> list[LedgerLine]:
    counts: dict[tuple[str, int], int] = {}
    for event in events:
        key = (event.site, _hour(event.received_at))
        counts[key] = counts.get(key, 0) + 1
    return [
        LedgerLine(site=site, hour=hour, outcome=Outcome.RECEIVED, count=count)
        for (site, hour), count in counts.items()
    ]


def _in_hour(
    events: Sequence[Event], ledger: Mapping[LedgerKey, int]
) -> list[LedgerLine]:
    hour = _hour(events[0].received_at if events else int(time.time() * SECOND))
    return [
        LedgerLine(
            site=key.site,
            hour=hour,
            outcome=key.outcome,
            reason=key.reason,
            count=count,
        )
        for key, count in ledger.items()
    ]


def _line_key(line: LedgerLine) -> tuple[str, int, str, str]:
    return line.site, line.hour, line.outcome, line.reason
