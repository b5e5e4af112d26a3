"""One visitor in a stack: all that tables and archive hold, handed out or erased.

The archive is read whole: a copy may be in any hour. Erasing begins with the tables,
for what leads to a derived visitor's items is in the archive alone; whoever is cut
off begins again and finds the rest.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import msgspec

from liveinsight.aws.account import Account
from liveinsight.aws.stack import Stack
from liveinsight.core.event import Event
from liveinsight.core.limits import MINUTE
from liveinsight.errors import StoreError, StoreUnavailable
from liveinsight.store.archive_s3 import S3Archive, S3Object
from liveinsight.store.dynamodb.items import Item, event_of, plain_of
from liveinsight.store.dynamodb.people import UserItems, UserTables
from liveinsight.store.person import (
    Copies,
    Person,
    copy_of,
    count_copies,
    find_events,
    part,
)
from liveinsight.store.user_export import UserExport, make_export

READERS: Final = 8
PASSES: Final = 3
"""At most: an index may lack what came just now, and the next pass sees it."""
ON_THE_WAY: Final = 10 * MINUTE
"""So long after an event something of it may still be between table and archive."""

Report = Callable[[float], None]
"""Told how much of the archive is read, 0-1."""


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """What tables and archive hold of a visitor."""

    archived: list[Event]
    """Every copy."""
    items: UserItems
    objects: list[S3Object]
    unreadable: int
    """Objects that are broken."""

    @property
    def is_nothing(self) -> bool:
        """Whether there is no trace."""
        return not self.archived and not self.items.total


class ErasedFromStack(msgspec.Struct, frozen=True, kw_only=True):
    """What became of an erasure."""

    copies: Copies
    """Of the archive."""
    items: int
    unreadable: int
    last_event: int
    """The latest, ms; 0: there was none."""


class StackOfPeople:
    """The tables and the archive of a stack."""

    def __init__(self, account: Account, stack: Stack) -> None:
        self._archive = S3Archive(account.s3, stack.output("ArchiveBucket"))
        self._tables = UserTables(account.dynamodb, stack.tables)

    def find(self, person: Person, report: Report) -> Kept:
        """All that is kept.

        Raises:
            StoreUnavailable: tables or archive do not answer, or may not be read.
        """
        objects = list(self._archive.objects_after(0))
        archived: list[Event] = []
        holding: list[S3Object] = []
        unreadable = 0

        def search(found: S3Object) -> list[Event] | None:
            try:
                return list(find_events(self._archive.blocks(found), person))
            except StoreUnavailable:
                raise
            except (StoreError, msgspec.DecodeError):
                return None

        with ThreadPoolExecutor(READERS, "archive") as threads:
            results = threads.map(search, objects)
            for number, (found, theirs) in enumerate(
                zip(objects, results, strict=True), 1
            ):
                report(number / len(objects))
                unreadable += theirs is None
                if theirs:
                    archived += theirs
                    holding.append(found)
        return Kept(
            archived=archived,
            items=self._tables.find(person, archived),
            objects=holding,
            unreadable=unreadable,
        )

    def erase(self, person: Person, report: Report) -> ErasedFromStack:
        """Deletes and rewrites until nothing is found.

        Raises:
            StoreUnavailable: not all was done; the same call may be made again.
        """
        copies: list[Event] = []
        items, unreadable, last = 0, 0, 0
        for _ in range(PASSES):
            kept = self.find(person, report)
            unreadable = kept.unreadable
            if kept.is_nothing:
                break
            self._tables.delete(person, kept.items)
            for found in kept.objects:
                self._archive.replace(found, self._without(person, found))
            copies += kept.archived
            items += kept.items.total
            last = max([last, *_times(kept)])
        return ErasedFromStack(
            copies=count_copies(map(copy_of, copies)),
            items=items,
            unreadable=unreadable,
            last_event=last,
        )

    def _without(self, person: Person, found: S3Object) -> bytes:
        blocks = self._archive.blocks(found)
        return b"".join(part(block, person)[0] for block in blocks)


def export_kept(person: Person, kept: Kept, now: int) -> UserExport:
    """The document of what is kept; what only a table has says to be received `now`."""
    archived = {event.event_id for event in kept.archived}
    fresh = (event_of(item, now) for item in kept.items.events)
    events = [*kept.archived, *(e for e in fresh if e.event_id not in archived)]
    tables = {
        "sessions": [_readable(item) for item in kept.items.sessions],
        "active_sessions": [_readable(item) for item in kept.items.active],
    }
    return make_export(person, events, now, tables)


def _readable(item: Item) -> dict[str, object]:
    """The item's values, those of sets as lists."""
    sets = {name: list(value["SS"]) for name, value in item.items() if "SS" in value}
    return plain_of({n: v for n, v in item.items() if n not in sets}) | sets


def _times(kept: Kept) -> list[int]:
    stamps = [item["timestamp"].get("N") for item in kept.items.events]
    return [int(str(at)) for at in stamps] + [e.timestamp for e in kept.archived]
