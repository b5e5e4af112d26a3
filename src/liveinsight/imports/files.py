"""Files as they are given: plain, gzipped, or several in a zip; read a line at a time."""

import gzip
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import IO, Final, TypeVar

from liveinsight.errors import ConfigError
from liveinsight.imports.model import Skipped

LINE_BYTES: Final = 512 * 1024
"""An event with all its fields full has less."""
GZIP: Final = b"\x1f\x8b"
ZIP: Final = b"PK\x03\x04"
PARQUET: Final = b"PAR1"
PEEK_BYTES: Final = 64 * 1024

T = TypeVar("T")
Tell = Callable[[int], None]
"""Told how many bytes of the file on the disk have been read."""


def untold(_: int) -> None:
    """Tells nobody."""


class Spot:
    """Where the reading of a file is; tells of a record that is left out where it was."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._line = 0

    def count(self, lines: Iterator[bytes]) -> Iterator[bytes]:
        """The lines, counted as they are read; the pieces of one too long are one."""
        ended = True
        for line in lines:
            self._line += ended
            ended = line.endswith(b"\n")
            yield line

    def count_rows(self, rows: Iterable[str]) -> Iterator[str]:
        """The rows, counted as they are read."""
        for row in rows:
            self._line += 1
            yield row

    def mark(self, outcome: T | Skipped) -> T | Skipped:
        """The outcome, with the last line that was read where it is left out."""
        if isinstance(outcome, Skipped):
            return Skipped(outcome.reason, outcome.text, self._file, self._line)
        return outcome


def magic_of(path: Path) -> bytes:
    """The first four bytes.

    Raises:
        ConfigError: the file cannot be read.
    """
    with _readable(path), path.open("rb") as file:
        return file.read(4)


def first_line(path: Path) -> bytes:
    """The first line that holds anything, without its end; b"" if there is none."""
    for line in read_lines(path):
        if line.strip():
            return line.rstrip(b"\r\n")[:PEEK_BYTES]
    return b""


def read_lines(path: Path, tell: Tell = untold) -> Iterator[bytes]:
    """The lines of a file, gunzipped where it is gzip; one too long comes in pieces.

    Raises:
        ConfigError: the file cannot be read, or is cut short.
    """
    is_gzip = magic_of(path).startswith(GZIP)
    with _readable(path), path.open("rb") as raw:
        if is_gzip:
            with gzip.GzipFile(fileobj=raw) as unzipped:
                yield from _lines(unzipped, raw, tell)
        else:
            yield from _lines(raw, raw, tell)


def members(path: Path) -> list[str]:
    """The names of the files in a zip.

    Raises:
        ConfigError: it cannot be read.
    """
    with _readable(path), zipfile.ZipFile(path) as archive:
        return [each.filename for each in archive.infolist() if not each.is_dir()]


def read_member(path: Path, name: str, tell: Tell = untold) -> Iterator[bytes]:
    """The lines of one file of a zip.

    Raises:
        ConfigError: it cannot be read, or is broken.
    """
    with (
        _readable(path),
        path.open("rb") as raw,
        zipfile.ZipFile(raw) as archive,
        archive.open(name) as file,
    ):
        yield from _lines(file, raw, tell)


def fingerprint(paths: list[Path], *said: str) -> str:
    """A name for these files and what was said beside: the same for the same content."""
    digest = sha256("\0".join(said).encode())
    for path in paths:
        with _readable(path), path.open("rb") as file:
            size = path.stat().st_size
            head = file.read(PEEK_BYTES)
            file.seek(max(0, size - PEEK_BYTES))
            digest.update(b"%d\0%b\0%b\0" % (size, head, file.read(PEEK_BYTES)))
    return digest.hexdigest()[:32]


def _lines(
    file: IO[bytes] | gzip.GzipFile, raw: IO[bytes], tell: Tell
) -> Iterator[bytes]:
    at = 0
    while line := file.readline(LINE_BYTES):
        now = raw.tell()
        if now != at:
            at = now
            tell(at)
        yield line


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except (EOFError, zlib.error, gzip.BadGzipFile, zipfile.BadZipFile) as error:
        raise ConfigError(f"{path} is broken: {error}") from error
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}") from error
    except (RuntimeError, NotImplementedError) as error:  # a zip with a password
        raise ConfigError(f"cannot read {path}: {error}") from error
