"""The one thread that takes a source's events into the warehouse, in its order."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue

import msgspec

from liveinsight.core.event import Event
from liveinsight.core.limits import SECOND
from liveinsight.errors import StoreError, StoreUnavailable
from liveinsight.store.apply import Applied
from liveinsight.store.engine import DamagedError
from liveinsight.store.source import Portion, Source
from liveinsight.store.warehouse import Warehouse

log = logging.getLogger(__name__)

BATCH_EVENTS = 1_000
BEHIND_EVENTS = 20_000
CATCH_UP_EVENTS = 2_000
"""In a batch when that far behind (history, a rebuild): twice the rows a second."""
SHORTEST_PAUSE = 0.05
LONGEST_PAUSE = 0.25
CATCHING_UP_REST = 0.25
BUSY_DOOR_REST = 4.0
"""Of the last batch's time: while the backlog grows, a fifth of a core is enough."""
LONGEST_REST = 2.0
CHECKPOINT_SECONDS = 300
CHECKPOINT_EVENTS = 250_000
"""Between two checkpoints: bounds the log that a start after kill -9 replays."""
CHECKPOINT_REST = 30
"""Seconds after one that failed: each batch would have to wait for another."""

MEND_SECONDS = 60
"""Between two openings of a warehouse that questions call damaged."""


class ApplierStats(msgspec.Struct, frozen=True, kw_only=True):
    """How far the warehouse is behind, and what a batch costs."""

    backlog_events: int
    applied_through_received_at: int
    """The latest receipt (ms) that can be asked for."""
    applied_events: int
    duplicates: int
    conflicts: int
    unstorable: int
    """Events that the engine refused; logged, and passed over."""
    last_batch_events: int
    last_batch_ms: int
    last_checkpoint_ms: int
    checkpointed_mark: int
    """The inbox may forget archived rows up to this one."""


class Applier:
    """Applies until stopped.

    Args:
        on_applied: told of the events of a batch, in this thread, once queryable.
        on_damage: mends the warehouse in place (`recovery.Recovery.recover`).
    """

    def __init__(
        self,
        source: Source,
        warehouse: Warehouse,
        *,
        on_applied: Callable[[Sequence[Event]], None] | None = None,
        on_damage: Callable[[], None] | None = None,
    ) -> None:
        self._source = source
        self._warehouse = warehouse
        self._on_applied = on_applied
        self._on_damage = on_damage
        self._between: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._stopping = threading.Event()
        self._drain_until = 0.0
        self._thread = threading.Thread(target=self._run, name="applier", daemon=True)
        self._generation = 0
        self._received_at = 0
        self._totals = Applied()
        self._unstorable = 0
        self._last_events = 0
        self._last_s = 0.0
        self._checkpointed = 0
        self._checkpoint_at = 0.0
        self._checkpoint_again_at = 0.0
        self._since_checkpoint = 0
        self._backlog = 0
        self._is_failing = False
        self._is_damaged = False
        self._believe_questions_at = 0.0

    def start(self) -> None:
        """Begins where the warehouse's mark is."""
        self._find_place()
        self._thread.start()

    def stop(self, *, drain: bool = True, timeout: float = 5.0) -> None:
        """Returns when the last batch is committed; with `drain`, all that waits."""
        self._drain_until = time.monotonic() + (timeout if drain else 0)
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(timeout + 5)

    def call_between_batches(self, work: Callable[[], None]) -> None:
        """Has the applier's thread do `work`, then find its place again."""
        self._between.put(work)

    def apply_waiting(self) -> None:
        """Applies all that waits, in the calling thread; for one not started.

        Raises:
            StoreError: the warehouse failed.
        """
        self._find_place()
        while self._source.backlog > 0:
            self._apply_next()

    def stats(self) -> ApplierStats:
        """How far the warehouse is behind, and what a batch costs."""
        return ApplierStats(
            backlog_events=self._source.backlog,
            applied_through_received_at=self._received_at,
            applied_events=self._totals.stored,
            duplicates=self._totals.duplicates,
            conflicts=self._totals.conflicts,
            unstorable=self._unstorable,
            last_batch_events=self._last_events,
            last_batch_ms=int(self._last_s * SECOND),
            last_checkpoint_ms=self._warehouse.last_checkpoint_ms,
            checkpointed_mark=self._checkpointed,
        )

    def _find_place(self) -> None:
        self._generation = self._warehouse.generation
        self._source.find_place(self._warehouse.marks())
        self._checkpointed = 0
        self._checkpoint_at = time.monotonic() + CHECKPOINT_SECONDS

    def _run(self) -> None:
        while True:
            try:
                self._mend_if_damaged()
                self._do_between()
                self._apply_next()
                self._checkpoint_if_due()
                self._is_failing = False
            except DamagedError:
                self._is_damaged = True
                self._rest_after("the warehouse is damaged")
            except Exception:  # noqa: BLE001 whatever it is, this thread must go on
                self._rest_after("events cannot be applied")
            if self._stopping.is_set() and (
                self._source.backlog <= 0 or time.monotonic() > self._drain_until
            ):
                return
            self._pause()

    def _rest_after(self, failure: str) -> None:
        # Said once in a row of failures: a full disk must not fill with logs of it.
        if not self._is_failing:
            log.exception(failure)
        self._is_failing = True
        self._last_events = 0
        self._stopping.wait(LONGEST_PAUSE)

    def _do_between(self) -> None:
        try:
            work = self._between.get_nowait()
        except Empty:
            return
        try:
            work()
        finally:
            self._find_place()

    def _apply_next(self) -> None:
        self._last_events = 0
        if self._generation != self._warehouse.generation:
            self._find_place()
        is_far_behind = self._source.backlog >= BEHIND_EVENTS
        portion = self._source.next_portion(
            CATCH_UP_EVENTS if is_far_behind else BATCH_EVENTS
        )
        if portion is None:
            return
        began = time.perf_counter()
        self._apply(portion)
        self._last_s = time.perf_counter() - began
        self._last_events = len(portion.events)
        self._since_checkpoint += len(portion.events)
        received = [event.received_at for event in portion.events]
        self._received_at = max([self._received_at, *received])
        self._source.note_applied(portion)
        if self._on_applied is not None:
            self._on_applied(portion.events)

    def _apply(self, portion: Portion) -> None:
        events, marks, generation = portion.events, portion.marks, self._generation
        try:
            self._count(self._warehouse.apply(events, marks, generation=generation))
        except (DamagedError, StoreUnavailable):
            raise
        except StoreError:
            log.exception("a batch is refused; its events are tried one by one")
            for event in events:
                self._apply_one(event)
            self._warehouse.apply((), marks, generation=generation)

    def _apply_one(self, event: Event) -> None:
        try:
            self._count(self._warehouse.apply([event]))
        except (DamagedError, StoreUnavailable):
            raise
        except StoreError:
            self._unstorable += 1
            log.exception("an event cannot be stored: %s", event.event_id)

    def _count(self, applied: Applied) -> None:
        self._totals = Applied(
            stored=self._totals.stored + applied.stored,
            duplicates=self._totals.duplicates + applied.duplicates,
            conflicts=self._totals.conflicts + applied.conflicts,
        )

    def _checkpoint_if_due(self) -> None:
        now = time.monotonic()
        if not self._since_checkpoint or now < self._checkpoint_again_at:
            return
        caught_up = self._since_checkpoint >= CHECKPOINT_EVENTS
        if caught_up or now >= self._checkpoint_at:
            try:
                self._checkpointed = self._warehouse.checkpoint()
            except StoreUnavailable:
                # Its log holds them all: what is late is that a start replays more.
                log.warning("the warehouse's checkpoint has to wait", exc_info=True)
                self._checkpoint_again_at = time.monotonic() + CHECKPOINT_REST
                return
            self._since_checkpoint = 0
            self._checkpoint_at = time.monotonic() + CHECKPOINT_SECONDS

    def _mend_if_damaged(self) -> None:
        if self._warehouse.damaged and time.monotonic() >= self._believe_questions_at:
            # A question that always fails must not have the file opened for ever.
            self._believe_questions_at = time.monotonic() + MEND_SECONDS
            self._is_damaged = True
        if self._is_damaged and self._on_damage is not None:
            self._on_damage()
            self._is_damaged = False
            self._find_place()

    def _pause(self) -> None:
        backlog, before = self._source.backlog, self._backlog
        self._backlog = backlog
        if self._last_events >= BATCH_EVENTS // 2:
            # Behind: hardly rest, but let the event loop have Python's lock. Where
            # events come faster than they are applied, the door goes first.
            share = BUSY_DOOR_REST if backlog > before else CATCHING_UP_REST
            self._stopping.wait(min(LONGEST_REST, self._last_s * share))
        elif not self._stopping.is_set():
            rest = 2 * self._last_s if self._last_events else SHORTEST_PAUSE
            self._stopping.wait(min(max(rest, SHORTEST_PAUSE), LONGEST_PAUSE))
