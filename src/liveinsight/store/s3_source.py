"""What an applier takes from the archive in S3: what is new, then history backwards.

Objects of the last two days are followed: each has a mark `archive:NAME`, which counts
its applied events or says that all are. Before the `s3:floor` of these days, history
is loaded a day at a time, the newest first, down to the mark `s3:loaded`. All marks
are committed with the events that they are about, so a process may end anywhere.
"""

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import Final

from liveinsight.core.event import Event
from liveinsight.core.limits import DAY, HOUR
from liveinsight.errors import StoreError, StoreUnavailable
from liveinsight.store.archive_s3 import S3Archive, S3Object, folder_of
from liveinsight.store.source import Portion

log = logging.getLogger(__name__)

FOLLOWED: Final = 2 * DAY
"""Twice what a stream keeps its records for: later than that nothing is written."""
SWEEP_SECONDS: Final = 600
"""Between two lists of all followed days: a shard that was held up writes late."""
FETCHED_AHEAD: Final = 12
"""Objects, each some 30 ms away: a day of half-minute objects would take minutes."""
SMALL_BYTES: Final = 128 * 1024
"""Compressed; a larger object is read as it is applied, so memory stays bounded."""
OBJECTS_AT_ONCE: Final = 100
"""In a portion: each has a mark to be written."""
LOADING_EVENTS: Final = 20_000
"""As many events that wait are worth saying so."""

FLOOR: Final = "s3:floor"
LOADED: Final = "s3:loaded"
_DONE: Final = -1


class S3Source:
    """Implements store.source.Source; used by one thread, but for what it tells."""

    def __init__(
        self, archive: S3Archive, clock: Callable[[], int], *, poll_seconds: float = 10
    ) -> None:
        self._archive = archive
        self._clock = clock
        self._poll_seconds = poll_seconds
        self._fetchers = ThreadPoolExecutor(FETCHED_AHEAD // 2, "archive")
        self._begin()

    def _begin(self) -> None:
        self._marks: dict[str, int] = {}
        self._floor = 0
        self._loaded = 0
        self._day: int | None = None
        self._queue: list[S3Object] = []
        self._fetched: dict[str, Future[list[Event]]] = {}
        self._reading: tuple[str, int, Iterator[Event]] | None = None
        self._portion: Portion | None = None
        self._list_at = self._sweep_at = 0.0
        self._listed_at = self._complete_through = 0
        self._days: list[int] = []
        self._days_in_all = 0
        self._most_waiting = 0

    @property
    def backlog(self) -> int:
        """Events of the listed objects that are not applied."""
        return sum(
            max(found.events - self._marks.get(_mark(found), 0), 0)
            for found in self._queue
        )

    @property
    def complete_through(self) -> int:
        """When the archive was listed of which all that is followed is applied; ms."""
        return self._complete_through

    def progress(self) -> float | None:
        """0-1 while history is loaded, or much is caught up with; else None."""
        waiting = self.backlog
        if self._listed_at and not self._loaded and waiting < LOADING_EVENTS:
            return None
        left: float = len(self._days)  # and what is followed counts as one more day
        if self._day is not None or not self._complete_through:
            left += waiting / self._most_waiting if self._most_waiting else 1
        return max(0.0, 1 - left / (self._days_in_all + 1))

    def find_place(self, marks: Mapping[str, int]) -> None:
        """Goes on from the marks; without any, from two days ago and backwards."""
        self._begin()
        self._marks = {n: v for n, v in marks.items() if n.startswith("archive:")}
        self._floor = marks.get(FLOOR, _hour_of(self._clock() - FOLLOWED))
        self._loaded = marks.get(LOADED, self._floor)

    def next_portion(self, most: int) -> Portion | None:
        """Events of one or several objects; the newest objects first.

        Raises:
            StoreUnavailable: the bucket does not answer.
        """
        if self._portion is not None:
            return self._portion
        if time.monotonic() >= self._list_at:
            self._list_followed()
        self._see_what_is_complete()
        if not self._queue:
            self._portion = self._load_day() if self._loaded else self._follow_less()
        if self._queue and self._portion is None:
            self._portion = self._read_portion(most)
        return self._portion

    def note_applied(self, portion: Portion) -> None:
        """Forgets the objects that are done."""
        self._portion = None
        for name, value in portion.marks.items():
            if value is not None:
                self._marks[name] = value
            else:
                for each in [each for each in self._marks if each.startswith(name)]:
                    del self._marks[each]
        self._floor = portion.marks.get(FLOOR) or self._floor
        loaded = portion.marks.get(LOADED)
        self._loaded = self._loaded if loaded is None else loaded
        self._queue = [found for found in self._queue if not self._is_done(found)]
        self._see_what_is_complete()

    def close(self) -> None:
        """Ends what is being fetched."""
        self._fetchers.shutdown(wait=False, cancel_futures=True)

    def _see_what_is_complete(self) -> None:
        if not self._queue or self._queue[0].hour < self._floor:
            self._complete_through = self._listed_at

    def _is_done(self, found: S3Object) -> bool:
        return self._marks.get(_mark(found)) == _DONE

    def _list_followed(self) -> None:
        """What is new in the last two hours; now and then, in all followed days."""
        began, now = time.monotonic(), self._clock()
        is_sweep = began >= self._sweep_at
        if is_sweep and self._loaded:
            days = [day for day in self._archive.days() if day < self._floor]
            self._days_in_all = len(days)
            self._days = [day for day in days if day < (self._day or self._loaded)]
        since = self._floor if is_sweep else max(self._floor, self._listed_at)
        self._enqueue(
            found
            for found in self._archive.objects_after(since)
            if found.hour >= self._floor
        )
        self._listed_at = now
        self._list_at = began + self._poll_seconds
        if is_sweep:
            self._sweep_at = began + SWEEP_SECONDS

    def _enqueue(self, objects: Iterable[S3Object]) -> None:
        known = {found.name for found in self._queue}
        new = [
            found
            for found in objects
            if found.name not in known and not self._is_done(found)
        ]
        self._queue = sorted([*self._queue, *new], reverse=True)
        self._most_waiting = max(self._most_waiting, self.backlog)

    def _load_day(self) -> Portion | None:
        """The marks of a day that has been loaded; else queues the next one."""
        if self._day is not None:
            day, self._day = self._day, None
            hours = range(day, min(day + DAY, self._floor), HOUR)
            gone: dict[str, int | None] = {_mark_of_hour(hour): None for hour in hours}
            return Portion(events=(), marks=gone | {LOADED: day, FLOOR: self._floor})
        if not self._days:
            return Portion(events=(), marks={LOADED: 0, FLOOR: self._floor})
        end, self._most_waiting = min(self._loaded, self._floor), 0
        objects = self._archive.objects_of_day(self._days[-1])
        self._enqueue(found for found in objects if found.hour < end)
        self._day = self._days.pop()
        return None if self._queue else self._load_day()

    def _follow_less(self) -> Portion | None:
        """The marks that are not needed any more, as the followed days go on."""
        floor = _hour_of(self._clock() - FOLLOWED)
        if floor <= self._floor:
            return None
        hours = {name.rpartition("/")[0] + "/" for name in self._marks}
        gone: dict[str, int | None] = {
            hour: None for hour in hours if hour < _mark_of_hour(floor)
        }
        return Portion(events=(), marks=gone | {FLOOR: floor})

    def _read_portion(self, most: int) -> Portion:
        self._fetch_ahead()
        events: list[Event] = []
        marks: dict[str, int | None] = {}
        for found in self._queue[:OBJECTS_AT_ONCE]:
            done, is_read = self._read_object(found, events, most)
            marks[_mark(found)] = _DONE if is_read else done
            if not is_read or len(events) >= most:
                break
        return Portion(events=events, marks=marks)

    def _read_object(
        self, found: S3Object, events: list[Event], most: int
    ) -> tuple[int, bool]:
        """Adds the object's next events; how many are read now, and whether all are."""
        done = self._marks.get(_mark(found), 0)
        reading, self._reading = self._reading, None
        if reading is not None and reading[:2] == (found.name, done):
            rest = reading[2]
        else:
            rest = islice(self._open(found), done, None)
        try:
            for event in rest:
                events.append(event)
                done += 1
                if len(events) >= most:
                    self._reading = (found.name, done, rest)
                    return done, False
        except StoreUnavailable:
            if not events:
                raise
            return done, False  # what has been read so far is a portion
        except StoreError:
            log.exception("an object of the archive cannot be read to its end")
        return done, True

    def _open(self, found: S3Object) -> Iterator[Event]:
        ahead = self._fetched.pop(found.name, None)
        return self._archive.read(found) if ahead is None else self._take(found, ahead)

    def _take(self, found: S3Object, ahead: Future[list[Event]]) -> Iterator[Event]:
        try:
            events = ahead.result()
        except StoreUnavailable:
            raise
        except StoreError:  # its beginning may be good
            yield from self._archive.read(found)
        else:
            yield from events

    def _fetch_ahead(self) -> None:
        for found in self._queue[:FETCHED_AHEAD]:
            if found.name not in self._fetched and found.size <= SMALL_BYTES:
                self._fetched[found.name] = self._fetchers.submit(
                    lambda found: list(self._archive.read(found)), found
                )


def _mark(found: S3Object) -> str:
    return f"archive:{found.name}"


def _mark_of_hour(hour: int) -> str:
    """What the marks of an hour's objects begin with."""
    return f"archive:{folder_of(hour)}"


def _hour_of(time_ms: int) -> int:
    return time_ms - time_ms % HOUR
