"""The warehouse: one DuckDB file, derived from inbox and archive.

One thread at a time writes; questions run beside it, each on a cursor of its own.
"""

import shutil
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from liveinsight.core.event import Event
from liveinsight.core.limits import SECOND
from liveinsight.core.ports import Reader
from liveinsight.errors import StoreError, StoreUnavailable
from liveinsight.store.apply import Applied, apply_events, refold_user
from liveinsight.store.closed_well import sign, was_closed_well
from liveinsight.store.engine import (
    Connection,
    Cursors,
    DamagedError,
    attempt,
    close_file,
    open_file,
    statements_on,
    translated,
)
from liveinsight.store.erase import erase_user
from liveinsight.store.ledger import LedgerLine, as_lines
from liveinsight.store.migrate import migrate
from liveinsight.store.moment import Moment, Rows
from liveinsight.store.person import Copies, Person
from liveinsight.store.sql import Sql

INBOX = "inbox"

TABLES = ("events", "runs", "users", "given_ids", "ledger", "marks")


class Warehouse:
    """Implements core.ports.Reader; make one with `Warehouse.open`."""

    def __init__(self, path: Path, *, memory_mb: int, threads: int) -> None:
        self.path = path
        self._memory_mb = memory_mb
        self._threads = threads
        self._spill = path.parent / "tmp"
        self._writing = threading.RLock()
        self.cursors = Cursors(keep=threads * 4)
        """For who has more to ask of the engine than a question."""
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
        with self._writing, translated():
            database = open_file(
                self.path,
                spill=self._spill,
                memory_mb=self._memory_mb,
                threads=self._threads,
            )
            try:
                migrate(statements_on(database))
            except BaseException:
                database.close()
                raise
            self.generation += 1
            self.damaged = False
            self.cursors.offer(database)

    def query(self, sql: str, params: Sequence[object] = ()) -> Rows:
        """The rows of one select; safe to call from any thread.

        Raises:
            StoreUnavailable: the warehouse is closed, damaged or being replaced.
        """
        with self.cursors.lend() as cursor:
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
        with self.cursors.lend() as cursor:
            self._ask(cursor, "begin transaction read only", ())
            try:
                yield partial(self._ask, cursor)
            finally:
                attempt(statements_on(cursor), "rollback")

    def _ask(self, cursor: Connection, sql: str, params: Sequence[object]) -> Rows:
        if not self.cursors.is_open:  # to interrupt between two questions says nothing
            raise StoreUnavailable("the warehouse is being closed")
        try:
            with translated():
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
        return as_lines(
            self.query(
                "select site, hour, outcome, reason, count from ledger"
                " where count <> 0 order by hour, site, outcome, reason"
            )
        )

    def checkpoint(self) -> int:
        """The mark that the file alone now holds, should its log be lost.

        Waits for the questions under way, while others begin: the engine refuses as
        long as one sees the tables as they were before the last update.
        """
        with self._writing:
            mark = self.mark()
            began = time.perf_counter()
            self.cursors.wait_for_those_lent()
            with self.cursors.lend() as cursor, translated():
                cursor.execute("checkpoint")
            self.last_checkpoint_ms = int((time.perf_counter() - began) * SECOND)
        return mark

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
            with self.cursors.lend() as cursor, translated():
                cursor.execute(read).fetchall()

    def close(self) -> None:
        """Interrupts what runs and closes the file; questions are refused then."""
        with self._writing:
            database = self.cursors.withdraw()
            if database is not None and close_file(database):
                sign(self.path)
            shutil.rmtree(self._spill, ignore_errors=True)

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
            with self.cursors.lend() as cursor, translated():
                cursor.execute(f"attach '{_quoted(draft)}' as rewritten")
                try:
                    cursor.execute(f'copy from database "{name}" to rewritten')
                finally:
                    cursor.execute("detach rewritten")
            with self.cursors.held_back():
                self.close()
                for log in self.path.parent.glob(f"{self.path.name}.wal*"):
                    log.unlink()
                draft.replace(self.path)
                was_closed_well(self.path)
                self.reopen()

    @property
    def catalog(self) -> str:
        """By which name statements call the file's own database."""
        return f'"{self.path.name.partition(".")[0]}".main'

    @contextmanager
    def _transaction(self) -> Iterator[Sql]:
        with self._writing, self.cursors.lend() as cursor, translated():
            sql = statements_on(cursor)
            sql("begin transaction")
            try:
                yield sql
                sql("commit")
            except BaseException:
                attempt(sql, "rollback")
                raise


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")


def _set_mark(sql: Sql, name: str, value: int | None) -> None:
    if value is None and name.endswith("/"):
        sql("delete from marks where starts_with(name, ?)", name)
        return
    sql("delete from marks where name = ?", name)
    if value is not None:
        sql("insert into marks (name, value) values (?, ?)", name, value)
