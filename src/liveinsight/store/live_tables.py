"""The warehouse as of now: what the archive has brought, and what the live table says.

A second database in memory, whose tables have the warehouse's names and columns. So
the questions of the live page are asked here as they are asked there. An active
session goes on from the warehouse's run of the same user, if there is one within 30
minutes; what it has done since is told by its page views and its last page alone.
"""

import threading
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from liveinsight.store.dynamodb.items import ActiveSession
from liveinsight.store.in_memory import beside
from liveinsight.store.live_sql import ACTIVE, FIELDS, statements
from liveinsight.store.warehouse import Warehouse

LIVE: Final = "live"


class LiveTables:
    """Implements core.ports.Reader over warehouse and active sessions together."""

    def __init__(self, warehouse: Warehouse) -> None:
        self._warehouse = warehouse
        self._lock = threading.Lock()
        self._sessions: Sequence[ActiveSession] = ()
        self._generation = -1
        self._is_taken = False
        self._is_current = False

    def take(self, sessions: Sequence[ActiveSession]) -> None:
        """Puts these in the place of all active sessions before."""
        with self._lock:
            self._sessions, self._is_taken = sessions, False
            self._update()

    def note_applied(self) -> None:
        """The warehouse has got events: what it knows needs no guess any more."""
        self._is_current = False

    def query(
        self, sql: str, params: Sequence[object] = ()
    ) -> list[tuple[object, ...]]:
        """The rows of one select; safe to call from any thread.

        Raises:
            StoreUnavailable: the warehouse is closed or being replaced.
        """
        if not self._is_current or self._generation != self._warehouse.generation:
            with self._lock:
                self._update()
        with beside(self._warehouse, LIVE) as run:
            return run(sql, *params)

    def _update(self) -> None:
        """Brings the tables to what is known now, if they are not; the lock is held."""
        generation = self._warehouse.generation
        if generation != self._generation:  # its database in memory went with the file
            self._is_taken = False
        if self._is_taken and self._is_current:
            return
        self._is_current = True  # what is applied from here on is not in the tables
        try:
            with beside(self._warehouse, LIVE) as sql:
                sql("begin transaction")
                if not self._is_taken:
                    sql(ACTIVE, encode_sessions(self._sessions))
                for statement in statements(self._warehouse.catalog):
                    sql(statement)
                sql("commit")
        except BaseException:
            self._is_current = False
            raise
        self._generation, self._is_taken = generation, True


def encode_sessions(sessions: Iterable[ActiveSession]) -> str:
    """As a parameter."""
    rows = [
        {name: getattr(session, name) for name in FIELDS}
        | {"user": session.user, "is_derived": not session.user_id}
        for session in sessions
    ]
    return msgspec.json.encode(rows).decode()
