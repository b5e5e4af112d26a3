"""Opening the warehouse whatever state it is in.

It is derived, so nothing is repaired: what is bad is set aside, kept under a name with
`.bad`, and what it held is applied again. Only an erasure deletes what was set aside.
"""

import logging
import subprocess
import sys
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

from liveinsight.errors import StoreError, StoreUnavailable
from liveinsight.store.closed_well import was_closed_well
from liveinsight.store.engine import DamagedError
from liveinsight.store.warehouse import Warehouse

log = logging.getLogger(__name__)

PROBE_SECONDS = 30
VERIFY_AT_ONCE_BYTES = 64 * 1024 * 1024
"""A file up to this size is read through before it is trusted: some 0.1 s."""


class Refill(Protocol):
    """Work in the background that fills a warehouse that was started over."""

    def start(self) -> None:
        """Begins, or goes on where the last process was stopped."""

    def stop(self) -> None:
        """Returns when the batch in hand is committed."""


class Keeper:
    """Opens, and at run time replaces, a warehouse that something else fills again."""

    def __init__(self, path: Path, *, memory_mb: int = 256, threads: int = 2) -> None:
        self._path = path
        self.warehouse = Warehouse(path, memory_mb=memory_mb, threads=threads)
        self._verified = True

    @property
    def refill(self) -> Refill | None:
        """What fills it beside the applier, if there is need."""
        return None

    def open(self) -> None:
        """Opens the warehouse, whatever state its files are in.

        Raises:
            StoreUnavailable: another process has it open, or the disk is full.
        """
        self._verified = not self._path.exists() or was_closed_well(self._path)
        if not self._path.exists() or not self._open_as_it_is():
            self._set_aside()
            self.warehouse.reopen()
        self._fit()
        if not self._verified and self._path.stat().st_size <= VERIFY_AT_ONCE_BYTES:
            self.verify()

    def close(self) -> None:
        """Ends what fills the warehouse, and closes it."""
        self._stop_refill()
        self.warehouse.close()

    def recover(self) -> None:
        """Closes a warehouse that showed damage, and opens it again or starts over."""
        self._stop_refill()
        with self.warehouse.exclusive():
            self.warehouse.close()
            was_closed_well(self._path)
            self.open()
            self.verify()
        self._start_refill()

    def start(self) -> None:
        """Begins what goes on beside the live pages: a rebuild, reading a file through."""
        self._start_refill()
        threading.Thread(target=self._verify_beside, name="verify", daemon=True).start()

    def _verify_beside(self) -> None:
        before = self.refill
        try:
            self.verify()
        except StoreUnavailable:
            log.info("the warehouse was closed before it was read through")
        if self.refill is not before:
            self._start_refill()

    def start_over(self) -> None:
        """Sets a good file aside, too, and fills a new one from inbox and archive."""
        self._stop_refill()
        self._start_over()
        self._start_refill()

    def remove_set_aside(self) -> None:
        """Removes the damaged files that were kept: they cannot be searched."""
        folder, name = self._path.parent, self._path.name
        made = self._path.with_name(f"{self._path.stem}.new{self._path.suffix}")
        for left in [*folder.glob(f"{name}*.bad-*"), *folder.glob(f"{made.name}*")]:
            left.unlink()

    def verify(self) -> None:
        """Reads the file through if it was not closed well; starts over if it is bad."""
        if self._verified:
            return
        try:
            self.warehouse.verify()
        except DamagedError:
            log.exception("the warehouse file is damaged and is set aside")
            self._stop_refill()
            self._start_over()
        self._verified = True

    def _open_as_it_is(self) -> bool:
        # Left behind where the engine crashed or hung in opening: then it is tried in
        # a process of its own first, which takes 0.5 to 1.5 s of the 2 s to be ready.
        opening = self._path.with_name(f"{self._path.name}.opening")
        for _ in range(2):  # with its log; without
            if not opening.exists() or _probe(self._path):
                try:
                    opening.touch()
                    self.warehouse.reopen()
                    self.warehouse.verify_marks()
                except OSError as error:
                    raise StoreUnavailable(f"{opening.name}: {error}") from error
                except StoreUnavailable:
                    raise
                except (StoreError, ValueError):
                    log.exception("the warehouse does not open")
                    self.warehouse.close()
                    was_closed_well(self._path)
                else:
                    opening.unlink()
                    return True
                opening.unlink()
            self._verified = False
            if not set_aside(logs_of(self._path)):
                break
        return False

    def _set_aside(self) -> None:
        set_aside([*logs_of(self._path), self._path])
        self._path.with_name(f"{self._path.name}.opening").unlink(missing_ok=True)
        self._verified = True

    def _start_over(self) -> None:
        with self.warehouse.exclusive():
            self.warehouse.close()
            was_closed_well(self._path)
            self._set_aside()
            self.warehouse.reopen()
            self._fit()

    def _fit(self) -> None:
        """Makes the open warehouse agree with what it is filled from."""

    def _start_refill(self) -> None:
        if self.refill is not None:
            self.refill.start()

    def _stop_refill(self) -> None:
        if self.refill is not None:
            self.refill.stop()


def _probe(path: Path) -> bool:
    """Whether the engine opens the file and its log without crashing or hanging."""
    command = [sys.executable, "-m", "liveinsight.store.probe", str(path)]
    try:
        done = subprocess.run(  # noqa: S603  # our own module
            command, timeout=PROBE_SECONDS, capture_output=True, check=False
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def logs_of(path: Path) -> list[Path]:
    """The log of a warehouse, and what the engine names after it while it checkpoints."""
    return [
        found
        for found in path.parent.glob(f"{path.name}.wal*")
        if ".bad" not in found.name
    ]


def set_aside(paths: Iterable[Path]) -> bool:
    """Whether there was any to set aside."""
    found = [path for path in paths if path.exists()]
    for path in found:
        kept = path.with_name(f"{path.name}.bad-{time.time_ns() // 1_000_000}")
        path.rename(kept)
        log.warning("set aside: %s", kept.name)
    return bool(found)
