"""Django on a database of its own, and the parts of a server, for the tests."""

import atexit
import shutil
import tempfile
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from pathlib import Path

import msgspec
from django.conf import settings
from django.core.management import call_command
from django.test.utils import setup_test_environment

from liveinsight.core.event import Event
from liveinsight.core.outcome import Outcome
from liveinsight.dashboard.configuration import Configuration, configure
from liveinsight.store.warehouse import Warehouse
from tests.query.tables import MINUTE, NOON, an_event

NOW = NOON + 20 * MINUTE
SITE = "shop.example"
PASSWORD = "correct horse 9"
SECRET = "tests-only-0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEF"


def a_folder() -> Path:
    """A folder that goes with the process."""
    folder = Path(tempfile.mkdtemp(prefix="liveinsight-tests-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def start_django() -> None:
    """Once in a process: settings, tables, test environment."""
    if settings.configured:
        return
    folder = a_folder()
    configure(Configuration(secret_key=SECRET, database=folder / "app.sqlite3"))
    call_command("migrate", interactive=False, verbosity=0)
    setup_test_environment()
    # The real one takes a third of a second on purpose.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


start_django()

from liveinsight.dashboard import runtime  # noqa: E402 (needs Django)
from liveinsight.dashboard.live_hub import LiveHub  # noqa: E402

to_close: list[Callable[[], None]] = []
"""What the test has opened."""


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the ledger."""

    site: str = SITE
    hour: int = NOON
    outcome: str = Outcome.STORED
    reason: str = ""
    count: int = 1


class Stats(msgspec.Struct, frozen=True, kw_only=True):
    """The applier's figures."""

    backlog_events: int = 0
    applied_through_received_at: int | None = None
    last_batch_ms: float = 0.0


@cache
def the_empty_warehouse() -> Warehouse:
    """A warehouse that stays empty; one for all tests, as each takes 50 ms to make."""
    warehouse = Warehouse.open(a_folder() / "warehouse.duckdb", memory_mb=64)
    atexit.register(warehouse.close)
    return warehouse


def a_warehouse(events: Iterable[Event] = ()) -> Warehouse:
    """A warehouse with these events."""
    applied = list(events)
    if not applied:
        return the_empty_warehouse()
    warehouse = Warehouse.open(a_folder() / "warehouse.duckdb", memory_mb=64)
    warehouse.apply(applied)
    to_close.append(warehouse.close)
    return warehouse


def a_server(
    events: Iterable[Event] = (),
    *,
    ledger: Sequence[Line] = (),
    stats: Stats | None = None,
    is_ready: bool = True,
) -> runtime.Runtime:
    """A runtime over these events, bound; its time stands at NOW."""
    reader = a_warehouse(events)
    hub = LiveHub(reader, lambda: NOW)
    to_close.append(hub.close)
    server = runtime.Runtime(
        reader=reader,
        clock=lambda: NOW,
        live=hub,
        ledger=lambda: ledger,
        samples=list,
        hosts=set,
        applier_stats=lambda: stats or Stats(),
        is_ready=lambda: is_ready,
    )
    runtime.bind(server)
    return server


def a_visit_of(
    *pages: str, user: str = "anna", at: int = NOON, **fields: object
) -> list[Event]:
    """Page views of one user, a minute apart, in one session."""
    return [
        an_event(
            at + number * MINUTE,
            event_id=f"evt_{user}_{at}_{number}",
            user_id=user,
            session_id=f"sess_{user}",
            session_sent=True,
            page=page,
            page_url=f"https://shop.example{page}",
            **fields,
        )
        for number, page in enumerate(pages)
    ]
