"""The one writer thread of the inbox: many requests, one durable commit."""

import asyncio
import logging
import shutil
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TypeVar

import msgspec

from liveinsight.core.event import Event
from liveinsight.core.outcome import LedgerKey, Sample
from liveinsight.errors import StoreUnavailable

log = logging.getLogger(__name__)

T = TypeVar("T")

ROW_EVENTS = 1_000
"""The applier takes whole rows, and at most this many events at once."""
GROUP_EVENTS = 4_000
GATHER_S = 0.002
"""How long a group stays open for more, where the last one held several requests."""
MIN_FREE_BYTES = 64 * 1024 * 1024
"""Below this much free disk nothing is promised: the warehouse needs room as well."""


class Request(msgspec.Struct, kw_only=True):
    """One request on its way into the inbox."""

    events: Sequence[Event]
    body: bytes
    hour: int
    ledger: Mapping[LedgerKey, int]
    samples: Sequence[Sample]
    loop: asyncio.AbstractEventLoop
    future: "asyncio.Future[None]"


class _Job(msgspec.Struct, kw_only=True):
    work: Callable[[sqlite3.Connection], object]
    done: "Future[object]"


class _Stop(msgspec.Struct):
    pass


class GroupCommit(threading.Thread):
    """Commits what is put to it, in order; a failure fails exactly those waiting."""

    def __init__(
        self,
        path: Path,
        connection: sqlite3.Connection,
        settled: Callable[[int, int], None],
        on_commit: Callable[[Sequence[Event]], None] | None,
    ) -> None:
        super().__init__(name="inbox-writer", daemon=True)
        self._path = path
        self._connection = connection
        self._settled = settled
        self._on_commit = on_commit
        self._queue: SimpleQueue[Request | _Job | _Stop] = SimpleQueue()
        self._put_back: _Job | _Stop | None = None
        self._looked_at_disk = 0.0
        self._disk_is_full = False
        self._known_hosts: set[str] = set()

    def put(self, request: Request) -> None:
        """Hands over a request; its future settles when its group is durable."""
        self._queue.put(request)

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
        """Returns when all that was put before is settled."""
        self._queue.put(_Stop())
        self.join()
        self._connection.close()

    def run(self) -> None:
        busy = False
        while True:
            item = self._put_back or self._queue.get()
            self._put_back = None
            if isinstance(item, _Stop):
                return
            if isinstance(item, _Job):
                self._work(item)
                continue
            group = self._gather(item, wait=busy)
            busy = len(group) > 1
            self._commit(group)

    def _gather(self, first: Request, *, wait: bool) -> list[Request]:
        if wait:
            # Small groups cost more than waiting: each is a commit and a wake-up.
            time.sleep(GATHER_S)
        group, events = [first], len(first.events)
        while events < GROUP_EVENTS:
            try:
                item = self._queue.get_nowait()
            except Empty:
                break
            if not isinstance(item, Request):
                self._put_back = item
                break
            group.append(item)
            events += len(item.events)
        return group

    def _commit(self, group: list[Request]) -> None:
        failure: StoreUnavailable | None = None
        try:
            self._refuse_without_room()
            self._write(group)
        except (sqlite3.Error, ValueError) as error:
            if self._connection.in_transaction:
                self._connection.rollback()
            failure = StoreUnavailable(f"the inbox cannot be written: {error}")
        except StoreUnavailable as error:
            failure = error
        events = sum(len(request.events) for request in group)
        self._settled(events, 0 if failure else events)
        _wake(group, failure)
        if failure is None and events:
            self._tell([event for request in group for event in request.events])

    def _tell(self, events: list[Event]) -> None:
        if self._on_commit is None:
            return
        try:
            self._on_commit(events)
        except Exception:  # a listener's mistake must not stop what is durable
            log.exception("the listener of the inbox failed")

    def _write(self, group: list[Request]) -> None:
        rows = list(_rows(group))
        hosts = {event.site for request in group for event in request.events}
        new_hosts = hosts - self._known_hosts
        ledger, samples = _counts(group), _samples(group)
        if len(rows) > 1:
            self._connection.execute("begin immediate")
            for hour, events, body in rows[1:]:
                self._connection.execute(
                    "insert into inbox (hour, events, body) values (?, ?, ?)",
                    (hour, events, body),
                )
        hour, events, body = rows[0] if rows else (0, 0, b"")
        self._connection.execute(
            "insert into commits (hour, events, body, ledger, samples, hosts)"
            " values (?, ?, ?, ?, ?, ?)",
            (hour, events, body, ledger, samples, _json(sorted(new_hosts))),
        )
        if len(rows) > 1:
            self._connection.execute("commit")
        self._known_hosts |= new_hosts

    def _work(self, job: _Job) -> None:
        try:
            self._connection.execute("begin immediate")
            result = job.work(self._connection)
            self._connection.execute("commit")
        except sqlite3.Error as error:
            if self._connection.in_transaction:
                self._connection.rollback()
            job.done.set_exception(
                StoreUnavailable(f"the inbox cannot be written: {error}")
            )
        else:
            job.done.set_result(result)

    def _refuse_without_room(self) -> None:
        now = time.monotonic()
        if now - self._looked_at_disk >= 1:
            self._looked_at_disk = now
            free = shutil.disk_usage(self._path.parent).free
            self._disk_is_full = free < MIN_FREE_BYTES
        if self._disk_is_full:
            raise StoreUnavailable("the disk is nearly full")


def _rows(group: list[Request]) -> Iterator[tuple[int, int, bytes]]:
    """(hour, number, body) of the rows: whole requests of one hour, few enough."""
    hour, events, bodies = 0, 0, list[bytes]()
    for request in group:
        count = len(request.events)
        if not count:
            continue
        if bodies and (request.hour != hour or events + count > ROW_EVENTS):
            yield hour, events, b"".join(bodies)
            events, bodies = 0, []
        hour = request.hour
        events += count
        bodies.append(request.body)
    if bodies:
        yield hour, events, b"".join(bodies)


def _counts(group: list[Request]) -> str:
    counts: dict[tuple[int, LedgerKey], int] = {}
    for request in group:
        for key, count in request.ledger.items():
            line = (request.hour, key)
            counts[line] = counts.get(line, 0) + count
    return _json(
        [
            (key.site, hour, key.outcome, key.reason, count)
            for (hour, key), count in counts.items()
        ]
    )


def _samples(group: list[Request]) -> str:
    return _json([sample for request in group for sample in request.samples])


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _wake(group: list[Request], failure: StoreUnavailable | None) -> None:
    """One wake-up a loop, not one a request: that was a third of the writer's time."""
    waiting: dict[asyncio.AbstractEventLoop, list[asyncio.Future[None]]] = {}
    for request in group:
        waiting.setdefault(request.loop, []).append(request.future)
    for loop, futures in waiting.items():
        if not loop.is_closed():
            loop.call_soon_threadsafe(_settle, futures, failure)


def _settle(
    futures: list["asyncio.Future[None]"], failure: StoreUnavailable | None
) -> None:
    for future in futures:
        if future.done():  # its request was cancelled: the events stay recorded
            continue
        if failure is None:
            future.set_result(None)
        else:
            future.set_exception(StoreUnavailable(str(failure), failure.retry_after))
