"""Tells what files are, and opens each with the reader of its kind."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from enum import StrEnum
from pathlib import Path

from liveinsight.errors import ConfigError
from liveinsight.imports import own, umami
from liveinsight.imports.files import (
    PARQUET,
    ZIP,
    Spot,
    Tell,
    first_line,
    magic_of,
    members,
    read_lines,
    read_member,
)
from liveinsight.imports.model import Outcome, Terms
from liveinsight.imports.plausible import is_table
from liveinsight.imports.weblog import LogReader, is_log_line, time_of_line
from liveinsight.store.parquet import count_parquet, parquet_columns, read_parquet

WEBSITE_EVENTS = "website_event.csv"
EVENT_DATA = "event_data.csv"


class Kind(StrEnum):
    """What a file holds."""

    NDJSON = "ndjson"
    CSV = "csv"
    PARQUET = "parquet"
    UMAMI = "umami"
    PLAUSIBLE = "plausible"
    LOG = "log"


NAMES = {
    Kind.NDJSON: "events of LiveInsight, newline JSON",
    Kind.CSV: "events of LiveInsight, CSV",
    Kind.PARQUET: "events of LiveInsight, Parquet",
    Kind.UMAMI: "an export of Umami",
    Kind.PLAUSIBLE: "an export of Plausible",
    Kind.LOG: "the log of a web server, combined format",
}


def kind_of(path: Path) -> Kind:
    """What the file holds, by its content.

    Raises:
        ConfigError: it cannot be read, or is nothing that can be imported.
    """
    magic = magic_of(path)
    if magic == PARQUET:
        return _kind_of_parquet(path)
    if magic == ZIP:
        return _kind_of_zip(path)
    kind = _kind_of_text(path.name, first_line(path).removeprefix(b"\xef\xbb\xbf"))
    if kind is None:
        known = "; ".join(NAMES.values())
        raise ConfigError(f"{path} is nothing that can be imported: give {known}")
    return kind


def kind_of_all(paths: Sequence[Path]) -> Kind:
    """What the files hold, which must be the same.

    Raises:
        ConfigError: one cannot be imported, or they differ.
    """
    kinds = {path: kind_of(path) for path in paths}
    first = kinds[paths[0]]
    for path, kind in kinds.items():
        if kind is not first:
            raise ConfigError(
                f"import one kind at a time: {paths[0]} holds {NAMES[first]}, "
                f"{path} {NAMES[kind]}"
            )
    return first


def in_order(paths: Sequence[Path], kind: Kind) -> list[Path]:
    """The files in the order in which they are read: logs by their first line."""
    if kind is not Kind.LOG:
        return list(paths)
    return sorted(paths, key=lambda path: time_of_line(first_line(path)))


def length_of(paths: Sequence[Path], kind: Kind) -> int:
    """What `tell` counts up to: bytes, or the rows of Parquet."""
    if kind is Kind.PARQUET:
        return sum(map(count_parquet, paths))
    return sum(path.stat().st_size for path in paths)


def outcomes_of(
    paths: Sequence[Path], kind: Kind, terms: Terms, tell: Tell
) -> Iterator[Outcome]:
    """What becomes of each record of the files, one after the other.

    Raises:
        ConfigError: a file cannot be read, or is cut short.
    """
    logs = LogReader(terms) if kind is Kind.LOG else None
    before = 0
    for path in paths:
        done = before

        def tell_all(read: int, done: int = done) -> None:
            tell(done + read)

        at = Spot(path.name)
        if logs is not None:
            found = logs.read(at.count(read_lines(path, tell_all)))
        elif kind is Kind.PARQUET:
            found = own.read_parquet_rows(_batches(path, tell_all, at), terms)
        elif kind is Kind.UMAMI:
            found = _umami(path, terms, tell_all, at)
        else:
            read = own.read_csv if kind is Kind.CSV else own.read_ndjson
            found = read(at.count(read_lines(path, tell_all)), terms)
        yield from map(at.mark, found)
        before += length_of([path], kind)
        tell(before)


def _batches(path: Path, tell: Tell, at: Spot) -> Iterator[Iterator[str]]:
    rows = 0
    for batch in read_parquet(path):
        yield at.count_rows(batch)
        rows += len(batch)
        tell(rows)


def _umami(path: Path, terms: Terms, tell: Tell, at: Spot) -> Iterator[Outcome]:
    if magic_of(path) != ZIP:
        lines = at.count(read_lines(path, tell))
        yield from umami.UmamiReader(terms).read(lines)
        return
    names = {Path(name).name: name for name in members(path)}
    with closing(umami.Properties()) as properties:
        if EVENT_DATA in names:
            properties.read(read_member(path, names[EVENT_DATA]))
        reader = umami.UmamiReader(terms, properties)
        lines = at.count(read_member(path, names[WEBSITE_EVENTS], tell))
        yield from reader.read(lines)


def _kind_of_text(name: str, line: bytes) -> Kind | None:
    signs = {
        Kind.NDJSON: line.startswith(b"{"),
        Kind.LOG: is_log_line(line),
        Kind.PLAUSIBLE: is_table(name),
        Kind.UMAMI: umami.is_heading(line),
        Kind.CSV: b"event_id" in line and b"session_sent" in line,
    }
    return next((kind for kind, is_it in signs.items() if is_it), None)


def _kind_of_parquet(path: Path) -> Kind:
    missing = {"event_id", "session_sent"} - set(parquet_columns(path))
    if missing:
        raise ConfigError(f"{path} has no column {', '.join(sorted(missing))}")
    return Kind.PARQUET


def _kind_of_zip(path: Path) -> Kind:
    names = [Path(name).name for name in members(path)]
    if WEBSITE_EVENTS in names:
        return Kind.UMAMI
    if any(map(is_table, names)):
        return Kind.PLAUSIBLE
    raise ConfigError(
        f"{path} holds neither {WEBSITE_EVENTS} of Umami nor Plausible's imported_*.csv"
    )
