"""The course of an import: what is taken, counted, handed over, and remembered.

Records are taken some thousands at a time. Of their events it is asked first which are
there already; what becomes of all is written down; then they are handed over. After a
kill the same command goes on from there, with the same account.
"""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from itertools import islice
from typing import Final, Protocol

import msgspec

from liveinsight.core.event import Event
from liveinsight.errors import ConfigError
from liveinsight.imports.marks import Account, Mark, Place
from liveinsight.imports.model import Outcome, Reason, Skipped

AT_ONCE: Final = 5_000
"""Records that are looked at together: a look takes a scan of the stored keys."""
BATCH_EVENTS: Final = 1_000
BATCH_BYTES: Final = 700_000
"""Of JSON; a command of the server takes a megabyte."""
SAMPLES: Final = 3

Identity = tuple[str, str]
"""Site and event id."""
Told = Callable[[Account], None]
"""Told of the account whenever it has grown."""


class Store(Protocol):
    """Where the events go."""

    def known(self, events: Sequence[Event]) -> set[Identity]:
        """Those of the events that are stored.

        All that was handed over before the import began is; what it hands over itself
        may not be yet.
        """

    def hand_over(self, events: Sequence[Event]) -> None:
        """Returns when the events are durable."""


class Report(msgspec.Struct, kw_only=True):
    """The account of an import, with a few of the records that were left out."""

    account: Account
    samples: dict[Reason, list[Skipped]] = {}

    def sample(self, outcome: Outcome) -> None:
        """Keeps the record if it is one of the first of its reason."""
        if isinstance(outcome, Skipped):
            samples = self.samples.setdefault(outcome.reason, [])
            shown = {each.text for each in samples}
            if len(samples) < SAMPLES and outcome.text not in shown:
                samples.append(outcome)


def look_through(outcomes: Iterator[Outcome], store: Store, told: Told) -> Report:
    """What would be imported, and what not and why; nothing is."""
    report = Report(account=Account(stored=0, duplicates=0))
    with closing(_Seen()) as seen:
        while some := _take(outcomes, report, AT_ONCE):
            duplicates = seen.tell_duplicates(some, store)
            report.account = report.account.after(some, duplicates)
            told(report.account)
    return report


def import_all(
    outcomes: Iterator[Outcome], mark: Mark, place: Place, store: Store, told: Told
) -> Report:
    """Hands over what is wanted, from the mark on.

    Raises:
        ConfigError: the files end before the mark.
        StoreUnavailable: what came before the mark is durable, the rest is not.
    """
    report = Report(account=mark.account)
    for _ in range(mark.account.read):
        outcome = next(outcomes, None)
        if outcome is None:
            raise ConfigError(
                "the files have changed since their import was interrupted: to read"
                " them from the beginning, say --again"
            )
        report.sample(outcome)
    with closing(_Seen()) as seen:
        if mark.ahead is not None:
            seen.add(_finish(outcomes, mark, store, report))
        while some := _take(outcomes, report, AT_ONCE):
            told(report.account)
            duplicates = seen.tell_duplicates(some, store)
            mark.ahead = mark.account.after(some, duplicates)
            place.write(mark)
            _hand_over(_events(some), store)
            mark.account, mark.ahead = mark.ahead, None
            report.account = mark.account
    mark.is_done, mark.key = True, ""
    place.write(mark)
    return report


def _finish(
    outcomes: Iterator[Outcome], mark: Mark, store: Store, report: Report
) -> list[Event]:
    """The events that a kill interrupted, durable now; they are counted already."""
    ahead = mark.ahead
    if ahead is None:
        return []
    events = _events(_take(outcomes, report, ahead.read - mark.account.read))
    there = store.known(events) if events else set()
    _hand_over(
        [each for each in events if (each.site, each.event_id) not in there], store
    )
    mark.account, mark.ahead = ahead, None
    report.account = ahead
    return events


def _take(outcomes: Iterator[Outcome], report: Report, most: int) -> list[Outcome]:
    some = list(islice(outcomes, most))
    for each in some:
        report.sample(each)
    return some


def _events(outcomes: Sequence[Outcome]) -> list[Event]:
    return [each for each in outcomes if isinstance(each, Event)]


def _hand_over(events: Sequence[Event], store: Store) -> None:
    batch: list[Event] = []
    size = 0
    for event in events:
        batch.append(event)
        size += len(msgspec.json.encode(event))
        if len(batch) >= BATCH_EVENTS or size >= BATCH_BYTES:
            store.hand_over(batch)
            batch, size = [], 0
    if batch:
        store.hand_over(batch)


class _Seen:
    """The events of this import so far, in a file of SQLite that goes away.

    They may wait in the inbox still, where the warehouse does not know them.
    """

    def __init__(self) -> None:
        self._rows = sqlite3.connect("")  # on the disk as soon as it is large
        self._rows.execute(
            "create table seen (site text, event_id text,"
            " primary key (site, event_id)) without rowid"
        )

    def tell_duplicates(
        self, outcomes: Sequence[Outcome], store: Store
    ) -> dict[int, bool]:
        """Whether the event is a duplicate, by its place among the outcomes."""
        events = _events(outcomes)
        known = store.known(events) if events else set()
        return {
            place: not self._is_first(each) or (each.site, each.event_id) in known
            for place, each in enumerate(outcomes)
            if isinstance(each, Event)
        }

    def add(self, events: Sequence[Event]) -> None:
        """Notes events whose duplicates are told already."""
        for event in events:
            self._is_first(event)

    def _is_first(self, event: Event) -> bool:
        row = (event.site, event.event_id)
        sql = "insert or ignore into seen values (?, ?)"
        return self._rows.execute(sql, row).rowcount == 1

    def close(self) -> None:
        """Forgets them."""
        self._rows.close()
