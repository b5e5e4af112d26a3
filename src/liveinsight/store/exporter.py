"""Files of exported events, made part by part in a folder of the data folder."""

import csv
import gzip
import io
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final
from uuid import uuid4

import msgspec

from liveinsight.core.ports import Reader
from liveinsight.errors import StoreUnavailable
from liveinsight.store.export import (
    ExportFormat,
    Wanted,
    Window,
    csv_columns,
    plan_windows,
    write_window,
)
from liveinsight.store.parquet import join_parquet

FORGOTTEN_SECONDS: Final = 3_600
"""A part that is older was left by a process that was killed."""
PIECE_BYTES: Final = 256 * 1024
STREAMS: Final = 2
"""At once; each keeps a thread and the engine busy."""
RETRY_SECONDS: Final = 30


class ExportsUnderWayError(StoreUnavailable):
    """As many exports are being made as may be at once."""


class Part(msgspec.Struct, frozen=True):
    """A file of events; who asked for it removes it."""

    path: str
    events: int


class Exporter:
    """Writes exports of what `reader` reads; parts are kept in `folder` meanwhile."""

    def __init__(self, reader: Reader, folder: Path) -> None:
        self._reader = reader
        self._folder = folder
        self._streams = threading.BoundedSemaphore(STREAMS)

    def plan(self, wanted: Wanted) -> list[Window]:
        """The windows to write one after the other.

        Raises:
            StoreUnavailable: the warehouse is closed or being replaced.
        """
        return plan_windows(self._reader, wanted)

    def write(self, wanted: Wanted, window: Window) -> Part:
        """A new file with the window's events.

        Raises:
            StoreUnavailable: the warehouse is closed or being replaced, or disk full.
        """
        part = self._new_part()
        try:
            events = write_window(self._reader, wanted, window, part)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
        return Part(str(part), events)

    def stream(self, wanted: Wanted) -> Iterator[bytes]:
        """The whole export, in pieces; nothing of it is left when the iterator closes.

        A Parquet file comes after all its parts are written: it is read from its end.

        Raises:
            StoreUnavailable: the warehouse is closed or being replaced, or disk full.
            ExportsUnderWayError: as many are being made as may be at once.
        """
        if not self._streams.acquire(blocking=False):
            raise ExportsUnderWayError("other exports are being made", RETRY_SECONDS)
        try:
            windows = self.plan(wanted)
            if wanted.format is ExportFormat.PARQUET:
                yield from self._stream_parquet(wanted, windows)
                return
            yield heading(wanted)
            for window in windows:
                yield from read_away(Path(self.write(wanted, window).path))
        finally:
            self._streams.release()

    def _stream_parquet(
        self, wanted: Wanted, windows: Sequence[Window]
    ) -> Iterator[bytes]:
        parts: list[Path] = []
        try:
            for window in windows or [Window(wanted.start, wanted.start, 0)]:
                parts += [Path(self.write(wanted, window).path)]
            whole = self._new_part()
            parts.append(whole)
            join_parquet(parts[:-1], whole)
            yield from read_away(whole)
        finally:
            for part in parts:
                part.unlink(missing_ok=True)

    def _new_part(self) -> Path:
        self._folder.mkdir(exist_ok=True, mode=0o700)
        forgotten = time.time() - FORGOTTEN_SECONDS
        for left in self._folder.iterdir():
            with suppress(FileNotFoundError):  # its own export has just removed it
                if left.stat().st_mtime < forgotten:
                    left.unlink()
        return self._folder / uuid4().hex


def heading(wanted: Wanted) -> bytes:
    """What an export begins with, before its parts."""
    if wanted.format is not ExportFormat.CSV:
        return b""
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(csv_columns())
    said = line.getvalue().encode()
    # Files of gzip one after the other are one file of gzip.
    return gzip.compress(said, mtime=0) if wanted.compressed else said


def read_away(part: Path) -> Iterator[bytes]:
    """The bytes of a part, in pieces; it is removed at the end."""
    try:
        with part.open("rb") as file:
            while piece := file.read(PIECE_BYTES):
                yield piece
    finally:
        part.unlink(missing_ok=True)
