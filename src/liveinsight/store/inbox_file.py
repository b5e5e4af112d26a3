"""The inbox's file: how it is opened, and how it is read beside its one writer."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any

LOG_TRIES = 10
"""At the writer's lock, each for the time that a connection waits for it."""


def open_to_write(path: Path) -> sqlite3.Connection:
    """The writer's connection; file and tables are made if missing."""
    connection = _connect(path)
    tables = files("liveinsight.store").joinpath("inbox_tables.sql")
    connection.executescript(tables.read_text("utf-8"))
    return connection


class InboxReader:
    """A connection of its own to a file that `open_to_write` has opened."""

    def __init__(self, path: Path) -> None:
        self._connection = _connect(path)
        self._lock = threading.Lock()

    def read(self, sql: str, *params: int | str) -> list[tuple[Any, ...]]:
        """The rows of one select."""
        with self._lock:
            return self._connection.execute(sql, params).fetchall()

    def read_number(self, sql: str, *params: int) -> int | None:
        """The one value of one select; None where it has none."""
        rows = self.read(sql, *params)
        return None if not rows or rows[0][0] is None else int(rows[0][0])

    @contextmanager
    def scan(self, sql: str, *params: int) -> Iterator[sqlite3.Cursor]:
        """The rows of one select one by one; nobody else reads meanwhile."""
        with self._lock, closing(self._connection.execute(sql, params)) as cursor:
            yield cursor

    def clean_log(self) -> None:
        """Removes from the log of the file what was overwritten in the file itself."""
        with self._lock:
            for _ in range(LOG_TRIES):
                busy = self._connection.execute("pragma wal_checkpoint(truncate)")
                if not busy.fetchone()[0]:
                    return

    def close(self) -> None:
        """Returns when nobody reads any more."""
        with self._lock:
            self._connection.close()


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(
        path, isolation_level=None, check_same_thread=False, timeout=5
    )
    # Blobs of a group are tens of kB: at 8 kB a page half the calls of 4 kB.
    for setting in (
        "page_size = 8192",
        "journal_mode = wal",
        "synchronous = full",
        "secure_delete = on",
        "wal_autocheckpoint = 4000",
        "journal_size_limit = 67108864",
    ):
        connection.execute(f"pragma {setting}")
    return connection
