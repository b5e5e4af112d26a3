"""The demo's past comes in, however often its loading is cut off."""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from liveinsight.demo import history, load
from liveinsight.demo.history import day_before
from liveinsight.demo.load import OlderVisits, load_newest
from liveinsight.store.applier import Applier
from liveinsight.store.inbox import Inbox
from liveinsight.store.source import InboxSource
from liveinsight.store.warehouse import Warehouse
from tests.waiting import wait_until

DAYS = 5
FIRST_DAYS = 2


@pytest.fixture(autouse=True)
def a_short_past(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "VISITS_A_DAY", 25)
    monkeypatch.setattr(load, "DAYS", DAYS)
    monkeypatch.setattr(load, "FIRST_DAYS", FIRST_DAYS)
    monkeypatch.setattr(load, "BATCH", 50)
    monkeypatch.setattr(load, "BESIDE", 50)
    monkeypatch.setattr(load, "MOST_WAITING", 50)


@contextmanager
def stores(path: Path) -> Iterator[tuple[Inbox, Warehouse, Applier]]:
    inbox = Inbox(path / "inbox.sqlite3")
    warehouse = Warehouse.open(path / "warehouse.duckdb")
    applier = Applier(InboxSource(inbox), warehouse)
    applier.apply_waiting()
    yield inbox, warehouse, applier
    applier.stop()
    inbox.close()
    warehouse.close()


def ids_in(warehouse: Warehouse) -> set[str]:
    return {str(found) for (found,) in warehouse.query("select event_id from events")}


def ids_of(now: int, days: Iterable[int]) -> set[str]:
    return {event.event_id for ago in days for event in day_before(now, ago)}


def test_the_past_is_complete_after_loading_that_was_cut_off_twice(
    tmp_path: Path,
) -> None:
    now = time.time_ns() // 1_000_000
    begun = day_before(now, FIRST_DAYS)
    with stores(tmp_path) as (inbox, _, _):
        inbox.append(begun[: len(begun) // 2])
    with stores(tmp_path) as (inbox, warehouse, applier):
        load_newest(inbox, warehouse)
        assert ids_of(now, range(FIRST_DAYS + 1)) <= ids_in(warehouse)
        applier.start()
        first = OlderVisits(inbox, warehouse)
        first.start()
        wait_until(lambda: first.progress() != 0)
        first.stop()
        assert first.progress() is None
    with stores(tmp_path) as (inbox, warehouse, applier):
        applier.start()
        rest = OlderVisits(inbox, warehouse)
        rest.start()
        wait_until(lambda: rest.progress() is None and inbox.backlog == 0)
        missing = ids_of(now, range(DAYS + 1)) - ids_in(warehouse)
    assert not missing
