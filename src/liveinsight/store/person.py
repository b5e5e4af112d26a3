"""One person's events among the lines of an inbox or an archive: found, and left out."""

import re
from collections.abc import Iterable, Iterator
from hashlib import blake2b, sha256
from typing import Final

import msgspec

from liveinsight.core.event import Event
from liveinsight.core.limits import HOUR
from liveinsight.core.outcome import DuplicateReason
from liveinsight.store.apply import said_by_sender

_decode: Final = msgspec.json.Decoder(Event).decode
_PLAIN: Final = re.compile(r"[\w.:@ -]+", re.ASCII)
"""An id of these alone is the same bytes in JSON, whoever wrote it."""


class Person(msgspec.Struct, frozen=True):
    """A visitor of a site: the `user_id`, else the `visitor_id`."""

    site: str
    user: str

    @property
    def fingerprint(self) -> str:
        """By which a log tells that it was this one, without naming anybody."""
        return sha256(f"{self.site}\0{self.user}".encode()).hexdigest()[:12]


class Copy(msgspec.Struct, frozen=True):
    """One copy of an event of theirs, as far as the ledger needs it."""

    event_id: str
    received_at: int
    said: str


class Copies(msgspec.Struct, frozen=True, kw_only=True):
    """How the ledger counted copies, by the hour (ms) of their receipt."""

    received: dict[int, int]
    duplicates: list[tuple[int, DuplicateReason, int]]

    @property
    def total(self) -> int:
        """All of them."""
        return sum(self.received.values())


def copy_of(event: Event) -> Copy:
    """The copy that the event is."""
    said = blake2b(msgspec.json.encode(said_by_sender(event)), digest_size=8)
    return Copy(event.event_id, event.received_at, said.hexdigest())


def count_copies(copies: Iterable[Copy]) -> Copies:
    """The counts of one person's copies: the one received first is the event."""
    received: dict[int, int] = {}
    duplicates: dict[tuple[int, DuplicateReason], int] = {}
    first: dict[str, Copy] = {}
    for copy in sorted(copies, key=lambda copy: copy.received_at):
        hour = copy.received_at - copy.received_at % HOUR
        received[hour] = received.get(hour, 0) + 1
        kept = first.setdefault(copy.event_id, copy)
        if kept is not copy:
            is_same = kept.said == copy.said
            reason = DuplicateReason.REPEATED if is_same else DuplicateReason.CONFLICT
            duplicates[hour, reason] = duplicates.get((hour, reason), 0) + 1
    return Copies(
        received=received,
        duplicates=[(hour, reason, n) for (hour, reason), n in duplicates.items()],
    )


def find_events(blocks: Iterable[bytes], person: Person) -> Iterator[Event]:
    """The person's events among blocks of whole lines."""
    for block in blocks:
        yield from part(block, person)[1]


def part(block: bytes, person: Person) -> tuple[bytes, list[Event]]:
    """The lines of everybody else, and the person's events.

    Raises:
        msgspec.DecodeError: a line is none.
    """
    plain = person.user.encode() if _PLAIN.fullmatch(person.user) else b""
    if plain not in block:
        return block, []
    kept: list[bytes] = []
    found: list[Event] = []
    for line in block.splitlines(keepends=True):
        if plain in line and line.strip():
            event = _decode(line)
            if event.user == person.user and event.site == person.site:
                found.append(event)
                continue
        kept.append(line)
    return (b"".join(kept), found) if found else (block, [])
