"""The disk is full for the warehouse while the inbox already holds the events."""

import resource
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from liveinsight.errors import StoreUnavailable
from liveinsight.store.inbox import Inbox
from tests.store.builders import Machine, an_event


@contextmanager
def no_file_grows_beyond(path: Path) -> Iterator[None]:
    """Writing behind the end of the file fails, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_batch_whose_commit_finds_no_room_is_not_passed_over(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    machine.take(an_event(0))
    machine.inbox.append([an_event(n) for n in range(1, 500)])
    log = tmp_path / "warehouse.duckdb.wal"
    with (
        no_file_grows_beyond(log),
        pytest.raises(StoreUnavailable, match=r"log|wal|commit"),
    ):
        machine.applier.apply_waiting()
    assert machine.applier.stats().unstorable == 0
    machine.applier.apply_waiting()
    assert len(machine.event_ids()) == 500
    machine.close()


def test_the_applier_goes_on_when_there_is_room_again(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    machine.take(an_event(0))
    machine.inbox.append([an_event(n) for n in range(1, 500)])
    with no_file_grows_beyond(tmp_path / "warehouse.duckdb.wal"):
        machine.applier.start()
        time.sleep(0.4)
        assert machine.event_ids() == ["evt_00000000"]
    machine.applier.stop()
    assert len(machine.event_ids()) == 500
    machine.close()


def test_a_mistake_in_work_on_the_inbox_is_its_callers_alone(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path / "inbox.sqlite3")

    def mistake(_: sqlite3.Connection) -> None:
        raise LookupError

    with pytest.raises(LookupError):
        inbox._writer.do(mistake)
    inbox.append([an_event(1)])
    assert inbox.rows.events_after(0) == 1
    inbox.close()
