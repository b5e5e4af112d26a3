"""Erases people from a warehouse that an archive in S3 fills.

Tables and archive are erased elsewhere, before; here is only what was made of them.
"""

import threading
from collections.abc import Callable
from typing import Final

import msgspec

from liveinsight.store.applier import Applier
from liveinsight.store.eraser import Asked, Erased, Progress
from liveinsight.store.keeper import Keeper
from liveinsight.store.person import Copies, Person

_ARCHIVE: Final = "archive:"
_HALF: Final = 0.5
"""How far it is said to be while it is done: nobody can tell."""


class Gone(msgspec.Struct, frozen=True, kw_only=True):
    """A person whom tables and archive do not know any more, and what these held."""

    person: Person
    copies: Copies


def erase_derived(keeper: Keeper, gone: Gone) -> int:
    """The number of events deleted; the file is written anew.

    An object of which a part is applied is begun again: what was rewritten is shorter.

    Raises:
        StoreUnavailable: the disk is full, or the warehouse is being replaced.
    """
    warehouse = keeper.warehouse
    events = warehouse.erase(gone.person, gone.copies)
    for name, done in warehouse.marks().items():
        if name.startswith(_ARCHIVE) and done >= 0:
            warehouse.set_mark(name, None)
    warehouse.rewrite()
    keeper.remove_set_aside()
    return events


class DerivedEraser:
    """Does it between two batches of a running applier; who is cut off asks again.

    Args:
        forget: told whom the live page is to forget, and the ids of their sessions.
    """

    def __init__(
        self,
        keeper: Keeper,
        applier: Applier,
        forget: Callable[[Person, list[str]], None],
        done: Callable[[Erased], None] = lambda _: None,
    ) -> None:
        self._keeper = keeper
        self._applier = applier
        self._forget = forget
        self._done = done
        self._lock = threading.Lock()
        self._last = 0
        self._waiting: dict[int, Person] = {}
        self._results: dict[int, Erased] = {}

    def ask(self, gone: Gone) -> Asked:
        """The erasure, which is soon done."""
        with self._lock:
            self._last += 1
            asked = Asked(self._last)
            self._waiting[asked.number] = gone.person
        self._applier.call_between_batches(lambda: self._erase(asked, gone))
        return asked

    def people(self) -> list[Person]:
        """Who is being erased."""
        return list(self._waiting.values())

    def progress(self, asked: Asked) -> Progress:
        """How far it is."""
        if asked.number in self._waiting:
            return Progress(done=_HALF)
        return Progress(done=None, erased=self._results.get(asked.number))

    def _erase(self, asked: Asked, gone: Gone) -> None:
        try:
            ids = self._keeper.warehouse.session_ids(gone.person)
            events = erase_derived(self._keeper, gone)
            self._forget(gone.person, ids)
            erased = Erased(person=gone.person, events=events, unreadable=0)
            self._results = {asked.number: erased}
            self._done(erased)
        finally:
            del self._waiting[asked.number]
