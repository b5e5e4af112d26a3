"""What requests, imports and the demo's past leave in the inbox's tables."""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import msgspec

from liveinsight.core.event import EncodedEvents, Event
from liveinsight.core.limits import HOUR
from liveinsight.core.outcome import LedgerKey, Outcome, Sample
from liveinsight.errors import StoreUnavailable

ROW_EVENTS = 1_000
"""The applier takes whole rows, and at most this many events at once."""

_encode_lines = msgspec.json.Encoder().encode_lines


class Request(msgspec.Struct, kw_only=True):
    """One request on its way into the inbox."""

    events: EncodedEvents
    hour: int
    ledger: Mapping[LedgerKey, int]
    samples: Sequence[Sample]
    settled: Callable[[StoreUnavailable | None], None]
    """Called on the loop: None is durable."""


def hour_of(at: int) -> int:
    """The start (ms) of the UTC hour of a time."""
    return at - at % HOUR


# A group of requests.


def write_group(
    connection: sqlite3.Connection, group: list[Request], new_hosts: set[str]
) -> None:
    """Commits a group, in one statement if all of it fits into one row."""
    rows = list(_rows(group))
    ledger, samples = _counts(group), _samples(group)
    if len(rows) > 1:
        connection.execute("begin immediate")
        for hour, events, body in rows[1:]:
            connection.execute(
                "insert into inbox (hour, events, body) values (?, ?, ?)",
                (hour, events, body),
            )
    hour, events, body = rows[0] if rows else (0, 0, b"")
    connection.execute(
        "insert into commits (hour, events, body, ledger, samples, hosts)"
        " values (?, ?, ?, ?, ?, ?)",
        (hour, events, body, ledger, samples, _json(sorted(new_hosts))),
    )
    if len(rows) > 1:
        connection.execute("commit")


def _rows(group: list[Request]) -> Iterator[tuple[int, int, bytes]]:
    """(hour, number, body) of the rows: whole requests of one hour, few enough."""
    hour, events, bodies = 0, 0, list[bytes]()
    for request in group:
        count = request.events.count
        if not count:
            continue
        if bodies and (request.hour != hour or events + count > ROW_EVENTS):
            yield hour, events, b"".join(bodies)
            events, bodies = 0, []
        hour = request.hour
        events += count
        bodies.append(request.events.lines)
    if bodies:
        yield hour, events, b"".join(bodies)


def _counts(group: list[Request]) -> str:
    counts: dict[tuple[int, LedgerKey], int] = {}
    for request in group:
        for key, count in request.ledger.items():
            line = (request.hour, key)
            counts[line] = counts.get(line, 0) + count
    return _json(
        [
            (key.site, hour, key.outcome, key.reason, count)
            for (hour, key), count in counts.items()
        ]
    )


def _samples(group: list[Request]) -> str:
    return _json([sample for request in group for sample in request.samples])


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


# Events that come by no request.


def count_received(events: Iterable[Event]) -> dict[tuple[str, int], int]:
    """How many events each (site, hour of receipt) has."""
    counts: dict[tuple[str, int], int] = {}
    for event in events:
        key = (event.site, hour_of(event.received_at))
        counts[key] = counts.get(key, 0) + 1
    return counts


def write_events(
    connection: sqlite3.Connection,
    ordered: Sequence[Event],
    received: Mapping[tuple[str, int], int],
) -> None:
    """Inserts events, in the order of their receipt, and how many were received."""
    connection.executemany(
        "insert into inbox (hour, events, body) values (?, ?, ?)",
        (
            (hour_of(part[0].received_at), len(part), _encode_lines(part))
            for part in _by_hour(ordered)
        ),
    )
    connection.executemany(
        "insert into ledger (site, hour, outcome, reason, count)"
        " values (?, ?, ?, '', ?)"
        " on conflict do update set count = count + excluded.count",
        [
            (site, hour, Outcome.RECEIVED, count)
            for (site, hour), count in received.items()
        ],
    )
    connection.executemany(
        "insert or ignore into hosts (host) values (?)",
        [(site,) for site in {event.site for event in ordered}],
    )


def _by_hour(ordered: Sequence[Event]) -> Iterator[Sequence[Event]]:
    begin = 0
    for index, event in enumerate(ordered):
        first = ordered[begin]
        if index - begin == ROW_EVENTS or hour_of(first.received_at) != hour_of(
            event.received_at
        ):
            yield ordered[begin:index]
            begin = index
    if ordered:
        yield ordered[begin:]
