"""The real warehouse, filled with events."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from liveinsight.core.event import Event
from liveinsight.store.warehouse import Warehouse

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


@contextmanager
def warehouse_of(events: Iterable[Event]) -> Iterator[Warehouse]:
    """A warehouse to which the events were applied."""
    with TemporaryDirectory() as folder:
        warehouse = Warehouse.open(Path(folder) / "warehouse.duckdb")
        warehouse.apply(list(events))
        yield warehouse
        warehouse.close()
