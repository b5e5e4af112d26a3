"""The demo's past: two weeks of visits before the server answers, the rest after.

Loading that was interrupted goes on where it was: newer days are loaded oldest
first, from the newest event on; older ones newest first, from the oldest back.
"""

import logging
import threading
import time
from collections.abc import Iterator, Sequence
from typing import Final

import click

from liveinsight.core.event import Event
from liveinsight.core.limits import DAY, MINUTE
from liveinsight.core.ports import Reader
from liveinsight.demo.catalogue import SITE
from liveinsight.demo.history import DAYS, day_before, start_of
from liveinsight.errors import StoreError
from liveinsight.store.inbox import Inbox
from liveinsight.store.warehouse import INBOX, Warehouse

log = logging.getLogger(__name__)

FIRST_DAYS: Final = 14
"""Loaded before the server answers, with today: a week, and one to compare it with."""
GAP: Final = MINUTE
"""A demo that was off for longer has this time filled with visits, too."""
BATCH: Final = 5_000
"""Events at once while nobody else asks: half of the time that 1,000 need."""
BESIDE: Final = 3_000
"""Events at once while others ask: little enough that the live page is not behind."""
MOST_WAITING: Final = 1_000
"""Events that wait for the applier; with more, none is added."""
LOOK_EVERY: Final = 0.05
"""Seconds."""


def load_newest(inbox: Inbox, warehouse: Warehouse) -> None:
    """Loads the events after the newest that is there.

    All that waits must be applied, and the applier not be running.
    """
    now = time.time_ns() // 1_000_000
    _, newest = find_ends(warehouse)
    if newest > now - GAP:
        return
    days = min(DAYS, (now - newest) // DAY + 1) if newest else FIRST_DAYS
    with click.progressbar(range(days, -1, -1), label="Loading past visits") as bar:
        for ago in bar:
            events = [each for each in day_before(now, ago) if each.time > newest]
            for batch in batches(events, BATCH):
                inbox.append(batch)
                warehouse.apply(batch, {INBOX: inbox.rows.last_seq()})
    warehouse.checkpoint()


class OlderVisits:
    """Loads the days before the oldest event while the server answers."""

    def __init__(self, inbox: Inbox, reader: Reader) -> None:
        self._inbox = inbox
        self._reader = reader
        self._share = 0.0
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="demo", daemon=True)

    def start(self) -> None:
        """Begins, or goes on where the last process was stopped."""
        self._thread.start()

    def stop(self) -> None:
        """Returns when the events in hand are durable."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(10)

    def progress(self) -> float | None:
        """0-1; None when all is there."""
        return self._share if self._thread.is_alive() else None

    def _run(self) -> None:
        try:
            self._load()
        except StoreError:  # the next start goes on
            log.exception("the demo's older visits are not loaded")

    def _load(self) -> None:
        now = time.time_ns() // 1_000_000
        oldest, _ = find_ends(self._reader)
        missing = [ago for ago in range(DAYS + 1) if start_of(now, ago) < oldest]
        for done, ago in enumerate(missing):
            events = [each for each in day_before(now, ago) if each.time < oldest]
            for batch in batches(events[::-1], BESIDE):
                while self._inbox.backlog >= MOST_WAITING:
                    if self._stopping.wait(LOOK_EVERY):
                        return
                self._inbox.append(batch)
            self._share = (done + 1) / len(missing)


def find_ends(reader: Reader) -> tuple[int, int]:
    """The times of the shop's oldest and newest event, ms; 0 where there is none."""
    ((oldest, newest),) = reader.query(
        "select coalesce(min(time), 0), coalesce(max(time), 0)"
        " from events where site = ?",
        (SITE,),
    )
    return int(str(oldest)), int(str(newest))


def batches(events: Sequence[Event], size: int) -> Iterator[Sequence[Event]]:
    """The events, that many at a time."""
    return (events[at : at + size] for at in range(0, len(events), size))
