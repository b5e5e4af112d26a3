"""An erased visitor is in no file any more, whatever happens on the way."""

import gzip
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from liveinsight.core.event import Event, Revenue
from liveinsight.core.limits import HOUR
from liveinsight.core.outcome import Outcome, Sample
from liveinsight.store.archive import archive_closed_hours
from liveinsight.store.eraser import Erased, Eraser, Stores
from liveinsight.store.erasures import Erasures
from liveinsight.store.person import Person
from liveinsight.store.rebuild import rebuild
from tests.store.builders import SITE, T0, Machine, an_event
from tests.waiting import wait_until

GONE = "gone-7f3a9c1e-visitor"
PERSON = Person(SITE, GONE)


def theirs(number: int, **changes: object) -> Event:
    return an_event(number, user_id=GONE, session_id=f"sess_of-{GONE}", **changes)


def others(first: int, count: int = 20) -> list[Event]:
    return [an_event(number) for number in range(first, first + count)]


def a_machine(folder: Path) -> Machine:
    """The person in archive, inbox and warehouse: new, repeated, changed, unapplied."""
    machine = Machine(folder)
    machine.take(*others(0), *(theirs(number) for number in range(100, 110)))
    later = T0 + 200_000
    machine.take(
        theirs(100, received_at=later),
        theirs(101, received_at=later, revenue=Revenue(amount=1.5, currency="EUR")),
    )
    archive_closed_hours(machine.inbox, machine.archive, T0 + 2 * HOUR)
    machine.inbox.rows.remove_through(machine.warehouse.checkpoint())
    machine.take(*others(30), theirs(111, received_at=T0 + 3 * HOUR))
    machine.inbox.append([theirs(112, received_at=T0 + 3 * HOUR), an_event(60)])
    return machine


@contextmanager
def erasing(machine: Machine) -> Iterator[Eraser]:
    """The eraser of a machine whose applier runs."""
    eraser = Eraser(
        Stores(
            inbox=machine.inbox,
            archive=machine.archive,
            recovery=machine.opened.recovery,
            applier=machine.applier,
        ),
        archiving=threading.Lock(),
        is_rebuilding=lambda: False,
    )
    machine.applier.start()
    eraser.start()
    try:
        yield eraser
    finally:
        eraser.stop()
        machine.applier.stop()


def erase(machine: Machine, person: Person = PERSON) -> Erased | None:
    with erasing(machine) as eraser:
        asked = eraser.ask(person)
        wait_until(lambda: eraser.progress(asked).done is None)
        return eraser.progress(asked).erased


def files_naming(folder: Path, text: str) -> list[str]:
    """The files in which the text is, packed or not."""
    found = []
    for path in folder.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            if path.suffix == ".gz":
                content = gzip.decompress(content)
            if text.encode() in content:
                found.append(path.name)
    return found


def ledger(machine: Machine) -> dict[str, int]:
    counts: dict[str, int] = {}
    for line in (*machine.inbox.ledger(), *machine.warehouse.ledger()):
        counts[line.outcome.value] = counts.get(line.outcome.value, 0) + line.count
    return {name: count for name, count in counts.items() if count}


def test_nothing_of_an_erased_visitor_is_in_any_file(tmp_path: Path) -> None:
    machine = a_machine(tmp_path)
    assert len(files_naming(tmp_path, GONE)) >= 3
    erased = erase(machine)
    assert erased == Erased(person=PERSON, events=14, unreadable=0)
    assert files_naming(tmp_path, GONE) == []
    expected = sorted(e.event_id for e in [*others(0), *others(30), an_event(60)])
    assert machine.event_ids() == expected
    machine.close()
    assert files_naming(tmp_path, GONE) == []


def test_a_rebuild_does_not_bring_an_erased_visitor_back(tmp_path: Path) -> None:
    machine = a_machine(tmp_path)
    erase(machine)
    expected, counted = machine.event_ids(), ledger(machine)
    sessions = machine.warehouse.query("select * from runs order by all")
    machine.close()
    rebuild(tmp_path, lambda done, total: None)
    machine = Machine(tmp_path)
    assert machine.event_ids() == expected
    assert machine.warehouse.query("select * from runs order by all") == sessions
    assert ledger(machine) == counted
    machine.close()


def test_the_ledger_is_as_if_an_erased_visitor_had_not_come(tmp_path: Path) -> None:
    machine = a_machine(tmp_path)
    machine.applier.apply_waiting()
    assert ledger(machine) == {"received": 55, "stored": 53, "duplicate": 2}
    erase(machine)
    assert ledger(machine) == {"received": 41, "stored": 41}
    machine.close()


STEPS = [
    ("liveinsight.store.archive.Archive.replace", "an object of the archive"),
    ("liveinsight.store.erasures.Erasures.note_copies", "the search"),
    ("liveinsight.store.erasures.Erasures.forget", "the inbox"),
    ("liveinsight.store.warehouse.Warehouse.erase", "the warehouse's rows"),
    ("liveinsight.store.warehouse.Warehouse.rewrite", "the warehouse's file"),
    ("liveinsight.store.erasures.Erasures.close", "the end"),
]


@pytest.mark.parametrize("step", [name for name, _ in STEPS], ids=[i for _, i in STEPS])
def test_an_erasure_goes_on_where_it_was_cut_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """The folder as it is after the step is what a kill leaves."""
    folder, left = tmp_path / "data", tmp_path / "left"
    folder.mkdir()
    machine = a_machine(folder)
    name = step.rpartition(".")[2]
    module, kind = step.rsplit(".", 2)[:2]
    owner = getattr(__import__(module, fromlist=[kind]), kind)
    done = getattr(owner, name)

    def leave(self: object, *arguments: object) -> object:
        answer = done(self, *arguments)
        if not left.exists():
            shutil.copytree(folder, left)
        return answer

    monkeypatch.setattr(owner, name, leave)
    erase(machine)
    expected = machine.event_ids()
    machine.close()
    machine = Machine(left)
    machine.applier.apply_waiting()
    with erasing(machine) as eraser:
        wait_until(lambda: not eraser.people())
    assert machine.event_ids() == expected
    assert ledger(machine) == {"received": 41, "stored": 41}
    machine.close()
    assert files_naming(left, GONE) == []


def test_what_comes_after_an_erasure_is_a_new_visitor(tmp_path: Path) -> None:
    machine = a_machine(tmp_path)
    erase(machine)
    machine.take(theirs(100), theirs(500))
    assert f"evt_{100:08d}" in machine.event_ids()
    ((count,),) = machine.warehouse.query(
        "select count(*) from users where user_id = $1", [GONE]
    )
    assert count == 1
    machine.close()


def test_a_session_id_that_an_erased_visitor_held_goes_to_the_next(
    tmp_path: Path,
) -> None:
    machine = Machine(tmp_path)
    shared = {"session_id": "sess_shared", "session_sent": True}
    machine.take(
        an_event(1, user_id=GONE, **shared), an_event(2, user_id="other", **shared)
    )
    erase(machine)
    rows = machine.warehouse.query("select session_id from sessions")
    assert rows == [("sess_shared",)]
    machine.close()


def test_a_namesake_on_another_site_stays(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    machine.take(theirs(1), theirs(2, site="other.example"))
    erased = erase(machine)
    assert erased is not None
    assert erased.events == 1
    assert machine.event_ids() == ["evt_00000002"]
    machine.close()


@pytest.mark.parametrize("user", ['quo"te\\', "슬픔🙂", "a/b", "tab\there", "x" * 128])
def test_any_id_is_found_in_the_archive(tmp_path: Path, user: str) -> None:
    machine = Machine(tmp_path)
    machine.take(an_event(1, user_id=user), an_event(2), an_event(3, visitor_id=user))
    archive_closed_hours(machine.inbox, machine.archive, T0 + 2 * HOUR)
    erased = erase(machine, Person(SITE, user))
    assert erased is not None
    assert erased.events == 1
    assert machine.event_ids() == ["evt_00000002", "evt_00000003"]
    machine.close()


def test_a_broken_object_is_left_and_told(tmp_path: Path) -> None:
    machine = a_machine(tmp_path)
    (found,) = machine.archive.objects()
    path = machine.archive.folder / found.name
    path.write_bytes(path.read_bytes()[:-20])
    erased = erase(machine)
    assert erased is not None
    assert erased.unreadable == 1
    assert GONE not in str(machine.warehouse.query("select * from users"))
    machine.close()


def test_files_that_were_set_aside_go_too(tmp_path: Path) -> None:
    machine = a_machine(tmp_path)
    (tmp_path / "warehouse.duckdb.bad-1790000000000").write_text(GONE)
    (tmp_path / "warehouse.duckdb.wal.bad-1790000000000").write_text(GONE)
    (tmp_path / "warehouse.new.duckdb").write_text(GONE)
    erase(machine)
    assert files_naming(tmp_path, GONE) == []
    machine.close()


def test_kept_samples_of_an_erased_visitor_go(tmp_path: Path) -> None:
    machine = a_machine(tmp_path)
    for user in (GONE, "somebody"):
        sample = Sample(
            site=SITE,
            outcome=Outcome.DROPPED,
            reason="bot",
            received_at=T0,
            text=f'{{"user_id":"{user}"}}',
        )
        machine.inbox.write(
            lambda connection, sample=sample: connection.execute(  # type: ignore[misc]
                "insert into samples (site, outcome, reason, received_at, text)"
                " values (?, ?, ?, ?, ?)",
                (sample.site, sample.outcome, sample.reason, T0, sample.text),
            )
        )
    erase(machine)
    assert [each.text for each in machine.inbox.samples()] == ['{"user_id":"somebody"}']
    machine.close()


def test_somebody_who_never_came_is_erased_at_once(tmp_path: Path) -> None:
    machine = a_machine(tmp_path)
    before = machine.event_ids()
    erased = erase(machine, Person(SITE, "nobody"))
    assert erased == Erased(person=Person(SITE, "nobody"), events=0, unreadable=0)
    assert set(before) <= set(machine.event_ids())
    machine.close()


def test_an_erasure_is_asked_for_once(tmp_path: Path) -> None:
    machine = a_machine(tmp_path)
    table = Erasures(machine.inbox)
    assert table.ask(PERSON) == table.ask(PERSON)
    assert [each.person for each in table.waiting()] == [PERSON]
    machine.close()
