"""The course of an import: what is taken, counted, handed over, and remembered.

What is handed over is durable before the place in the files is written down. After a
kill, the same command reads on from there; what was handed over twice has the same
event ids, and is stored once.
"""

import os
import secrets
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec

from liveinsight.core.event import Event
from liveinsight.core.limits import SECOND
from liveinsight.errors import ConfigError
from liveinsight.imports.model import Outcome, Reason, Skipped

BATCH_EVENTS: Final = 1_000
BATCH_BYTES: Final = 700_000
"""Of JSON; a command of the server takes a megabyte."""
SAMPLES: Final = 3

Send = Callable[[Sequence[Event]], None]
"""Returns when the events are durable."""


class Account(msgspec.Struct, kw_only=True):
    """What became of the records so far."""

    read: int = 0
    events: int = 0
    skipped: dict[Reason, int] = {}
    first: int = 0
    """Of the effective times, ms; 0 before the first event."""
    last: int = 0

    def add(self, outcome: Outcome) -> None:
        """Counts one record."""
        self.read += 1
        if isinstance(outcome, Skipped):
            self.skipped[outcome.reason] = self.skipped.get(outcome.reason, 0) + 1
            return
        self.events += 1
        at = outcome.time
        self.first = min(self.first or at, at)
        self.last = max(self.last, at)


class Mark(msgspec.Struct, kw_only=True):
    """How far an import has come; kept in a file until and after its end."""

    names: list[str]
    key: str = ""
    """Hexadecimal secret of the visitor ids made of addresses; gone at the end."""
    is_done: bool = False
    account: Account


class Place:
    """Where the mark of one import is kept."""

    def __init__(self, folder: Path, name: str) -> None:
        self._path = folder / f"{name}.json"

    def read(self, files: Sequence[Path]) -> Mark:
        """The mark; a new one where this import has not been begun.

        Raises:
            ConfigError: the file is damaged.
        """
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=Mark)
        except FileNotFoundError:
            names = [path.name for path in files]
            return Mark(names=names, key=secrets.token_hex(32), account=Account())
        except msgspec.MsgspecError:
            raise ConfigError(
                f"{self._path} is damaged; remove it, and import again"
            ) from None

    def write(self, mark: Mark) -> None:
        """Keeps the mark; returns when it is durable."""
        self._path.parent.mkdir(exist_ok=True, mode=0o700)
        draft = self._path.with_suffix(".new")
        with draft.open("wb") as file:
            file.write(msgspec.json.encode(mark))
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self._path)

    def forget(self) -> None:
        """Lets the import begin anew."""
        self._path.unlink(missing_ok=True)


class PastImport(msgspec.Struct, frozen=True, kw_only=True):
    """An import that was begun, for the page that lists them."""

    names: list[str]
    at: int
    """When it last came further, ms."""
    is_done: bool
    account: Account

    @property
    def left_out(self) -> int:
        """Records that did not come in."""
        return sum(self.account.skipped.values())


def list_imports(folder: Path) -> list[PastImport]:
    """The imports that were begun, the latest first; what cannot be read is left out."""
    found: list[PastImport] = []
    for path in folder.glob("*.json"):
        with suppress(OSError, msgspec.MsgspecError):
            mark = msgspec.json.decode(path.read_bytes(), type=Mark)
            found.append(
                PastImport(
                    names=mark.names,
                    at=int(path.stat().st_mtime * SECOND),
                    is_done=mark.is_done,
                    account=mark.account,
                )
            )
    return sorted(found, key=lambda each: -each.at)


class Report(msgspec.Struct, kw_only=True):
    """The account of an import, with a few of the records that were left out."""

    account: Account
    samples: dict[Reason, list[str]] = {}


def look_through(outcomes: Iterable[Outcome]) -> Report:
    """What would be imported, and what not and why; nothing is."""
    report = Report(account=Account())
    for outcome in outcomes:
        report.account.add(outcome)
        _sample(report, outcome)
    return report


def import_all(
    outcomes: Iterable[Outcome], mark: Mark, place: Place, send: Send
) -> Report:
    """Hands over what is wanted, from the mark on; keeps the mark after each batch.

    Raises:
        StoreUnavailable: what came before the mark is durable, the rest is not.
    """
    report = Report(account=mark.account)
    batch = _Batch()
    done = mark.account.read
    for number, outcome in enumerate(outcomes):
        if number < done:
            continue
        report.account.add(outcome)
        _sample(report, outcome)
        if isinstance(outcome, Event):
            batch.add(outcome)
        if batch.is_full:
            send(batch.events)
            batch = _Batch()
            place.write(mark)
    if batch.events:
        send(batch.events)
    mark.is_done, mark.key = True, ""
    place.write(mark)
    return report


class _Batch:
    def __init__(self) -> None:
        self.events: list[Event] = []
        self._bytes = 0

    def add(self, event: Event) -> None:
        self.events.append(event)
        self._bytes += len(msgspec.json.encode(event))

    @property
    def is_full(self) -> bool:
        return len(self.events) >= BATCH_EVENTS or self._bytes >= BATCH_BYTES


def _sample(report: Report, outcome: Outcome) -> None:
    if isinstance(outcome, Skipped):
        samples = report.samples.setdefault(outcome.reason, [])
        if len(samples) < SAMPLES and outcome.text not in samples:
            samples.append(outcome.text)
