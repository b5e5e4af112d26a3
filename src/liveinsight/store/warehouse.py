"""The warehouse: one DuckDB file, derived from inbox and archive.

One thread at a time writes; questions run beside it, each on a cursor of its own.
"""

import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from importlib.resources import files
from pathlib import Path

import duckdb

from liveinsight.core.event import Event
from liveinsight.core.limits import SECOND
from liveinsight.core.outcome import Outcome
from liveinsight.core.ports import Reader
from liveinsight.errors import StoreError, StoreUnavailable
from liveinsight.store.apply import Applied, apply_events, refold_user
from liveinsight.store.erase import erase_user
from liveinsight.store.inbox import LedgerLine
from liveinsight.store.moment import Moment, Rows
from liveinsight.store.person import Copies, Person

CHECKPOINT_BYTES = 128 * 1024 * 1024
"""Of log; then a commit writes it into the file. 16 MB, the default, held commits
up to 90 ms in a hundred; 128 MB 9 ms (study, engine.md)."""

CHECKPOINT_PATIENCE = 10.0
"""Seconds for the questions under way to end; then it is tried all the same."""

ENGINE_NICENESS = 10

SWAP_SECONDS = 5.0
"""Questions under way get to end, and others to begin, when the file is replaced."""

INBOX = "inbox"

Sql = Callable[..., list[tuple[object, ...]]]
"""Runs one statement with its parameters."""

NOT_OUR_FAULT = ("lock", "no space", "quota", "too large")
"""In the words of an I/O error: the file is good, the system does not let us."""
TABLES = ("events", "runs", "users", "given_ids", "ledger", "marks")


class DamagedError(StoreError):
    """The file or its log is broken: it must be opened anew or rebuilt."""


class Warehouse:
    """Implements core.ports.Reader; make one with `Warehouse.open`."""

    def __init__(self, path: Path, *, memory_mb: int, threads: int) -> None:
        self.path = path
        self._memory_mb = memory_mb
        self._threads = threads
        self._database: duckdb.DuckDBPyConnection | None = None
        self._writing = threading.RLock()
        self._gate = threading.Condition()
        self._free: list[duckdb.DuckDBPyConnection] = []
        self._busy: dict[duckdb.DuckDBPyConnection, int] = {}
        """Those in use, and the how manieth use it is."""
        self._uses = 0
        self._is_swapping = False
        self.last_checkpoint_ms = 0
        """How long the last checkpoint held the writer."""
        self.damaged = False
        """A question met a broken block: the applier has it mended."""
        self.generation = 0
        """Grows when the file is opened anew: marks read before say nothing then."""

    @classmethod
    def open(cls, path: Path, *, memory_mb: int = 256, threads: int = 2) -> "Warehouse":
        """The warehouse in `path`, made and migrated as needed.

        Raises:
            DamagedError: the file or its log cannot be read.
            StoreUnavailable: another process has it open, or the disk is full.
        """
        warehouse = cls(path, memory_mb=memory_mb, threads=threads)
        warehouse.reopen()
        return warehouse

    def reopen(self) -> None:
        """Opens the file again after `close`."""
        with self._writing, _translated():
            spill = self.path.parent / "tmp"
            database = _connect_politely(
                str(self.path),
                {
                    "memory_limit": f"{self._memory_mb}MB",
                    "threads": self._threads,
                    "temp_directory": str(spill),
                    "checkpoint_threshold": f"{CHECKPOINT_BYTES}B",
                    "autoinstall_known_extensions": "false",
                    "autoload_known_extensions": "false",
                },
            )
            try:
                _migrate(database)
            except BaseException:
                database.close()
                raise
            with self._gate:
                self._database = database
                self.generation += 1
                self.damaged = False

    def query(
        self, sql: str, params: Sequence[object] = ()
    ) -> list[tuple[object, ...]]:
        """The rows of one select; safe to call from any thread.

        Raises:
            StoreUnavailable: the warehouse is closed, damaged or being replaced.
        """
        with self._cursor() as cursor:
            return self._ask(cursor, sql, params)

    @contextmanager
    def snapshot(self) -> Iterator[Reader]:
        """For several questions: all are answered as of the first of them."""
        moment = Moment(self._reading)
        try:
            yield moment
        finally:
            moment.end()

    @contextmanager
    def _reading(self) -> Iterator[Callable[[str, Sequence[object]], Rows]]:
        with self._cursor() as cursor:
            self._ask(cursor, "begin transaction read only", ())
            try:
                yield partial(self._ask, cursor)
            finally:
                with suppress(duckdb.Error):
                    cursor.execute("rollback")

    def _ask(
        self, cursor: duckdb.DuckDBPyConnection, sql: str, params: Sequence[object]
    ) -> Rows:
        try:
            with _translated():
                return list(cursor.execute(sql, list(params)).fetchall())
        except DamagedError as error:
            self.damaged = True
            raise StoreUnavailable("the warehouse is being mended") from error

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Keeps writers out while the file is being replaced."""
        with self._writing:
            yield

    def apply(
        self,
        events: Sequence[Event],
        marks: Mapping[str, int | None] | None = None,
        *,
        generation: int | None = None,
    ) -> Applied:
        """What became of the events; all in one transaction, with the marks.

        Applying the same events again changes nothing but counts of duplicates;
        at most 1,000 at a time while others ask: each batch is a few ms of Python.

        Raises:
            StoreUnavailable: the file is not the `generation` that the marks are of.
        """
        with self._transaction() as sql:
            if generation is not None and generation != self.generation:
                raise StoreUnavailable("the warehouse has been replaced")
            applied = apply_events(sql, events)
            for name, value in (marks or {}).items():
                _set_mark(sql, name, value)
        return applied

    def refold(self, site: str, user: str) -> None:
        """Folds a user's events anew, from the events table alone."""
        with self._transaction() as sql:
            refold_user(sql, site, user)

    def mark(self) -> int:
        """The last row of the inbox that is applied."""
        return self.marks().get(INBOX, 0)

    def marks(self) -> dict[str, int]:
        """All marks by name."""
        rows = self.query("select name, value from marks")
        return {str(name): int(str(value)) for name, value in rows}

    def set_mark(self, name: str, value: int | None) -> None:
        """Sets a mark, or with None removes it."""
        with self._transaction() as sql:
            _set_mark(sql, name, value)

    def ledger(self) -> list[LedgerLine]:
        """What was stored, and what was a duplicate, exactly."""
        return [
            LedgerLine(
                site=str(site),
                hour=int(str(hour)),
                outcome=Outcome(str(outcome)),
                reason=str(reason),
                count=int(str(count)),
            )
            for site, hour, outcome, reason, count in self.query(
                "select site, hour, outcome, reason, count from ledger"
                " where count <> 0 order by hour, site, outcome, reason"
            )
        ]

    def checkpoint(self) -> int:
        """The mark that the file alone now holds, should its log be lost.

        Waits for the questions under way, while others begin: the engine refuses as
        long as one sees the tables as they were before the last update.
        """
        with self._writing:
            mark = self.mark()
            began = time.perf_counter()
            self._wait_for_questions()
            with self._cursor() as cursor, _translated():
                cursor.execute("checkpoint")
            self.last_checkpoint_ms = int((time.perf_counter() - began) * SECOND)
        return mark

    def _wait_for_questions(self) -> None:
        with self._gate:
            last = self._uses
            self._gate.wait_for(
                lambda: all(use > last for use in self._busy.values()),
                timeout=CHECKPOINT_PATIENCE,
            )

    def verify(self) -> None:
        """Reads every block once.

        Raises:
            DamagedError: one does not have the checksum it was written with.
        """
        try:
            self._read_all()
        except (DamagedError, StoreUnavailable):
            raise
        except (StoreError, ValueError) as error:  # text that is no UTF-8, and so on
            raise DamagedError(str(error)) from error

    def verify_marks(self) -> None:
        """As `verify`, of the two tables that a start cannot do without."""
        self._read_all(("marks", "migrations"))

    def _read_all(self, tables: Sequence[str] = TABLES) -> None:
        for table in tables:
            # hash() of the whole row: max() and count() are answered from statistics
            read = f"select bit_xor(hash(t)) from {table} t"  # noqa: S608  # ours
            with self._cursor() as cursor, _translated():
                cursor.execute(read).fetchall()

    def close(self) -> None:
        """Interrupts what runs and closes the file; questions are refused then."""
        with self._writing:
            with self._gate:
                database, self._database = self._database, None
                for cursor in self._busy:
                    cursor.interrupt()
                self._gate.wait_for(lambda: not self._busy, timeout=10)
                for cursor in self._free:
                    cursor.close()
                self._free.clear()
            if database is not None:
                with suppress(duckdb.Error):
                    database.close()
                    _sign(self.path)
            shutil.rmtree(self.path.parent / "tmp", ignore_errors=True)

    def erase(self, person: Person, copies: Copies) -> int:
        """The number of the person's events deleted; the file still holds their bytes."""
        with self._transaction() as sql:
            return erase_user(sql, person, copies)

    def session_ids(self, person: Person) -> list[str]:
        """The ids that replies gave for the person's sessions."""
        rows = self.query(
            "select given_id from given_ids"
            " where user_key = md5_number_lower(? || chr(0) || ?)",
            (person.site, person.user),
        )
        return [str(given_id) for (given_id,) in rows]

    def rewrite(self) -> None:
        """Writes the file anew, so that nothing is left in it of what was deleted.

        Takes as much room again, and half a minute for 16 million events of a quiet
        machine; questions are answered meanwhile, and wait for the change of the files.

        Raises:
            StoreUnavailable: the disk is full.
        """
        draft = self.path.with_name("rewritten.duckdb")
        with self._writing:
            draft.unlink(missing_ok=True)
            name = self.path.name.partition(".")[0]
            with self._cursor() as cursor, _translated():
                cursor.execute(f"attach '{_quoted(draft)}' as rewritten")
                try:
                    cursor.execute(f'copy from database "{name}" to rewritten')
                finally:
                    cursor.execute("detach rewritten")
            with self._questions_waiting():
                self.close()
                for log in self.path.parent.glob(f"{self.path.name}.wal*"):
                    log.unlink()
                draft.replace(self.path)
                was_closed_well(self.path)
                self.reopen()

    @contextmanager
    def _questions_waiting(self) -> Iterator[None]:
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
    def beside(self, name: str) -> Iterator[Sql]:
        """Statements whose tables are those of the database `name`, kept in memory.

        It is there from the first use until the file is closed, or it is detached;
        `MAIN.events` and so on, MAIN being `self.catalog`, are the tables of the file.
        """
        with self._cursor() as cursor, _translated():

            def sql(text: str, *params: object) -> list[tuple[object, ...]]:
                return list(cursor.execute(text, list(params)).fetchall())

            sql(f"attach if not exists ':memory:' as {name}")
            sql(f"set search_path = '{name}'")
            try:
                yield sql
            finally:
                with suppress(duckdb.Error):
                    cursor.execute("rollback")
                with suppress(duckdb.Error):
                    cursor.execute("set search_path = ''")

    @contextmanager
    def copy_beside(self, name: str) -> Iterator[Sql]:
        """As `beside`, with a warehouse's tables, empty; gone when the context ends."""
        with self.beside(name) as sql:
            for _, statements in _migrations():
                sql(statements)
            try:
                yield sql
            finally:
                with suppress(duckdb.Error):
                    sql(f"use {self.catalog}")
                    sql(f"detach {name}")

    @property
    def catalog(self) -> str:
        """By which name statements call the file's own database."""
        return f'"{self.path.name.partition(".")[0]}".main'

    @contextmanager
    def _cursor(self) -> Iterator[duckdb.DuckDBPyConnection]:
        with self._gate:
            self._gate.wait_for(lambda: not self._is_swapping, timeout=SWAP_SECONDS)
            if self._database is None:
                raise StoreUnavailable("the warehouse is being opened")
            cursor = self._free.pop() if self._free else self._database.cursor()
            self._uses += 1
            self._busy[cursor] = self._uses
        try:
            yield cursor
        finally:
            with self._gate:
                del self._busy[cursor]
                if self._database is None or len(self._free) >= self._threads * 4:
                    cursor.close()
                else:
                    self._free.append(cursor)
                self._gate.notify_all()

    @contextmanager
    def _transaction(self) -> Iterator[Callable[..., list[tuple[object, ...]]]]:
        with self._writing, self._cursor() as cursor, _translated():

            def sql(text: str, *params: object) -> list[tuple[object, ...]]:
                return list(cursor.execute(text, list(params)).fetchall())

            sql("begin transaction")
            try:
                yield sql
                sql("commit")
            except BaseException:
                with suppress(duckdb.Error):
                    cursor.execute("rollback")
                raise


def was_closed_well(path: Path) -> bool:
    """Whether the file is as `close` left it; asked once, since opening changes it."""
    signed = path.with_name(f"{path.name}.closed")
    try:
        is_same = signed.read_text() == _signature(path)
    except OSError:
        is_same = False
    signed.unlink(missing_ok=True)
    return is_same and not path.with_name(f"{path.name}.wal").exists()


def _sign(path: Path) -> None:
    if path.exists() and not path.with_name(f"{path.name}.wal").exists():
        path.with_name(f"{path.name}.closed").write_text(_signature(path))


def _signature(path: Path) -> str:
    state = path.stat()
    return f"{state.st_size} {state.st_mtime_ns}"


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")


def _connect_politely(
    path: str, config: dict[str, str | bool | int | float | list[str]]
) -> duckdb.DuckDBPyConnection:
    """The open file, whose engine's own threads let the event loop go first.

    They inherit the niceness of the thread that opens; they never hold Python's lock.
    """

    def connect() -> duckdb.DuckDBPyConnection:
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), ENGINE_NICENESS)
        return duckdb.connect(path, config=config)

    with ThreadPoolExecutor(1) as opener:
        return opener.submit(connect).result()


@contextmanager
def _translated() -> Iterator[None]:
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


def _migrate(database: duckdb.DuckDBPyConnection) -> None:
    database.execute(
        "create table if not exists migrations (number integer not null, name varchar)"
    )
    done = {
        number
        for (number,) in database.execute("select number from migrations").fetchall()
    }
    for file, statements in _migrations():
        number, _, name = file.partition("_")
        if int(number) in done:
            continue
        database.execute("begin transaction")
        database.execute(statements)
        database.execute("insert into migrations values (?, ?)", [int(number), name])
        database.execute("commit")


def _migrations() -> list[tuple[str, str]]:
    """Name without `.sql`, and statements, in their order."""
    folder = files("liveinsight.store").joinpath("migrations")
    return sorted(
        (file.name.removesuffix(".sql"), file.read_text("utf-8"))
        for file in folder.iterdir()
        if file.name.endswith(".sql")
    )


def _set_mark(
    sql: Callable[..., list[tuple[object, ...]]], name: str, value: int | None
) -> None:
    if value is None and name.endswith("/"):
        sql("delete from marks where starts_with(name, ?)", name)
        return
    sql("delete from marks where name = ?", name)
    if value is not None:
        sql("insert into marks (name, value) values (?, ?)", name, value)
