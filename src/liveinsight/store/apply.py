"""One batch of events into the warehouse: what is new, what it changes.

Everything here happens inside the caller's transaction.
"""

from collections.abc import Iterable, Sequence

import msgspec

from liveinsight.core.event import Event
from liveinsight.core.limits import HOUR
from liveinsight.core.outcome import DuplicateReason, Outcome
from liveinsight.core.session import fold, in_chain
from liveinsight.store import apply_sql
from liveinsight.store.apply_runs import (
    Placed,
    encode,
    place_runs,
    replace_runs,
    runs_of_user,
)
from liveinsight.store.sql import Sql

Identity = tuple[str, str]


class Applied(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a batch."""

    stored: int = 0
    duplicates: int = 0
    conflicts: int = 0
    """Those of the duplicates that said something else."""


class StoredCopy(msgspec.Struct, frozen=True):
    """A stored event that has come again; only what a sender gave, and its times."""

    event_key: str
    event: Event


class _Counts:
    """Changes of the ledger; an exact account whatever the order of arrival."""

    def __init__(self) -> None:
        self._lines: dict[tuple[str, int, str, str], int] = {}
        self.conflicts = 0
        self.duplicates = 0

    def add(
        self, event: Event, outcome: Outcome, reason: str = "", by: int = 1
    ) -> None:
        hour = event.received_at - event.received_at % HOUR
        key = (event.site, hour, outcome.value, reason)
        self._lines[key] = self._lines.get(key, 0) + by

    def add_duplicate(self, loser: Event, winner: Event) -> None:
        reason = DuplicateReason.REPEATED
        if said_by_sender(loser) != said_by_sender(winner):
            reason = DuplicateReason.CONFLICT
            self.conflicts += 1
        self.duplicates += 1
        self.add(loser, Outcome.DUPLICATE, reason.value)

    def lines(self) -> list[dict[str, str | int]]:
        names = ("site", "hour", "outcome", "reason")
        return [
            {**dict(zip(names, key, strict=True)), "count": count}
            for key, count in self._lines.items()
            if count
        ]


def said_by_sender(event: Event) -> tuple[object, ...]:
    """What two copies of one event must agree in.

    Not the time: an event sent without one gets that of each receipt.
    """
    return (
        event.event_type,
        event.user_id,
        event.page_url,
        event.page_title,
        event.properties or None,
        event.revenue,
        event.engagement_ms,
        event.scroll_percent,
        event.interactive,
    )


def apply_events(sql: Sql, events: Sequence[Event]) -> Applied:
    """What became of the events; the copy received first is the one that is kept."""
    if not events:
        return Applied()
    counts = _Counts()
    winners = _unique(events, counts)
    replaced = _settle_with_stored(sql, winners, counts)
    fresh = list(winners.values())
    for event in fresh:
        counts.add(event, Outcome.STORED)
    again = {(copy.event.site, copy.event.user) for copy in replaced} | {
        (event.site, event.user)
        for copy in replaced
        for event in [winners[copy.event.site, copy.event.event_id]]
    }
    placed = place_runs(
        sql, [event for event in fresh if (event.site, event.user) not in again]
    )
    _insert(sql, fresh, placed)
    _merge_users(sql, fresh)
    _merge_given_ids(sql, events)
    for site, user in sorted(again):
        refold_user(sql, site, user)
        sql(apply_sql.SEE_USER_AGAIN, site, user)
        sql(apply_sql.FORGET_UNSEEN_USER, site, user)
    sql(apply_sql.MERGE_LEDGER, encode(counts.lines()))
    return Applied(
        stored=len(fresh) - len(replaced),
        duplicates=counts.duplicates,
        conflicts=counts.conflicts,
    )


def refold_user(sql: Sql, site: str, user: str) -> None:
    """Folds all of a user's events anew, from the events table."""
    found = sql(apply_sql.CHAIN_OF_USER, site, user)[0][0]
    chain = msgspec.json.decode(str(found), type=list[Event]) if found else []
    replace_runs(sql, runs_of_user(sql, site, user), fold(chain))
    sql(apply_sql.PLACE_EVENTS_OF_USER, site, user)


def _unique(events: Iterable[Event], counts: _Counts) -> dict[Identity, Event]:
    winners: dict[Identity, Event] = {}
    for event in events:
        key = (event.site, event.event_id)
        known = winners.get(key)
        if known is None:
            winners[key] = event
        elif event.received_at < known.received_at:
            winners[key] = event
            counts.add_duplicate(known, event)
        else:
            counts.add_duplicate(event, known)
    return winners


def _settle_with_stored(
    sql: Sql, winners: dict[Identity, Event], counts: _Counts
) -> list[StoredCopy]:
    """The stored copies that were received later, now deleted.

    Of the winners it takes away those that were received later themselves.
    """
    keys = [row[0] for row in sql(apply_sql.STORED_KEYS, _identities(winners))]
    if not keys:
        return []
    # In two steps: only keys are scanned for all events, the rest read for a few.
    found = sql(apply_sql.STORED_COPIES, encode(keys))[0][0]
    replaced = []
    for copy in msgspec.json.decode(str(found), type=list[StoredCopy]):
        stored = copy.event
        event = winners[stored.site, stored.event_id]
        if event.received_at < stored.received_at:
            counts.add_duplicate(stored, event)
            counts.add(stored, Outcome.STORED, by=-1)
            replaced.append(copy)
        else:
            counts.add_duplicate(event, stored)
            del winners[stored.site, stored.event_id]
    if replaced:
        sql(apply_sql.DELETE_EVENTS, encode([copy.event_key for copy in replaced]))
    return replaced


def _identities(winners: Iterable[Identity]) -> str:
    return encode([{"site": site, "event_id": event_id} for site, event_id in winners])


def _insert(sql: Sql, events: Sequence[Event], placed: Placed) -> None:
    if events:
        sql(
            apply_sql.INSERT_EVENTS,
            encode(events),
            encode([placed.key_of(event) for event in events]),
        )
    if placed.moves:
        sql(
            apply_sql.MOVE_EVENTS,
            encode([{"old_key": old, "new_key": new} for old, new in placed.moves]),
            placed.moved_from,
            placed.moved_to,
        )


class _Seen(msgspec.Struct):
    site: str
    user_id: str
    is_derived: bool
    first_seen: int


class _Given(msgspec.Struct):
    site: str
    given_id: str
    user_id: str
    time: int
    event_id: str


def _merge_users(sql: Sql, events: Iterable[Event]) -> None:
    users: dict[Identity, _Seen] = {}
    for event in events:
        user, derived = event.user, not event.user_id
        seen = users.get((event.site, user))
        if seen is None:
            users[event.site, user] = _Seen(event.site, user, derived, event.time)
        else:
            seen.first_seen = min(seen.first_seen, event.time)
            seen.is_derived = seen.is_derived and derived
    if users:
        sql(apply_sql.MERGE_USERS, encode(list(users.values())))


def _merge_given_ids(sql: Sql, events: Iterable[Event]) -> None:
    """Of duplicates too: their replies gave an id as well."""
    given: dict[Identity, _Given] = {}
    for event in events:
        if not in_chain(event):
            continue
        key, moment = (event.site, event.session_id), (event.time, event.event_id)
        known = given.get(key)
        if known is None or moment < (known.time, known.event_id):
            given[key] = _Given(*key, event.user, *moment)
    if given:
        sql(apply_sql.MERGE_GIVEN_IDS, encode(list(given.values())))
