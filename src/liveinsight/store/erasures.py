"""The people who are to be erased, and what of them the inbox holds.

A row of the table `erasures` is the promise: it is there until nothing else is, so
an erasure that was killed goes on where it was.
"""

import sqlite3
from collections.abc import Iterator, Sequence

import msgspec

from liveinsight.core.outcome import Outcome
from liveinsight.store.inbox import Inbox
from liveinsight.store.inbox_rows import RawRow
from liveinsight.store.person import Copies, Copy, Person, copy_of, count_copies, part

_READ_EVENTS = 5_000


class Erasure(msgspec.Struct, frozen=True, kw_only=True):
    """A person who is to be erased."""

    id: int
    person: Person
    asked_seq: int
    """The newest row of the inbox then."""
    copies: list[Copy] | None
    """Theirs in the archive; None: not searched yet."""
    forgotten: Copies | None
    """All that there were; None: the inbox still has theirs."""


class Erasures:
    """The table, in the inbox's file."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox

    def ask(self, person: Person) -> int:
        """The number of the erasure, which is durable; the same while it is there."""

        def write(connection: sqlite3.Connection) -> int:
            known = connection.execute(
                "select id from erasures where site = ? and user = ?",
                (person.site, person.user),
            ).fetchone()
            if known is not None:
                return int(known[0])
            made = connection.execute(
                "insert into erasures (site, user, asked_seq) values (?, ?, coalesce("
                "(select seq from sqlite_sequence where name = 'inbox'), 0))",
                (person.site, person.user),
            )
            return int(made.lastrowid or 0)

        return self._inbox.write(write)

    def waiting(self) -> list[Erasure]:
        """Those that are not done, the oldest first."""
        return [
            Erasure(
                id=number,
                person=Person(site, user),
                asked_seq=seq,
                copies=copies and msgspec.json.decode(copies, type=list[Copy]),
                forgotten=forgotten and msgspec.json.decode(forgotten, type=Copies),
            )
            for number, site, user, seq, copies, forgotten in self._inbox.read(
                "select id, site, user, asked_seq, copies, forgotten"
                " from erasures order by id"
            )
        ]

    def people(self) -> dict[int, Person]:
        """Who is to be erased, by the number of the erasure; to be asked often."""
        return {
            number: Person(site, user)
            for number, site, user in self._inbox.read(
                "select id, site, user from erasures order by id"
            )
        }

    def note_copies(self, erasure: Erasure, copies: Sequence[Copy]) -> None:
        """Keeps what the archive holds, before it is changed."""
        self._inbox.write(
            lambda connection: connection.execute(
                "update erasures set copies = ? where id = ?",
                (msgspec.json.encode(copies), erasure.id),
            )
        )

    def forget(self, erasure: Erasure, through: int) -> Copies:
        """The counts of all copies; the rows up to `through` hold none any more.

        The ledger's `received` is as if they had not come.
        """
        archived = self._inbox.rows.archived()
        copies = list(erasure.copies or ())
        changed: list[tuple[int, bytes, int]] = []
        for row in self._rows(through):
            lines, events = part(row.body, erasure.person)
            if events:
                changed.append((row.events - len(events), lines, row.seq))
                # What is archived already was counted there.
                copies += map(copy_of, events if row.seq > archived else ())
        counted = count_copies(copies)
        person = erasure.person

        def write(connection: sqlite3.Connection) -> None:
            connection.executemany(
                "update inbox set events = ?, body = ? where seq = ?", changed
            )
            connection.executemany(
                "update ledger set count = max(count - ?, 0)"
                " where site = ? and hour = ? and outcome = ? and reason = ''",
                [
                    (count, person.site, hour, Outcome.RECEIVED.value)
                    for hour, count in counted.received.items()
                ],
            )
            connection.execute(
                "delete from samples where instr(text, ?)", (person.user,)
            )
            connection.execute(
                "update erasures set forgotten = ?, copies = null where id = ?",
                (msgspec.json.encode(counted), erasure.id),
            )

        self._inbox.write(write)
        return counted

    def close(self, erasure: Erasure) -> None:
        """Forgets that there was one: nothing is left of the person."""
        self._inbox.write(
            lambda connection: connection.execute(
                "delete from erasures where id = ?", (erasure.id,)
            )
        )
        self._inbox.clean_log()

    def _rows(self, through: int) -> Iterator[RawRow]:
        """Read beside the writer: no row is ever changed but here."""
        after = 0
        while after < through:
            found = self._inbox.rows.raw_after(after, _READ_EVENTS)
            if not found:
                return
            after = found[-1].seq
            yield from (row for row in found if row.seq <= through)
