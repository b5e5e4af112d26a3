"""The rows of the inbox: what is durable, from the door to warehouse and archive.

A row leaves only when archive and the warehouse's checkpointed file both hold it.
"""

import sqlite3

import msgspec

from liveinsight.core.event import Event
from liveinsight.store.group_commit import GroupCommit
from liveinsight.store.inbox_file import InboxReader

_decode_lines = msgspec.json.Decoder(Event).decode_lines


class Row(msgspec.Struct, frozen=True):
    """One row of the inbox, read back."""

    seq: int
    events: list[Event]


class RawRow(msgspec.Struct, frozen=True):
    """One row as it is stored: newline-JSON, of one UTC hour of receipt."""

    seq: int
    hour: int
    events: int
    body: bytes


class InboxRows:
    """What the applier and the archive read, and what they say they have."""

    def __init__(self, reader: InboxReader, writer: GroupCommit) -> None:
        self._reader = reader
        self._writer = writer

    def after(self, seq: int, max_events: int) -> list[Row]:
        """The next rows, oldest first: at least one, else at most `max_events`."""
        return [
            Row(row.seq, _decode_lines(row.body))
            for row in self.raw_after(seq, max_events)
        ]

    def raw_after(self, seq: int, max_events: int) -> list[RawRow]:
        """As `after`, undecoded."""
        rows: list[RawRow] = []
        events = 0
        with self._reader.scan(
            "select seq, hour, events, body from inbox where seq > ? order by seq", seq
        ) as cursor:
            for found in cursor:
                row = RawRow(*found)
                if rows and events + row.events > max_events:
                    break
                rows.append(row)
                events += row.events
        return rows

    def sizes_after(self, seq: int, limit: int = 100_000) -> list[tuple[int, int, int]]:
        """(seq, hour, number of events) of the next rows."""
        return self._reader.read(
            "select seq, hour, events from inbox where seq > ? order by seq limit ?",
            seq,
            limit,
        )

    def events_after(self, seq: int) -> int:
        """The number of events in the rows after `seq`."""
        return (
            self._reader.read_number("select sum(events) from inbox where seq > ?", seq)
            or 0
        )

    def first_seq(self) -> int:
        """The oldest row that is still here; else the one that comes next."""
        found = self._reader.read_number("select min(seq) from inbox")
        return found if found is not None else self.last_seq() + 1

    def last_seq(self) -> int:
        """The newest row there ever was; 0 before the first."""
        return (
            self._reader.read_number(
                "select max(seq) from sqlite_sequence where name = 'inbox'"
            )
            or 0
        )

    def continue_after(self, seq: int) -> None:
        """Makes new rows come after `seq`: archive or warehouse know later ones."""
        if self.last_seq() >= seq:
            return

        def write(connection: sqlite3.Connection) -> None:
            connection.execute("delete from sqlite_sequence where name = 'inbox'")
            connection.execute(
                "insert into sqlite_sequence (name, seq) values ('inbox', ?)", (seq,)
            )

        self._writer.do(write)

    def archived(self) -> int:
        """The last row that the archive holds."""
        return (
            self._reader.read_number("select value from marks where name = 'archived'")
            or 0
        )

    def mark_archived(self, seq: int) -> None:
        """Says that the archive durably holds the rows up to `seq`."""
        self._writer.do(
            lambda connection: connection.execute(
                "insert into marks (name, value) values ('archived', ?)"
                " on conflict do update set value = max(value, excluded.value)",
                (seq,),
            )
        )

    def remove_through(self, seq: int) -> int:
        """The number of rows removed: those up to `seq` that are archived.

        `seq` is the mark of the warehouse's last checkpoint, never a later one.
        """
        return self._writer.do(
            lambda connection: (
                connection.execute(
                    "delete from inbox where seq <= ? and seq <="
                    " coalesce((select value from marks where name = 'archived'), 0)",
                    (seq,),
                ).rowcount
            )
        )
