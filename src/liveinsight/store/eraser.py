"""Erases people from all that one machine holds, and goes on after a kill.

1. archive    searched, its copies noted, then its objects rewritten; in this thread
2. inbox      its rows rewritten and the ledger corrected, in one transaction
3. warehouse  the rows deleted, in one transaction, then the file written anew
4. copies     damaged files that were set aside, and what runs in memory
5. the row of the erasure itself

From 2 on in the applier's thread, between two batches, and only when all that had come
when it was asked for is applied: so nothing of the person is on its way between the
stores. Each step finds nothing to do where it has been done.
"""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Final

import msgspec

from liveinsight.errors import LiveInsightError, StoreError
from liveinsight.store.applier import Applier
from liveinsight.store.archive import Archive, ArchiveObject
from liveinsight.store.erasures import Erasure, Erasures
from liveinsight.store.inbox import Inbox
from liveinsight.store.person import Copy, Person, copy_of, find_events, part
from liveinsight.store.rebuild import REBUILD
from liveinsight.store.recovery import Recovery

log = logging.getLogger(__name__)

RETRY_SECONDS: Final = 5.0
LOOK_SECONDS: Final = 0.5
_KEPT_RESULTS: Final = 100


class Erased(msgspec.Struct, frozen=True, kw_only=True):
    """What became of an erasure."""

    person: Person
    events: int
    """Copies that were stored or duplicates, in the stores together."""
    unreadable: int
    """Objects of the archive that are broken: they are as they were."""


class Asked(msgspec.Struct, frozen=True):
    """An erasure that will be done, by its number."""

    number: int


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How far an erasure is: 0-1, and None when it is done."""

    done: float | None
    erased: Erased | None = None
    """What became of it; None where a process before this one did it."""


class Stores(msgspec.Struct, frozen=True, kw_only=True):
    """What one machine keeps events in."""

    inbox: Inbox
    archive: Archive
    recovery: Recovery
    applier: Applier


class Eraser:
    """Does the erasures of a machine, one after the other, in a thread of its own.

    Args:
        archiving: held while objects of the archive may not be made or removed.
        is_rebuilding: whether the archive is being read; erasures wait for that.
        forget: told whom the live page and the door are to forget, and the ids that
            replies gave for their sessions.
        done: told of each erasure that is complete.
    """

    def __init__(
        self,
        stores: Stores,
        *,
        archiving: AbstractContextManager[object],
        is_rebuilding: Callable[[], bool],
        forget: Callable[[Person, list[str]], None] = lambda _, __: None,
        done: Callable[[Erased], None] = lambda _: None,
    ) -> None:
        self._inbox = stores.inbox
        self._archive = stores.archive
        self._recovery = stores.recovery
        self._applier = stores.applier
        self._archiving = archiving
        self._is_rebuilding = is_rebuilding
        self._forget = forget
        self._done = done
        self._table = Erasures(stores.inbox)
        self._searched = 0.0
        self._unreadable: dict[int, int] = {}
        self._results: dict[int, Erased] = {}
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="eraser", daemon=True)

    def start(self) -> None:
        """Begins, with what a process before left to be done."""
        self._thread.start()

    def stop(self) -> None:
        """Ends at the next object; the next process goes on there."""
        self._stopping.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(30)

    def ask(self, person: Person) -> Asked:
        """The erasure, which will be done whatever happens to the process.

        Raises:
            StoreUnavailable: the inbox does not take it.
        """
        number = self._table.ask(person)
        self._wake.set()
        return Asked(number)

    def people(self) -> list[Person]:
        """Who is being erased."""
        return list(self._table.people().values())

    def progress(self, asked: Asked) -> Progress:
        """How far it is."""
        if asked.number in self._table.people():
            return Progress(done=self._searched)
        return Progress(done=None, erased=self._results.get(asked.number))

    def _run(self) -> None:
        is_failing = False
        while not self._stopping.is_set():
            self._wake.clear()
            try:
                while self._table.people() and not self._stopping.is_set():
                    self._erase_waiting()
                is_failing = False
                self._wake.wait()
            except LiveInsightError:
                if not is_failing:  # once in a row of failures
                    log.exception("a visitor cannot be erased yet")
                is_failing = True
                self._stopping.wait(RETRY_SECONDS)

    def _erase_waiting(self) -> None:
        """Whoever waits now, at once: the file is written anew once for all."""
        while self._is_rebuilding():
            if self._stopping.wait(LOOK_SECONDS):
                return
        with self._archiving:
            for erasure in self._table.waiting():
                if erasure.forgotten is None:
                    self._clean_archive(erasure)
                if self._stopping.is_set():
                    return
            self._finish_between_batches()

    # The archive.

    def _clean_archive(self, erasure: Erasure) -> None:
        """Without the person, and what it held noted before it is changed."""
        holding: list[ArchiveObject] = []
        copies: list[Copy] = []
        unreadable = 0
        objects = self._archive.objects()
        for number, found in enumerate(objects):
            self._searched = number / len(objects)
            if self._stopping.is_set():
                return
            try:
                events = find_events(self._archive.blocks(found), erasure.person)
                theirs = [copy_of(event) for event in events]
            except (StoreError, msgspec.DecodeError):
                log.exception("an object of the archive is broken, and left")
                unreadable += 1
                continue
            if theirs:
                holding.append(found)
                copies += theirs
        self._unreadable[erasure.id] = unreadable
        if erasure.copies is None:
            self._table.note_copies(erasure, copies)
        for found in holding:
            self._archive.replace(found, self._others(found, erasure.person))
        self._searched = 1.0

    def _others(self, found: ArchiveObject, person: Person) -> Iterator[bytes]:
        return (part(block, person)[0] for block in self._archive.blocks(found))

    # The rest, in the applier's thread.

    def _finish_between_batches(self) -> None:
        """Returns when all who wait are erased.

        Raises:
            StoreError: a store failed; the same may be done again.
        """
        ended = threading.Event()
        failures: list[BaseException] = []

        def work() -> None:
            try:
                waiting = self._table.waiting()
                if not self._is_applied(waiting):
                    self._applier.call_between_batches(work)
                    return
                self._finish(waiting)
            except BaseException as error:
                failures.append(error)
                ended.set()
                raise
            ended.set()

        self._applier.call_between_batches(work)
        while not ended.wait(LOOK_SECONDS):
            if self._stopping.is_set():
                return
        if failures:
            raise StoreError(f"erasing failed: {failures[0]}") from failures[0]

    def _is_applied(self, waiting: list[Erasure]) -> bool:
        """Whether the warehouse has all that had come when they asked."""
        mark = self._recovery.warehouse.mark()
        wanted = max(
            [self._inbox.rows.archived(), *(erasure.asked_seq for erasure in waiting)]
        )
        return mark >= wanted or not self._inbox.rows.events_after(mark)

    def _finish(self, waiting: list[Erasure]) -> None:
        warehouse = self._recovery.warehouse
        mark = warehouse.mark()
        results = []
        for erasure in waiting:
            if erasure.forgotten is None and erasure.copies is None:
                continue  # asked for meanwhile: its archive is still to be searched
            copies = erasure.forgotten or self._table.forget(erasure, mark)
            ids = warehouse.session_ids(erasure.person)
            warehouse.erase(erasure.person, copies)
            self._forget(erasure.person, ids)
            results.append((erasure, copies))
        if REBUILD in warehouse.marks():
            # Begun by damage: it may have read objects as they were before.
            self._recovery.start_over()
        else:
            warehouse.rewrite()
        self._recovery.remove_set_aside()
        for erasure, copies in results:
            erased = Erased(
                person=erasure.person,
                events=copies.total,
                unreadable=self._unreadable.pop(erasure.id, 0),
            )
            self._results[erasure.id] = erased
            while len(self._results) > _KEPT_RESULTS:
                del self._results[next(iter(self._results))]
            self._table.close(erasure)
            self._done(erased)
