"""A bounded memory of recent event ids: what lets the door say `duplicate`."""

from collections.abc import Iterable

import msgspec

from liveinsight.core.outcome import DuplicateReason

IDS = 50_000
"""Of each of the two generations; 250 bytes each, so at most 25 MB."""


class Copy(msgspec.Struct, frozen=True, gc=False):
    """What is remembered of a stored event."""

    fingerprint: int
    session_id: str

    def compare(self, fingerprint: int) -> DuplicateReason:
        """Whether a second copy says the same."""
        if self.fingerprint == fingerprint:
            return DuplicateReason.REPEATED
        return DuplicateReason.CONFLICT


Key = tuple[str, str]
"""(site, event_id)"""


class RecentIds:
    """The ids of the events stored last, at least `ids` and at most twice as many.

    Holds only what is durable: an id enters after record() has returned. Two
    generations instead of an eviction per id: dropping one costs nothing per event.
    """

    def __init__(self, ids: int = IDS) -> None:
        self._ids = ids
        self._young: dict[Key, Copy] = {}
        self._old: dict[Key, Copy] = {}

    def get(self, key: Key) -> Copy | None:
        """The stored copy of an event, if it is remembered."""
        return self._young.get(key) or self._old.get(key)

    def knows_any(self, keys: Iterable[Key]) -> bool:
        """Whether any of these events is remembered."""
        keys = set(keys)
        young, old = self._young.keys(), self._old.keys()
        return not (young.isdisjoint(keys) and old.isdisjoint(keys))

    def add(self, stored: dict[Key, Copy]) -> None:
        """Remembers events that have become durable."""
        if len(self._young) >= self._ids:
            self._old, self._young = self._young, {}
        self._young.update(stored)
