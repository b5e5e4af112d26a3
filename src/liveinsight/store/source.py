"""Where an applier's events come from, a portion at a time: an inbox, or an archive."""

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec

from liveinsight.core.event import Event
from liveinsight.store.inbox import Inbox
from liveinsight.store.warehouse import INBOX


class Portion(msgspec.Struct, frozen=True, kw_only=True):
    """Events that are applied together, and the marks that say so.

    None removes a mark; under a name that ends with `/`, all that begin with it.
    """

    events: Sequence[Event]
    marks: Mapping[str, int | None]


class Source(Protocol):
    """Gives each event at least once, beginning at the marks in the warehouse."""

    @property
    def backlog(self) -> int:
        """Events that wait to be applied, as far as is known."""

    def find_place(self, marks: Mapping[str, int]) -> None:
        """Goes on from these marks: the warehouse may be another than before."""

    def next_portion(self, most: int) -> Portion | None:
        """About `most` events, the same again until they are noted; None if none wait.

        Raises:
            StoreUnavailable: the source does not answer.
        """

    def note_applied(self, portion: Portion) -> None:
        """The portion and its marks are committed."""


class InboxSource:
    """The inbox's rows, in their order."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox
        self._mark = 0

    @property
    def backlog(self) -> int:
        """Durable events that are not applied."""
        return self._inbox.backlog

    def find_place(self, marks: Mapping[str, int]) -> None:
        """Goes on after the last applied row."""
        self._mark = marks.get(INBOX, 0)
        self._inbox.reset_backlog(self._inbox.rows.events_after(self._mark))

    def next_portion(self, most: int) -> Portion | None:
        """Whole rows."""
        if self.backlog <= 0:
            return None
        rows = self._inbox.rows.after(self._mark, most)
        if not rows:
            return None
        return Portion(
            events=[event for row in rows for event in row.events],
            marks={INBOX: rows[-1].seq},
        )

    def note_applied(self, portion: Portion) -> None:
        """The next portion begins after this one."""
        self._mark = portion.marks[INBOX] or 0
        self._inbox.note_applied(len(portion.events))
