"""The one writer thread of the inbox: many requests, one durable commit."""

import asyncio
import logging
import shutil
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TypeVar

import msgspec

from liveinsight.core.event import EncodedEvents
from liveinsight.errors import StoreUnavailable
from liveinsight.store.inbox_writes import Request, write_group

log = logging.getLogger(__name__)

T = TypeVar("T")

GATHER_S = 0.004
"""The least time between two groups. Each is a commit and some ten hand-overs of
Python's lock: handed over one by one, requests cost twice as much."""


class Gathering:
    """The open group of one event loop; all of it runs on that loop.

    A group is handed over when the loop has done what was ready, at the soonest 4 ms
    after the one before, and not while that one is being committed.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        commit: "Callable[[Gathering, list[Request]], None]",
    ) -> None:
        self.loop = loop
        self._commit = commit
        self._open: list[Request] = []
        self._is_planned = False
        self._handed_over_at = 0.0

    def add(self, request: Request) -> None:
        """Takes the request into the open group."""
        self._open.append(request)
        if not self._is_planned:
            self._plan()

    def settle(self, group: list[Request], failure: StoreUnavailable | None) -> None:
        """Tells those who wait for a group that it is durable, or is not."""
        for request in group:
            # Each its own: an exception that is raised twice grows.
            own = failure and StoreUnavailable(str(failure), failure.retry_after)
            try:
                request.settled(own)
            except Exception:  # one sender's mistake must not keep the others waiting
                log.exception("an answer failed")
        self._is_planned = False
        if self._open:
            self._plan()

    def _plan(self) -> None:
        self._is_planned = True
        soonest = self._handed_over_at + GATHER_S
        if self.loop.time() >= soonest:
            self.loop.call_soon(self._hand_over)
        else:
            self.loop.call_at(soonest, self._hand_over)

    def _hand_over(self) -> None:
        group, self._open = self._open, []
        self._handed_over_at = self.loop.time()
        self._commit(self, group)


class _Group(msgspec.Struct, kw_only=True):
    requests: list[Request]
    gathering: Gathering


class _Job(msgspec.Struct, kw_only=True):
    work: Callable[[sqlite3.Connection], object]
    done: "Future[object]"


class _Stop(msgspec.Struct):
    pass


class GroupCommit(threading.Thread):
    """Commits what is put to it, in order; a failure fails exactly those waiting.

    With less than `min_free_bytes` of disk nothing is promised: the warehouse needs
    room as well.
    """

    def __init__(
        self,
        path: Path,
        connection: sqlite3.Connection,
        settled: Callable[[int, int], None],
        on_commit: Callable[[Sequence[EncodedEvents]], None] | None,
        min_free_bytes: int,
    ) -> None:
        super().__init__(name="inbox-writer", daemon=True)
        self._path = path
        self._connection = connection
        self._settled = settled
        self._on_commit = on_commit
        self._min_free_bytes = min_free_bytes
        self._queue: SimpleQueue[_Group | _Job | _Stop] = SimpleQueue()
        self._is_stopped = False
        self._looked_at_disk = 0.0
        self._disk_is_full = False
        self._known_hosts: set[str] = set()

    def gather(self, loop: asyncio.AbstractEventLoop) -> Gathering:
        """The open group of a loop, whose requests are committed together."""
        return Gathering(loop, self._put)

    def _put(self, gathering: Gathering, requests: list[Request]) -> None:
        self._queue.put(_Group(requests=requests, gathering=gathering))
        if self._is_stopped:
            self._refuse_rest()

    def do(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """The result of `work`, done in a transaction of its own; blocks.

        Raises:
            StoreUnavailable: the disk is full, the file locked, or it is closed.
        """
        done: Future[object] = Future()
        self._queue.put(_Job(work=work, done=done))
        while True:
            try:
                return done.result(timeout=1)  # type: ignore[return-value]  # of work
            except TimeoutError:
                if not self.is_alive():
                    raise StoreUnavailable("the inbox is closed") from None

    def stop(self) -> None:
        """Returns when all that was handed over before is settled; the rest is refused."""
        self._is_stopped = True
        self._queue.put(_Stop())
        self.join()
        self._refuse_rest()
        self._connection.close()

    def _refuse_rest(self) -> None:
        """Answers what was put too late: nobody will take it any more."""
        self.join()
        with suppress(Empty):
            while True:
                item = self._queue.get_nowait()
                if isinstance(item, _Group):
                    self._tell_waiting(item, StoreUnavailable("the server is stopping"))

    def _tell_waiting(self, group: _Group, failure: StoreUnavailable | None) -> None:
        gathering = group.gathering
        with suppress(RuntimeError):  # the loop has closed: nobody waits any more
            gathering.loop.call_soon_threadsafe(
                gathering.settle, group.requests, failure
            )

    def run(self) -> None:
        while True:
            item = self._queue.get()
            if isinstance(item, _Stop):
                return
            if isinstance(item, _Job):
                self._work(item)
            else:
                self._commit(item)

    def _commit(self, group: _Group) -> None:
        failure: StoreUnavailable | None = None
        requests = group.requests
        try:
            self._refuse_without_room()
            self._write(requests)
        except (sqlite3.Error, OSError, ValueError) as error:
            self._roll_back()
            failure = StoreUnavailable(f"the inbox cannot be written: {error}")
        except StoreUnavailable as error:
            failure = error
        events = sum(request.events.count for request in requests)
        self._settled(events, 0 if failure else events)
        self._tell_waiting(group, failure)
        if failure is None and events:
            self._tell([request.events for request in requests if request.events])

    def _tell(self, events: list[EncodedEvents]) -> None:
        if self._on_commit is None:
            return
        try:
            self._on_commit(events)
        except Exception:  # a listener's mistake must not stop what is durable
            log.exception("the listener of the inbox failed")

    def _write(self, group: list[Request]) -> None:
        hosts = {site for request in group for site, _ in request.events.sessions}
        new_hosts = hosts - self._known_hosts
        write_group(self._connection, group, new_hosts)
        self._known_hosts |= new_hosts

    def _work(self, job: _Job) -> None:
        try:
            self._connection.execute("begin immediate")
            result = job.work(self._connection)
            self._connection.execute("commit")
        except sqlite3.Error as error:
            self._roll_back()
            job.done.set_exception(
                StoreUnavailable(f"the inbox cannot be written: {error}")
            )
        except Exception as error:  # noqa: BLE001 it is the caller's, not the thread's
            self._roll_back()
            job.done.set_exception(error)
        else:
            job.done.set_result(result)

    def _roll_back(self) -> None:
        # The engine has often done it itself; on a full disk this may fail as well.
        with suppress(sqlite3.Error):
            if self._connection.in_transaction:
                self._connection.rollback()

    def _refuse_without_room(self) -> None:
        now = time.monotonic()
        if now - self._looked_at_disk >= 1:
            self._looked_at_disk = now
            free = shutil.disk_usage(self._path.parent).free
            self._disk_is_full = free < self._min_free_bytes
        if self._disk_is_full:
            raise StoreUnavailable("the disk is nearly full")
