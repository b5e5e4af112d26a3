"""One moment of the warehouse: what comes in meanwhile is not seen, and waits for nobody."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from liveinsight.errors import StoreError, StoreUnavailable
from liveinsight.store.warehouse import Warehouse
from tests.query.tables import NOON, an_event
from tests.waiting import wait_until

COUNT = "select count(*) from events"


@pytest.fixture
def warehouse(tmp_path: Path) -> Iterator[Warehouse]:
    warehouse = Warehouse.open(tmp_path / "warehouse.duckdb", memory_mb=64)
    warehouse.apply([an_event(NOON, page="/")])
    yield warehouse
    warehouse.close()


def test_all_questions_of_a_snapshot_see_the_same_events(warehouse: Warehouse) -> None:
    with warehouse.snapshot() as moment:
        before = moment.query(COUNT)
        warehouse.apply([an_event(NOON + 1_000, page="/price")])
        assert warehouse.query(COUNT) == [(2,)]
        assert moment.query(COUNT) == before == [(1,)]
    with warehouse.snapshot() as moment:
        assert moment.query(COUNT) == [(2,)]


def test_a_snapshot_begins_with_its_first_question(warehouse: Warehouse) -> None:
    with warehouse.snapshot() as moment:
        warehouse.apply([an_event(NOON + 1_000, page="/price")])
        assert moment.query(COUNT) == [(2,)]


def test_a_snapshot_that_asks_nothing_needs_no_open_warehouse(
    warehouse: Warehouse,
) -> None:
    warehouse.close()
    with warehouse.snapshot():
        pass


def test_a_question_after_one_that_failed_is_answered(warehouse: Warehouse) -> None:
    with warehouse.snapshot() as moment:
        assert moment.query(COUNT) == [(1,)]
        with pytest.raises(StoreError):
            moment.query("select no_such_column from events")
        assert moment.query(COUNT) == [(1,)]


def test_a_snapshot_cannot_write(warehouse: Warehouse) -> None:
    with warehouse.snapshot() as moment, pytest.raises(StoreError):
        moment.query("delete from events")
    assert warehouse.query(COUNT) == [(1,)]


def test_a_checkpoint_waits_for_a_snapshot_older_than_an_update(
    warehouse: Warehouse,
) -> None:
    done = threading.Event()

    def checkpoint() -> None:
        warehouse.checkpoint()
        done.set()

    writer = threading.Thread(target=checkpoint)
    with warehouse.snapshot() as moment:
        moment.query(COUNT)
        # A second event of the session updates its row.
        warehouse.apply([an_event(NOON + 1_000, page="/price")])
        writer.start()
        assert not done.wait(0.2)
        with warehouse.snapshot() as later:
            assert later.query(COUNT) == [(2,)]
            moment.query(COUNT)
    writer.join(30)
    assert done.is_set()


def test_a_warehouse_that_closes_answers_a_page_under_way_no_more(
    warehouse: Warehouse,
) -> None:
    closer = threading.Thread(target=warehouse.close)
    with warehouse.snapshot() as moment:
        moment.query(COUNT)
        closer.start()
        wait_until(lambda: not warehouse.cursors.is_open)
        # It asked nothing when those that did were interrupted.
        with pytest.raises(StoreUnavailable):
            moment.query(COUNT)
    closer.join(30)
    assert not closer.is_alive()


def test_a_page_under_way_is_not_held_back_from_ending(warehouse: Warehouse) -> None:
    changed = threading.Event()

    def change_files() -> None:
        with warehouse.cursors.held_back():
            changed.set()

    changer = threading.Thread(target=change_files)
    with warehouse.snapshot() as moment:
        moment.query(COUNT)
        changer.start()
        for _ in range(20):
            assert warehouse.query(COUNT) == [(1,)]
            time.sleep(0.01)
        assert not changed.is_set()
    changer.join(30)
    assert changed.is_set()
