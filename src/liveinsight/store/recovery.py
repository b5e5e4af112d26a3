"""Building one machine's warehouse anew, from inbox and archive.

They hold all that was acknowledged. The newest is applied first, so that the live
page works meanwhile.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec

from liveinsight.core.event import Event
from liveinsight.core.limits import SESSION_SILENCE
from liveinsight.core.session import fold
from liveinsight.errors import StoreError, StoreUnavailable
from liveinsight.store.archive import Archive, ArchiveObject
from liveinsight.store.inbox import Inbox
from liveinsight.store.keeper import Keeper, Refill, logs_of, set_aside
from liveinsight.store.running import RunningSession
from liveinsight.store.warehouse import (
    INBOX,
    DamagedError,
    Warehouse,
    was_closed_well,
)

log = logging.getLogger(__name__)

REBUILD = "rebuild"
"""The mark of an unfinished rebuild: its value is the inbox's first row then."""
_DONE = -1

Report = Callable[[int, int], None]
"""Told of (events done, events in all)."""


class Progress(msgspec.Struct, frozen=True):
    """How far a rebuild is, in events."""

    done: int
    total: int


class Opened(msgspec.Struct, frozen=True, kw_only=True):
    """A warehouse that can be asked, and what still fills it from the archive."""

    warehouse: Warehouse
    rebuild: "Rebuild | None"
    recovery: "Recovery"


class Rebuild:
    """Applies the archive in the background, the newest first; resumable."""

    def __init__(self, warehouse: Warehouse, archive: Archive, before: int) -> None:
        self._warehouse = warehouse
        self._archive = archive
        self._objects = [found for found in archive.objects() if found.last < before]
        self._total = sum(found.events for found in self._objects)
        self._done = 0
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="rebuild", daemon=True)

    @property
    def total(self) -> int:
        """The number of events in the objects that it applies."""
        return self._total

    @property
    def is_needed(self) -> bool:
        """Whether there is any object to apply."""
        return bool(self._objects)

    def start(self) -> None:
        """Begins, or goes on where the last process was stopped."""
        self._thread.start()

    def stop(self) -> None:
        """Returns when the batch in hand is committed."""
        self._stopping.set()
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join(10)

    def progress(self) -> Progress | None:
        """How far it is; None when it is done."""
        return Progress(self._done, self._total) if self._thread.is_alive() else None

    def run(self, report: Report | None = None, *, batch_events: int = 1_000) -> None:
        """Applies what is missing; returns when all is there, or when stopped.

        Raises:
            StoreError: the warehouse failed.
        """
        marks = self._warehouse.marks()
        for found in reversed(self._objects):
            name = f"archive:{found.name}"
            done = marks.get(name, 0)
            if done != _DONE:
                self._apply(found, name, done, batch_events, report)
            else:
                self._done += found.events
            if self._stopping.is_set():
                return
        self._warehouse.set_mark(REBUILD, None)
        for found in self._objects:
            self._warehouse.set_mark(f"archive:{found.name}", None)
        self._warehouse.checkpoint()

    def _apply(
        self,
        found: ArchiveObject,
        name: str,
        done: int,
        batch_events: int,
        report: Report | None,
    ) -> None:
        self._done += done
        try:
            for batch in _batches(self._archive.read(found), done, batch_events):
                done += len(batch)
                self._warehouse.apply(batch, {name: done})
                self._done += len(batch)
                if report is not None:
                    report(self._done, self._total)
                if self._stopping.is_set():
                    return
                if report is None:
                    time.sleep(0.01)  # live questions go first
        except (DamagedError, StoreUnavailable):
            raise
        except StoreError:
            log.exception("an object of the archive cannot be read to its end")
        self._warehouse.set_mark(name, _DONE)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self.run()
            except StoreUnavailable:
                self._done = 0
                self._stopping.wait(1)
            except StoreError:
                # The applier meets the same damage, and starts another rebuild.
                log.exception("the rebuild stopped")
                return
            else:
                return


class Recovery(Keeper):
    """The keeper of one machine's warehouse: inbox and archive fill it again."""

    def __init__(
        self,
        path: Path,
        inbox: Inbox,
        archive: Archive,
        *,
        memory_mb: int = 256,
        threads: int = 2,
    ) -> None:
        super().__init__(path, memory_mb=memory_mb, threads=threads)
        self._inbox = inbox
        self._archive = archive
        self.rebuild: Rebuild | None = None

    @property
    def refill(self) -> Refill | None:
        """The rebuild from the archive."""
        return self.rebuild

    def open(self) -> None:
        """Opens the warehouse, whatever state its files are in.

        Raises:
            StoreUnavailable: another process has it open, or the disk is full.
        """
        self._inbox.continue_after(self._archive.last_seq())
        super().open()

    def _fit(self) -> None:
        marks = self.warehouse.marks()
        mark = marks.get(INBOX)
        first = self._inbox.first_seq()
        if mark is not None and mark + 1 < first:
            # An older file was put back: rows after its mark are in the archive only.
            log.warning("the warehouse is older than the inbox and is built anew")
            self._start_over()
            return
        if mark is None:
            self.warehouse.set_mark(INBOX, first - 1)
            marks[REBUILD] = first
            self.warehouse.set_mark(REBUILD, first)
        else:
            self._inbox.continue_after(mark)
        self.rebuild = None
        if REBUILD in marks:
            rebuild = Rebuild(self.warehouse, self._archive, marks[REBUILD])
            if rebuild.is_needed:
                self.rebuild = rebuild
            else:
                self.warehouse.set_mark(REBUILD, None)


def open_warehouse(
    data_dir: Path,
    inbox: Inbox,
    archive: Archive,
    *,
    memory_mb: int = 256,
    threads: int = 2,
) -> Opened:
    """The warehouse of a data directory, in whatever state its files are.

    Call `recovery.start()` when the applier runs: it begins the rebuild, if there is
    one. Give the applier `recovery.recover` as `on_damage`; a rebuild that begins
    later is in `recovery.rebuild`.

    Raises:
        StoreUnavailable: another process has it open, or the disk is full.
    """
    path = data_dir / "warehouse.duckdb"
    recovery = Recovery(path, inbox, archive, memory_mb=memory_mb, threads=threads)
    recovery.open()
    return Opened(
        warehouse=recovery.warehouse, rebuild=recovery.rebuild, recovery=recovery
    )


def rebuild(data_dir: Path, progress: Report) -> int:
    """The number of events in a warehouse built from archive and inbox alone.

    The server must be down. The old file serves until the new one is complete.
    """
    path, made = data_dir / "warehouse.duckdb", data_dir / "warehouse.new.duckdb"
    for left in [made, *logs_of(made)]:
        left.unlink(missing_ok=True)
    inbox = Inbox(data_dir / "inbox.sqlite3")
    archive = Archive(data_dir / "archive")
    try:
        inbox.continue_after(archive.last_seq())
        warehouse = Warehouse.open(made)
        first = inbox.first_seq()
        waiting = inbox.events_after(0)
        from_archive = Rebuild(warehouse, archive, first)
        from_archive.run(
            lambda done, total: progress(done, total + waiting), batch_events=5_000
        )
        done, mark = from_archive.total, first - 1
        while rows := inbox.rows_after(mark, 5_000):
            events = [event for row in rows for event in row.events]
            mark = rows[-1].seq
            warehouse.apply(events, {INBOX: mark})
            done += len(events)
            progress(done, from_archive.total + waiting)
        warehouse.set_mark(INBOX, mark)
        warehouse.checkpoint()
        ((stored,),) = warehouse.query("select count(*) from events")
        warehouse.close()
    finally:
        inbox.close()
    set_aside(logs_of(path))
    made.replace(path)
    was_closed_well(path)
    was_closed_well(made)
    return int(str(stored))


def seed_running(inbox: Inbox, warehouse: Warehouse, now: int) -> None:
    """Tells the inbox which sessions run, from the warehouse and what is unapplied."""
    rows = warehouse.query(
        "select runs.site, users.user_id, session_id, start_time, last_activity"
        " from runs join users using (user_key) where last_activity >= ?",
        (now - SESSION_SILENCE,),
    )
    inbox.seed_running(
        RunningSession(
            site=str(site),
            user=str(user),
            session_id=str(session_id),
            start=int(str(start)),
            last=int(str(last)),
        )
        for site, user, session_id, start, last in rows
    )
    seq = warehouse.mark()
    for row in inbox.rows_after(seq, 50_000):
        given = {(e.site, e.user): e.session_id for e in row.events}
        inbox.seed_running(
            RunningSession(
                site=run.site,
                user=run.user,
                session_id=given[run.site, run.user],
                start=run.start_time,
                last=run.last_activity,
            )
            for run in fold(row.events)
        )


def _batches(
    events: Iterable[Event], skip: int, batch_events: int
) -> Iterable[list[Event]]:
    batch: list[Event] = []
    for index, event in enumerate(events):
        if index >= skip:
            batch.append(event)
        if len(batch) == batch_events:
            yield batch
            batch = []
    if batch:
        yield batch
