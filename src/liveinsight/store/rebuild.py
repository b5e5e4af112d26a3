"""Filling one machine's warehouse anew, from inbox and archive.

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
from liveinsight.errors import StoreError, StoreUnavailable
from liveinsight.store.archive import Archive, ArchiveObject
from liveinsight.store.closed_well import was_closed_well
from liveinsight.store.engine import DamagedError
from liveinsight.store.inbox import Inbox
from liveinsight.store.keeper import logs_of, set_aside
from liveinsight.store.warehouse import INBOX, Warehouse

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
        # Refused while a long question is under way: then the marks are still needed.
        self._warehouse.checkpoint()
        self._warehouse.set_mark(REBUILD, None)
        for found in self._objects:
            self._warehouse.set_mark(f"archive:{found.name}", None)

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
        inbox.rows.continue_after(archive.last_seq())
        warehouse = Warehouse.open(made)
        first = inbox.rows.first_seq()
        waiting = inbox.rows.events_after(0)
        from_archive = Rebuild(warehouse, archive, first)
        from_archive.run(
            lambda done, total: progress(done, total + waiting), batch_events=5_000
        )
        done, mark = from_archive.total, first - 1
        while rows := inbox.rows.after(mark, 5_000):
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
