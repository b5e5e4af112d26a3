"""Whatever becomes of the warehouse's files, nothing acknowledged is missing."""

import shutil
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from liveinsight.core.limits import HOUR
from liveinsight.errors import StoreUnavailable
from liveinsight.store import engine, keeper
from liveinsight.store.archive import archive_closed_hours
from liveinsight.store.rebuild import rebuild
from tests.store.builders import T0, Machine, an_event
from tests.waiting import wait_until


def a_machine_with_history(folder: Path, *, killed: bool) -> list[str]:
    """600 events: 200 archived and gone from the inbox, 200 checkpointed, 200 in the log."""
    machine = Machine(folder)
    events = [an_event(number) for number in range(600)]
    machine.take(*events[:200])
    archive_closed_hours(machine.inbox, machine.archive, T0 + 2 * HOUR)
    assert machine.inbox.rows.remove_through(machine.warehouse.checkpoint()) > 0
    machine.take(*events[200:400])
    machine.warehouse.checkpoint()
    machine.take(*events[400:])
    if killed:  # the files as they are while it runs are what a kill leaves
        copy = folder.with_name("killed")
        shutil.copytree(folder, copy)
        machine.close()
        shutil.rmtree(folder)
        copy.rename(folder)
    else:
        machine.close()
    return sorted(event.event_id for event in events)


def cut_short(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * 2 // 3])


def fill_with_zeros(path: Path) -> None:
    content = path.read_bytes()
    keep = len(content) // 2
    path.write_bytes(content[:keep] + bytes(len(content) - keep))


def flip_a_bit(path: Path, seed: int = 7) -> None:
    content = bytearray(path.read_bytes())
    content[Random(seed).randrange(len(content))] ^= 8  # any place
    path.write_bytes(content)


def delete(path: Path) -> None:
    path.unlink()


def overwrite_the_middle(path: Path) -> None:
    content = bytearray(path.read_bytes())
    third = len(content) // 3
    content[third : 2 * third] = Random(3).randbytes(third)  # noise
    path.write_bytes(content)


def empty(path: Path) -> None:
    path.write_bytes(b"")


@pytest.mark.parametrize(
    "damage", [cut_short, fill_with_zeros, flip_a_bit, delete, empty]
)
def test_a_damaged_log_loses_nothing(
    tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    expected = a_machine_with_history(folder, killed=True)
    damage(folder / "warehouse.duckdb.wal")
    machine = Machine(folder)
    machine.catch_up()
    assert machine.event_ids() == expected
    machine.close()


@pytest.mark.parametrize("killed", [True, False], ids=["killed", "stopped"])
@pytest.mark.parametrize(
    "damage",
    [cut_short, fill_with_zeros, overwrite_the_middle, flip_a_bit, delete, empty],
)
def test_a_damaged_file_loses_nothing(
    tmp_path: Path, damage: Callable[[Path], None], *, killed: bool
) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    expected = a_machine_with_history(folder, killed=killed)
    damage(folder / "warehouse.duckdb")
    machine = Machine(folder)
    machine.catch_up()
    assert machine.event_ids() == expected
    ledger = {line.outcome.value: line.count for line in machine.warehouse.ledger()}
    assert ledger == {"stored": 600}
    machine.close()


def test_the_inbox_is_there_before_the_archive_is_applied(tmp_path: Path) -> None:
    expected = a_machine_with_history(tmp_path, killed=False)
    (tmp_path / "warehouse.duckdb").unlink()
    machine = Machine(tmp_path)
    machine.applier.apply_waiting()
    assert machine.event_ids() == expected[200:]
    assert machine.opened.rebuild is not None
    machine.catch_up()
    assert machine.event_ids() == expected
    machine.close()


def test_a_rebuild_that_is_stopped_goes_on_where_it_was(tmp_path: Path) -> None:
    expected = a_machine_with_history(tmp_path, killed=False)
    (tmp_path / "warehouse.duckdb").unlink()
    machine = Machine(tmp_path)
    begun = machine.opened.rebuild
    assert begun is not None

    def stop_early(done: int, total: int) -> None:
        begun.stop()

    begun.run(stop_early, batch_events=50)
    assert 0 < len(machine.event_ids()) < 200
    machine.close()
    machine = Machine(tmp_path)
    machine.catch_up()
    assert machine.event_ids() == expected
    assert {line.outcome.value: line.count for line in machine.warehouse.ledger()} == {
        "stored": 600
    }
    machine.close()
    machine = Machine(tmp_path)
    assert machine.opened.rebuild is None
    machine.close()


def test_a_rebuild_whose_checkpoint_is_refused_does_not_begin_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_machine_with_history(tmp_path, killed=False)
    (tmp_path / "warehouse.duckdb").unlink()
    machine = Machine(tmp_path)
    begun = machine.opened.rebuild
    assert begun is not None
    monkeypatch.setattr(engine, "CHECKPOINT_PATIENCE", 0.01)
    with machine.warehouse.snapshot() as moment:

        def ask(done: int, total: int) -> None:
            assert done <= total
            moment.query("select * from marks")  # which the next batch changes

        with pytest.raises(StoreUnavailable):
            begun.run(ask, batch_events=50)
    machine.catch_up()  # runs it once more, as its thread does
    assert {line.outcome.value: line.count for line in machine.warehouse.ledger()} == {
        "stored": 600
    }
    machine.close()


def test_an_older_file_put_back_is_built_anew(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    machine.take(an_event(1))
    machine.close()
    old = (tmp_path / "warehouse.duckdb").read_bytes()
    machine = Machine(tmp_path)
    machine.take(*(an_event(number) for number in range(2, 50)))
    archive_closed_hours(machine.inbox, machine.archive, T0 + 2 * HOUR)
    machine.inbox.rows.remove_through(machine.warehouse.checkpoint())
    machine.close()
    (tmp_path / "warehouse.duckdb").write_bytes(old)
    machine = Machine(tmp_path)
    machine.catch_up()
    assert len(machine.event_ids()) == 49
    machine.close()


def test_a_lost_inbox_does_not_make_new_events_look_applied(tmp_path: Path) -> None:
    a_machine_with_history(tmp_path, killed=False)
    for file in tmp_path.glob("inbox.sqlite3*"):
        file.unlink()
    machine = Machine(tmp_path)
    machine.take(an_event(9_999))
    assert an_event(9_999).event_id in machine.event_ids()
    machine.close()


def test_the_rebuild_command_makes_the_same_warehouse(tmp_path: Path) -> None:
    expected = a_machine_with_history(tmp_path, killed=False)
    said: list[tuple[int, int]] = []
    assert rebuild(tmp_path, lambda done, total: said.append((done, total))) == 600
    assert said[-1] == (600, 600)
    machine = Machine(tmp_path)
    assert machine.event_ids() == expected
    machine.take(an_event(700))
    assert len(machine.event_ids()) == 601
    machine.close()


def test_damage_found_while_it_runs_is_mended_under_the_applier(
    tmp_path: Path,
) -> None:
    expected = a_machine_with_history(tmp_path, killed=True)
    machine = Machine(tmp_path)
    machine.applier.start()
    machine.inbox.append([an_event(700)])
    machine.opened.recovery.recover()
    machine.inbox.append([an_event(701)])
    machine.applier.stop()
    machine.catch_up()
    both = [an_event(number).event_id for number in (700, 701)]
    assert machine.event_ids() == sorted([*expected, *both])
    machine.close()


def test_a_large_bad_file_is_replaced_while_the_applier_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = a_machine_with_history(tmp_path, killed=False)
    content = bytearray((tmp_path / "warehouse.duckdb").read_bytes())
    for place in range(20_000, len(content), 262_144):
        content[place] ^= 1
    monkeypatch.setattr(keeper, "VERIFY_AT_ONCE_BYTES", 0)
    (tmp_path / "warehouse.duckdb").write_bytes(content)
    machine = Machine(tmp_path)
    machine.applier.start()
    machine.opened.recovery.start()
    machine.inbox.append([an_event(700)])
    wait_until(lambda: len(machine.event_ids_if_open()) == 601)
    machine.applier.stop()
    assert machine.event_ids() == sorted([*expected, an_event(700).event_id])
    machine.close()
