"""A user's events on a site, read no further than their sessions reach."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from liveinsight.core.event import Event
from liveinsight.core.limits import HOUR, SESSION_SILENCE
from liveinsight.core.session import Run, fold, in_chain
from liveinsight.store.dynamodb.event_reader import EventReader, Partition
from liveinsight.store.dynamodb.spans import Span, gaps_in, is_near, united
from liveinsight.store.dynamodb.touch import EventKey, Touch

READ_EVENTS: Final = 5_000
"""At most for one settling: 400 read units, and a second of a small function."""
LOOK_BACK: Final = 2 * HOUR
"""Read at once before an event: most sessions begin later than that."""


class Chain:
    """The chain of the touch's user, from the partitions that hold their events.

    Of copies that differ in their timestamp the earliest counts: what is folded must
    depend on the items alone, and an item does not say when it came.
    """

    def __init__(
        self, reader: EventReader, touch: Touch, partitions: Iterable[Partition]
    ) -> None:
        self._reader = reader
        self._site = touch.site
        self._user = touch.user
        self._partitions = list(partitions)
        self._covered: list[Span] = []
        self._copies: dict[str, dict[int, Event]] = {}
        self._budget = READ_EVENTS

    @property
    def is_cut(self) -> bool:
        """Whether reading ended at READ_EVENTS, so that there may be more."""
        return self._budget <= 0

    @property
    def events(self) -> Iterator[Event]:
        """Each event once."""
        return (copies[min(copies)] for copies in self._copies.values())

    def add(self, event: Event) -> None:
        """Takes in an event of the user; others are left out."""
        if event.site == self._site and event.user == self._user and in_chain(event):
            self._copies.setdefault(event.event_id, {})[event.timestamp] = event

    def add_stored(self, keys: Sequence[EventKey]) -> bool:
        """Adds those that the table holds, whatever the indexes; whether any were."""
        found = list(self._reader.get(keys))
        for event in found:
            self.add(event)
        return bool(found)

    def has(self, key: EventKey) -> bool:
        """Whether this copy of an event was read or added."""
        return key[1] in self._copies.get(key[0], ())

    def times_of_copies(self, event_id: str) -> dict[int, int]:
        """The effective time of each copy of an event, by its timestamp."""
        copies = self._copies.get(event_id, {})
        return {timestamp: copy.time for timestamp, copy in copies.items()}

    def gaps(self, low: int, high: int) -> list[Span]:
        """What of the span was not read."""
        return gaps_in(self._covered, low, high)

    def cover(self, low: int, high: int) -> None:
        """Reads what of the span was not read yet, until the chain is cut."""
        for gap in self.gaps(low, high):
            for partition in self._partitions:
                for event in self._reader.query(partition, gap, self._budget):
                    self._budget -= 1
                    self.add(event)
            self._covered = united([*self._covered, gap])

    def runs_near(self, spans: Sequence[Span]) -> list[Run]:
        """The runs in or close to the spans, with all their events read."""
        for low, high in spans:
            self.cover(low - LOOK_BACK, high + SESSION_SILENCE)
        reach = LOOK_BACK
        while True:
            runs = [
                run
                for run in fold(self.events)
                if is_near(spans, run.start_time, run.last_activity, SESSION_SILENCE)
            ]
            gaps = [
                gap
                for run in runs
                for gap in self.gaps(
                    run.start_time - SESSION_SILENCE,
                    run.last_activity + SESSION_SILENCE,
                )
            ]
            if not gaps or self.is_cut:
                return runs
            for low, high in gaps:
                self.cover(low - reach, high + reach)
            reach *= 2  # a session of a day is found in a few reads

    def copies_within(self, low: int, high: int) -> int:
        """How many copies of events lie there: more events never make it fewer."""
        return sum(
            low <= copy.time <= high
            for copies in self._copies.values()
            for copy in copies.values()
        )

    def adjusted_within(self, low: int, high: int) -> Span | None:
        """The span of the timestamps of the adjusted events that lie there."""
        stamps = [
            event.timestamp
            for event in self.events
            if event.adjusted_timestamp is not None and low <= event.time <= high
        ]
        return (min(stamps), max(stamps)) if stamps else None
