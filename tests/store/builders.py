"""Builders for the store's tests."""

from pathlib import Path

from liveinsight.core.event import Event, encode_events
from liveinsight.core.outcome import LedgerKey, Outcome
from liveinsight.core.ports import Batch
from liveinsight.errors import StoreError
from liveinsight.store.applier import Applier
from liveinsight.store.archive import Archive
from liveinsight.store.inbox import Inbox
from liveinsight.store.recovery import Opened, open_warehouse
from liveinsight.store.source import InboxSource
from liveinsight.store.warehouse import Warehouse

T0 = 1_800_000_000_000
SITE = "shop.example"
MINUTE = 60_000


def an_event(number: int = 0, **changes: object) -> Event:
    """A page view, `number` seconds after T0; `changes` are fields of Event."""
    at = T0 + number * 1_000
    values: dict[str, object] = {
        "site": SITE,
        "event_id": f"evt_{number:08d}",
        "timestamp": at,
        "received_at": at,
        "present_at": at,
        "user_id": f"user{number % 7}",
        "session_id": f"sess_{number % 7}",
        "page": "/",
        "page_url": f"https://{SITE}/",
        "host": SITE,
    }
    return Event(**(values | changes))  # type: ignore[arg-type]  # fields by name


def a_batch(*events: Event) -> Batch:
    """The events as one request leaves them behind."""
    received = LedgerKey(SITE, Outcome.RECEIVED)
    return Batch(events=encode_events(events), ledger={received: len(events)})


class Machine:
    """Inbox, archive and warehouse of one data directory, without threads."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "warehouse.duckdb"
        self.inbox = Inbox(folder / "inbox.sqlite3")
        self.archive = Archive(folder / "archive")
        self.opened: Opened = open_warehouse(
            folder, self.inbox, self.archive, memory_mb=200, threads=2
        )
        self.applier = Applier(
            InboxSource(self.inbox),
            self.warehouse,
            on_damage=self.opened.recovery.recover,
        )

    @property
    def warehouse(self) -> Warehouse:
        return self.opened.warehouse

    def take(self, *events: Event) -> None:
        """Appends the events and applies all that waits."""
        self.inbox.append(events)
        self.applier.apply_waiting()

    def catch_up(self) -> None:
        """Does what the background does: the rest of the inbox, and the archive."""
        self.applier.apply_waiting()
        rebuild = self.opened.recovery.rebuild
        if rebuild is not None:
            rebuild.run()

    def event_ids(self) -> list[str]:
        rows = self.warehouse.query("select event_id from events order by all")
        return [str(event_id) for (event_id,) in rows]

    def event_ids_if_open(self) -> list[str]:
        try:
            return self.event_ids()
        except StoreError:
            return []

    def close(self) -> None:
        self.warehouse.close()
        self.inbox.close()
