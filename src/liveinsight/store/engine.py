"""DuckDB as the warehouse uses it: opening a file, its cursors, its errors."""

import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import duckdb

from liveinsight.errors import StoreError, StoreUnavailable
from liveinsight.store.sql import Sql

Connection = duckdb.DuckDBPyConnection
"""An open file, and a cursor of one: the engine has one name for both."""

CHECKPOINT_BYTES = 128 * 1024 * 1024
"""Of log; then a commit writes it into the file. 16 MB, the default, held commits
up to 90 ms in a hundred; 128 MB 9 ms."""

ENGINE_NICENESS = 10

CHECKPOINT_PATIENCE = 10.0
"""Seconds for the questions under way to end; then it is tried all the same."""

SWAP_SECONDS = 5.0
"""Questions under way get to end, and others to begin, when the file is replaced."""

NOT_OUR_FAULT = ("lock", "no space", "quota", "too large")
"""In the words of an I/O error: the file is good, the system does not let us."""


class DamagedError(StoreError):
    """The file or its log is broken: it must be opened anew or rebuilt."""


def open_file(path: Path, *, spill: Path, memory_mb: int, threads: int) -> Connection:
    """The open file, whose engine's own threads let the event loop go first.

    They inherit the niceness of the thread that opens; they never hold Python's lock.

    Args:
        path: made if missing.
        spill: the folder for what does not fit into memory.
        memory_mb: that it may use.
        threads: of the engine.
    """
    config: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": f"{memory_mb}MB",
        "threads": threads,
        "temp_directory": str(spill),
        "checkpoint_threshold": f"{CHECKPOINT_BYTES}B",
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
    }

    def connect() -> Connection:
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), ENGINE_NICENESS)
        return duckdb.connect(str(path), config=config)

    with ThreadPoolExecutor(1) as opener:
        return opener.submit(connect).result()


def close_file(database: Connection) -> bool:
    """Whether the engine could close it."""
    with suppress(duckdb.Error):
        database.close()
        return True
    return False


def statements_on(cursor: Connection) -> Sql:
    """Runs statements on this cursor."""

    def sql(text: str, *params: object) -> list[tuple[object, ...]]:
        return list(cursor.execute(text, list(params)).fetchall())

    return sql


def attempt(sql: Sql, *texts: str) -> None:
    """Runs statements up to one that the engine refuses."""
    with suppress(duckdb.Error):
        for text in texts:
            sql(text)


class Cursors:
    """Those of the open file, one for each question; from any thread.

    Args:
        keep: as many are kept for the next questions.
    """

    def __init__(self, keep: int) -> None:
        self._keep = keep
        self._database: Connection | None = None
        self._gate = threading.Condition()
        self._free: list[Connection] = []
        self._busy: dict[Connection, tuple[int, int]] = {}
        """Those in use: the how manieth use it is, and by which thread."""
        self._uses = 0
        self._is_swapping = False

    @property
    def is_open(self) -> bool:
        """Whether there is a file; not while it is about to be closed."""
        return self._database is not None

    def offer(self, database: Connection) -> None:
        """Gives cursors of this file from now on."""
        with self._gate:
            self._database = database

    def withdraw(self) -> Connection | None:
        """The file, if there is one, whose questions are interrupted and ended."""
        with self._gate:
            database, self._database = self._database, None
            for cursor in self._busy:
                cursor.interrupt()
            self._gate.wait_for(lambda: not self._busy, timeout=10)
            for cursor in self._free:
                cursor.close()
            self._free.clear()
        return database

    @contextmanager
    def lend(self) -> Iterator[Connection]:
        """A cursor of the caller's own.

        Nobody who has one is held back: who does would wait for whom it holds back.

        Raises:
            StoreUnavailable: there is no open file.
        """
        thread = threading.get_ident()
        with self._gate:
            if all(thread != user for _, user in self._busy.values()):
                self._gate.wait_for(lambda: not self._is_swapping, timeout=SWAP_SECONDS)
            if self._database is None:
                raise StoreUnavailable("the warehouse is being opened")
            cursor = self._free.pop() if self._free else self._database.cursor()
            self._uses += 1
            self._busy[cursor] = (self._uses, thread)
        try:
            yield cursor
        finally:
            with self._gate:
                del self._busy[cursor]
                if self._database is None or len(self._free) >= self._keep:
                    cursor.close()
                else:
                    self._free.append(cursor)
                self._gate.notify_all()

    def wait_for_those_lent(self) -> None:
        """Returns when the questions under way have ended; others begin meanwhile."""
        with self._gate:
            last = self._uses
            self._gate.wait_for(
                lambda: all(use > last for use, _ in self._busy.values()),
                timeout=CHECKPOINT_PATIENCE,
            )

    @contextmanager
    def held_back(self) -> Iterator[None]:
        """While the files change places: questions begin when that is over."""
        with self._gate:
            self._is_swapping = True
            self._gate.wait_for(lambda: not self._busy, timeout=SWAP_SECONDS)
        try:
            yield
        finally:
            with self._gate:
                self._is_swapping = False
                self._gate.notify_all()


@contextmanager
def translated() -> Iterator[None]:
    """Raises the engine's errors as ours."""
    try:
        yield
    except (
        duckdb.FatalException,
        duckdb.InternalException,
        duckdb.SerializationException,
    ) as error:
        raise DamagedError(str(error)) from error
    except (
        duckdb.ConnectionException,
        duckdb.InterruptException,
        duckdb.OutOfMemoryException,
        duckdb.TransactionException,  # a commit that the disk did not take
    ) as error:
        raise StoreUnavailable(str(error)) from error
    except duckdb.IOException as error:
        said = str(error).lower()
        if any(reason in said for reason in NOT_OUR_FAULT):
            raise StoreUnavailable(str(error)) from error
        raise DamagedError(str(error)) from error
    except duckdb.Error as error:
        raise StoreError(str(error)) from error
