"""How far each import has come, and what became of its records: kept in small files.

read = stored + duplicate + dropped(reason) + rejected(reason)
"""

import os
import secrets
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import msgspec

from liveinsight.core.limits import SECOND
from liveinsight.errors import ConfigError
from liveinsight.imports.model import Outcome, Reason, Skipped, is_rejected


class Account(msgspec.Struct, kw_only=True):
    """What became of the records so far; each is one of the four."""

    read: int = 0
    stored: int
    """New here."""
    duplicates: int
    """Events that were here already, or twice in the files: they count once."""
    skipped: dict[Reason, int] = {}
    first: int = 0
    """Of the effective times, ms; 0 before the first event."""
    last: int = 0

    @property
    def events(self) -> int:
        """What was handed over."""
        return self.stored + self.duplicates

    @property
    def dropped(self) -> dict[Reason, int]:
        """Well-formed records that are not wanted, by reason."""
        return {r: count for r, count in self.skipped.items() if not is_rejected(r)}

    @property
    def rejected(self) -> dict[Reason, int]:
        """Malformed records, by reason."""
        return {r: count for r, count in self.skipped.items() if is_rejected(r)}

    @property
    def dropped_records(self) -> int:
        """Of all reasons together."""
        return sum(self.dropped.values())

    @property
    def rejected_records(self) -> int:
        """Of all reasons together."""
        return sum(self.rejected.values())

    def after(
        self, outcomes: Sequence[Outcome], is_duplicate: Mapping[int, bool]
    ) -> "Account":
        """The account with these records in it; events are told by their place."""
        account = msgspec.structs.replace(self, skipped=dict(self.skipped))
        account.read += len(outcomes)
        for place, outcome in enumerate(outcomes):
            if isinstance(outcome, Skipped):
                account.add_skipped(outcome)
            else:
                account.stored += not is_duplicate[place]
                account.duplicates += is_duplicate[place]
                account.add_time(outcome.time)
        return account

    def add_skipped(self, record: Skipped) -> None:
        """Counts a record that is left out, under its reason."""
        self.skipped[record.reason] = self.skipped.get(record.reason, 0) + 1

    def add_time(self, at: int) -> None:
        """Has the span reach the time (ms) of an event."""
        self.first = min(self.first or at, at)
        self.last = max(self.last, at)


class Mark(msgspec.Struct, kw_only=True):
    """How far an import has come; kept in a file until and after its end."""

    names: list[str]
    key: str = ""
    """Hexadecimal secret of the visitor ids made of addresses; gone at the end."""
    is_done: bool = False
    account: Account
    """Of what is durable."""
    ahead: Account | None = None
    """The account when what is under way is durable, too. Written before it is handed
    over: after a kill, what of it is there cannot be told from what was there before."""


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
            return Mark(
                names=[path.name for path in files],
                key=secrets.token_hex(32),
                account=Account(stored=0, duplicates=0),
            )
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
