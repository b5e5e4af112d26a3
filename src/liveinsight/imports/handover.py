"""How the command line hands what it has read to the machine that keeps it."""

from collections.abc import Sequence
from typing import Final

import msgspec

from liveinsight.core.event import Event
from liveinsight.imports.plausible import Total
from liveinsight.store.inbox import Inbox

MOST_WAITING: Final = 100_000
"""Events that are not yet applied; with more, none is taken for a while."""


class ImportedEvents(msgspec.Struct, frozen=True, kw_only=True):
    """Some of the events of an import."""

    events: list[Event]


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """How many events are durable, but not yet in the statistics."""

    events: int
    is_full: bool
    """Whether what was handed over is to be handed over again later."""


class ImportedTotals(msgspec.Struct, frozen=True, kw_only=True):
    """Some of the totals of a site's days that another tool has counted."""

    site: str
    tool: str
    totals: Sequence[Total]


def take_events(inbox: Inbox, given: ImportedEvents) -> Waiting:
    """What waits when the events are durable, or too many wait for them to be taken.

    Raises:
        StoreUnavailable: nothing was taken.
    """
    is_full = inbox.backlog > MOST_WAITING
    if given.events and not is_full:
        inbox.append(given.events)
    return Waiting(events=inbox.backlog, is_full=is_full)
