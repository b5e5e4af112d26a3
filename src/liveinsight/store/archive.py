"""The archive in a folder: immutable compressed newline-JSON, by hour of receipt.

`v=1/date=2026-01-31/hour=09/FIRST-LAST-EVENTS.ndjson.gz`, FIRST and LAST being the
rows of the inbox that the object's range covers. A range with several hours leaves
one object in each. Only an erasure changes one: it keeps its name, and has fewer events.
"""

import gzip
import os
import zlib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

import msgspec

from liveinsight.core.event import Event
from liveinsight.core.limits import HOUR, SECOND
from liveinsight.errors import StoreError
from liveinsight.store.inbox import Inbox
from liveinsight.store.inbox_rows import RawRow

RANGE_EVENTS = 100_000
RANGE_HOURS = 48
"""Hours of one range: each is an open file with 300 kB of compressor."""
BLOCK_BYTES = 1024 * 1024
_READ_EVENTS = 5_000
_LEVEL = 5

_decode = msgspec.json.Decoder(Event).decode


class ArchiveObject(msgspec.Struct, frozen=True, order=True):
    """One object, by what its name says."""

    first: int
    last: int
    events: int
    name: str
    """The path below the archive, with `/`."""


class Archive:
    """The archive below `folder`, which is made if missing."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def objects(self) -> list[ArchiveObject]:
        """All objects, in order of their ranges."""
        return sorted(
            _object(path.relative_to(self.folder))
            for path in self.folder.glob("v=1/date=*/hour=*/*.ndjson.gz")
        )

    def last_seq(self) -> int:
        """The last row of the inbox that is in any object; 0 if there is none."""
        return max((found.last for found in self.objects()), default=0)

    def read(self, found: ArchiveObject) -> Iterator[Event]:
        """The events of an object, in order.

        Raises:
            StoreError: the object is cut short or broken.
        """
        try:
            with gzip.open(self.folder / found.name, "rb") as lines:
                for line in lines:
                    yield _decode(line)
        except (OSError, EOFError, zlib.error, msgspec.DecodeError) as error:
            raise StoreError(f"{found.name}: {error}") from error

    def blocks(self, found: ArchiveObject) -> Iterator[bytes]:
        """The lines of an object, many whole ones at a time.

        Raises:
            StoreError: the object is cut short or broken.
        """
        try:
            with gzip.open(self.folder / found.name, "rb") as lines:
                while block := lines.read(BLOCK_BYTES):
                    yield block + lines.readline()
        except (OSError, EOFError, zlib.error) as error:
            raise StoreError(f"{found.name}: {error}") from error

    def replace(self, found: ArchiveObject, blocks: Iterator[bytes]) -> None:
        """Gives the object other lines, durably; who reads it now goes on with the old."""
        path = self.folder / found.name
        part = _Part(path.parent, found.first)
        try:
            for block in blocks:
                part.write(block)
            part.publish(path.name)
        finally:
            part.discard()

    def remove_after(self, seq: int) -> None:
        """Removes what a killed run left: objects whose range begins after `seq`.

        Their rows are all still in the inbox.
        """
        for found in self.objects():
            if found.first > seq:
                (self.folder / found.name).unlink()
        for left in self.folder.glob("v=1/date=*/hour=*/.*.tmp"):
            left.unlink()

    def write(self, rows: Iterator[RawRow], first: int, last: int) -> None:
        """Writes the rows of the range, durably; one object for each hour."""
        parts: dict[int, _Part] = {}
        try:
            for row in rows:
                part = parts.get(row.hour)
                if part is None:
                    part = parts[row.hour] = _Part(self._folder_of(row.hour), first)
                part.add(row)
            for part in parts.values():
                part.publish(f"{first:012d}-{last:012d}-{part.events}.ndjson.gz")
        finally:
            for part in parts.values():
                part.discard()

    def _folder_of(self, hour: int) -> Path:
        at = datetime.fromtimestamp(hour // SECOND, UTC)
        folder = self.folder / "v=1" / f"date={at:%Y-%m-%d}" / f"hour={at:%H}"
        if not folder.is_dir():
            folder.mkdir(parents=True, exist_ok=True)
            for parent in (folder.parent, folder.parent.parent, self.folder):
                _sync(parent)
        return folder


def archive_closed_hours(inbox: Inbox, archive: Archive, now: int) -> int:
    """The number of events archived: of closed hours, or 100,000 and more of any."""
    archived = inbox.rows.archived()
    archive.remove_after(archived)
    written = 0
    while True:
        last, events = _end_of_range(inbox.rows.sizes_after(archived), now)
        if not events:
            return written
        archive.write(_rows(inbox, archived, last), archived + 1, last)
        inbox.rows.mark_archived(last)
        archived = last
        written += events


def _end_of_range(sizes: Sequence[tuple[int, int, int]], now: int) -> tuple[int, int]:
    """(last row, events) of the range that is due; (0, 0) if none is."""
    open_hour = now - now % HOUR
    closed, due, events, hours = True, (0, 0), 0, set[int]()
    for seq, hour, count in sizes:
        hours.add(hour)
        if len(hours) > RANGE_HOURS:
            return due
        closed = closed and hour < open_hour
        events += count
        if closed or events >= RANGE_EVENTS:
            due = (seq, events)
        if events >= RANGE_EVENTS:
            return due
    return due


def _rows(inbox: Inbox, after: int, last: int) -> Iterator[RawRow]:
    while after < last:
        for row in inbox.rows.raw_after(after, _READ_EVENTS):
            if row.seq > last:
                return
            after = row.seq
            yield row


class _Part:
    def __init__(self, folder: Path, first: int) -> None:
        self.events = 0
        self._folder = folder
        self._path = folder / f".{first:012d}.tmp"
        self._file: BinaryIO | None = self._path.open("wb")
        self._gzip = gzip.GzipFile(
            filename="", mode="wb", compresslevel=_LEVEL, fileobj=self._file, mtime=0
        )

    def add(self, row: RawRow) -> None:
        self.events += row.events
        self.write(row.body)

    def write(self, lines: bytes) -> None:
        self._gzip.write(lines)

    def publish(self, name: str) -> None:
        """Gives it its name when it is durable: readers see whole objects only."""
        if self._file is None:
            return
        self._gzip.close()
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self._file = None
        self._path.replace(self._folder / name)
        _sync(self._folder)

    def discard(self) -> None:
        if self._file is not None:
            self._file.close()
            self._path.unlink(missing_ok=True)


def _object(path: Path) -> ArchiveObject:
    first, last, events = path.name.removesuffix(".ndjson.gz").split("-")
    return ArchiveObject(int(first), int(last), int(events), path.as_posix())


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
