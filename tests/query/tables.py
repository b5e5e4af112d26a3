"""A small warehouse in memory, and events to put into it."""

import hashlib
import threading
from collections.abc import Iterable, Sequence
from importlib.resources import files

import duckdb
import msgspec

from liveinsight.core.event import Event
from liveinsight.core.session import Run, fold

HOUR = 3_600_000
MINUTE = 60_000
NOON = 1_772_366_400_000
"""2026-03-01T12:00:00Z, a Sunday."""
SITE = "shop.example"


def an_event(at: int = NOON, **fields: object) -> Event:
    """An accepted page view of `/` by one user; `fields` replace its own."""
    defaults: dict[str, object] = {
        "site": SITE,
        "event_id": f"evt_{at}",
        "timestamp": at,
        "received_at": at,
        "present_at": at,
        "user_id": "anna",
        "session_id": "sess_given",
        "page": "/",
    }
    return msgspec.convert(defaults | fields, Event)


class Tables:
    """A Reader over the warehouse's own tables, filled at once."""

    def __init__(self, events: Iterable[Event]) -> None:
        self._connection = duckdb.connect(config={"threads": 2})
        schema = files("liveinsight.store") / "migrations" / "001_events.sql"
        self._connection.execute(schema.read_text())
        self._lock = threading.Lock()
        self._fill(list(events))

    def query(
        self, sql: str, params: Sequence[object] = ()
    ) -> list[tuple[object, ...]]:
        with self._lock:
            return self._connection.execute(sql, list(params)).fetchall()

    def close(self) -> None:
        self._connection.close()

    def _fill(self, events: list[Event]) -> None:
        runs = fold(events)
        self._insert("runs", [_run_row(run) for run in runs])
        by_user: dict[tuple[str, str], list[Run]] = {}
        for run in runs:
            by_user.setdefault((run.site, run.user), []).append(run)
        self._insert("events", [_event_row(e, by_user) for e in events])
        users = {(e.site, e.user) for e in events}
        self._insert("users", [_user_row(site, user) for site, user in users])
        given: dict[tuple[str, str], Event] = {}
        for event in events:
            known = given.setdefault((event.site, event.session_id), event)
            if (event.time, event.event_id) < (known.time, known.event_id):
                given[event.site, event.session_id] = event
        self._insert("given_ids", [_given_row(event) for event in given.values()])

    def _insert(self, table: str, rows: list[dict[str, object]]) -> None:
        if not rows:
            return
        text = b"[" + b",".join(msgspec.json.encode(row) for row in rows) + b"]"
        columns = ", ".join(rows[0])
        types = dict(
            self._connection.execute(
                "select column_name, data_type from information_schema.columns"
                " where table_name = ?",
                [table],
            ).fetchall()
        )
        structure = msgspec.json.encode([{c: types[c] for c in rows[0]}]).decode()
        self._connection.execute(
            f"insert into {table} ({columns}) select unnest(rows, max_depth := 2) from"  # noqa: S608 names are the schema's own
            f" (select from_json(?::json, '{structure}') as rows)",
            [text.decode()],
        )


def _key(*parts: str) -> str:
    digest = hashlib.blake2b("\0".join(parts).encode(), digest_size=16)
    return str(int.from_bytes(digest.digest()))


def _run_row(run: Run) -> dict[str, object]:
    row: dict[str, object] = {
        "session_key": _key(run.site, run.user, run.start_event),
        "site": run.site,
        "user_key": _key(run.site, run.user),
        "session_id": run.sent_id or run.made_id,
        "sent_id": run.sent_id,
        "present_at": run.present_at,
    }
    for name in ("entry", "exit"):
        view = getattr(run, name)
        row[f"{name}_time"] = view and view.time
        row[f"{name}_event"] = view and view.event_id
        row[f"{name}_page"] = view and view.page
    for name in (
        "start_time",
        "start_event",
        "last_activity",
        "last_event",
        "page_views",
        "total_events",
        "conversions",
        "engagement_ms",
    ):
        row[name] = getattr(run, name)
    return row | msgspec.structs.asdict(run.origin)


def _event_row(
    event: Event, runs: dict[tuple[str, str], list[Run]]
) -> dict[str, object]:
    row = msgspec.structs.asdict(event)
    for name in (
        "adjusted_timestamp",
        "user_id",
        "visitor_id",
        "session_id",
        "session_sent",
        "revenue",
        "properties",
    ):
        del row[name]
    key = None
    if event.interactive or event.event_type == "engagement":
        for run in runs[event.site, event.user]:
            if run.start_time <= event.time <= run.last_activity:
                key = _key(run.site, run.user, run.start_event)
    properties = event.properties
    return row | {
        "event_key": _key(event.site, event.event_id),
        "user_key": _key(event.site, event.user),
        "session_key": key,
        "time": event.time,
        "properties": properties and msgspec.json.encode(properties).decode(),
        "revenue_amount": event.revenue and event.revenue.amount,
        "revenue_currency": event.revenue and event.revenue.currency,
    }


def _user_row(site: str, user: str) -> dict[str, object]:
    return {
        "user_key": _key(site, user),
        "site": site,
        "user_id": user,
        "is_derived": False,
        "first_seen": 0,
    }


def _given_row(event: Event) -> dict[str, object]:
    return {
        "given_key": _key(event.site, event.session_id),
        "site": event.site,
        "given_id": event.session_id,
        "user_key": _key(event.site, event.user),
        "time": event.time,
        "event_id": event.event_id,
    }
