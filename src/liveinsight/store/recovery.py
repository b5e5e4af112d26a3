"""One machine's warehouse at the start: opened whatever state its files are in.

Inbox and archive hold all that was acknowledged: they fill again what it lacks.
"""

import logging
from pathlib import Path

import msgspec

from liveinsight.core.limits import SESSION_SILENCE
from liveinsight.core.session import fold
from liveinsight.store.archive import Archive
from liveinsight.store.inbox import Inbox
from liveinsight.store.keeper import Keeper, Refill
from liveinsight.store.rebuild import REBUILD, Rebuild
from liveinsight.store.running import RunningSession
from liveinsight.store.warehouse import INBOX, Warehouse

log = logging.getLogger(__name__)


class Opened(msgspec.Struct, frozen=True, kw_only=True):
    """A warehouse that can be asked, and what still fills it from the archive."""

    warehouse: Warehouse
    rebuild: Rebuild | None
    recovery: "Recovery"


class Recovery(Keeper):
    """The keeper of one machine's warehouse: inbox and archive fill it again."""

    def __init__(
        self,
        path: Path,
        inbox: Inbox,
        archive: Archive,
        *,
        memory_mb: int = 256,
        threads: int = 2,
    ) -> None:
        super().__init__(path, memory_mb=memory_mb, threads=threads)
        self._inbox = inbox
        self._archive = archive
        self.rebuild: Rebuild | None = None

    @property
    def refill(self) -> Refill | None:
        """The rebuild from the archive."""
        return self.rebuild

    def open(self) -> None:
        """Opens the warehouse, whatever state its files are in.

        Raises:
            StoreUnavailable: another process has it open, or the disk is full.
        """
        self._inbox.rows.continue_after(self._archive.last_seq())
        super().open()

    def _fit(self) -> None:
        marks = self.warehouse.marks()
        mark = marks.get(INBOX)
        first = self._inbox.rows.first_seq()
        if mark is not None and mark + 1 < first:
            # An older file was put back: rows after its mark are in the archive only.
            log.warning("the warehouse is older than the inbox and is built anew")
            self._start_over()
            return
        if mark is None:
            self.warehouse.set_mark(INBOX, first - 1)
            marks[REBUILD] = first
            self.warehouse.set_mark(REBUILD, first)
        else:
            self._inbox.rows.continue_after(mark)
        self.rebuild = None
        if REBUILD in marks:
            rebuild = Rebuild(self.warehouse, self._archive, marks[REBUILD])
            if rebuild.is_needed:
                self.rebuild = rebuild
            else:
                self.warehouse.set_mark(REBUILD, None)


def open_warehouse(
    data_dir: Path,
    inbox: Inbox,
    archive: Archive,
    *,
    memory_mb: int = 256,
    threads: int = 2,
) -> Opened:
    """The warehouse of a data directory, in whatever state its files are.

    Call `recovery.start()` when the applier runs: it begins the rebuild, if there is
    one. Give the applier `recovery.recover` as `on_damage`; a rebuild that begins
    later is in `recovery.rebuild`.

    Raises:
        StoreUnavailable: another process has it open, or the disk is full.
    """
    path = data_dir / "warehouse.duckdb"
    recovery = Recovery(path, inbox, archive, memory_mb=memory_mb, threads=threads)
    recovery.open()
    return Opened(
        warehouse=recovery.warehouse, rebuild=recovery.rebuild, recovery=recovery
    )


def seed_running(inbox: Inbox, warehouse: Warehouse, now: int) -> None:
    """Tells the inbox which sessions run, from the warehouse and what is unapplied."""
    rows = warehouse.query(
        "select runs.site, users.user_id, session_id, start_time, last_activity"
        " from runs join users using (user_key) where last_activity >= ?",
        (now - SESSION_SILENCE,),
    )
    inbox.seed_running(
        RunningSession(
            site=str(site),
            user=str(user),
            session_id=str(session_id),
            start=int(str(start)),
            last=int(str(last)),
        )
        for site, user, session_id, start, last in rows
    )
    seq = warehouse.mark()
    for row in inbox.rows.after(seq, 50_000):
        given = {(e.site, e.user): e.session_id for e in row.events}
        inbox.seed_running(
            RunningSession(
                site=run.site,
                user=run.user,
                session_id=given[run.site, run.user],
                start=run.start_time,
                last=run.last_activity,
            )
            for run in fold(row.events)
        )
