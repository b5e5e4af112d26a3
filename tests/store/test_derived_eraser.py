"""A visitor of a stack is erased from the warehouse of a dashboard that runs."""

from pathlib import Path

from liveinsight.store.derived_eraser import DerivedEraser, Gone
from liveinsight.store.eraser import Erased
from liveinsight.store.person import copy_of, count_copies
from tests.store.builders import Machine
from tests.store.test_eraser import (
    GONE,
    PERSON,
    files_naming,
    others,
    theirs,
)
from tests.waiting import wait_until


def test_it_is_done_between_two_batches_and_told(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    own = [theirs(100), theirs(101), theirs(101)]
    machine.warehouse.apply([*others(0), *own], {"archive:a": 3, "archive:b": -1})
    forgotten: list[list[str]] = []
    done: list[Erased] = []
    machine.applier.start()
    eraser = DerivedEraser(
        machine.opened.recovery,
        machine.applier,
        lambda _, ids: forgotten.append(ids),
        done.append,
    )
    asked = eraser.ask(Gone(person=PERSON, copies=count_copies(map(copy_of, own))))
    wait_until(lambda: eraser.progress(asked).done is None)
    assert eraser.progress(asked).erased == done[0]
    assert done == [Erased(person=PERSON, events=2, unreadable=0)]
    assert forgotten == [[f"sess_of-{GONE}"]]
    assert eraser.people() == []
    marks = machine.warehouse.marks()
    assert ("archive:a" in marks, marks["archive:b"]) == (False, -1)
    ledger = {line.outcome.value: line.count for line in machine.warehouse.ledger()}
    assert ledger == {"stored": len(others(0))}
    machine.applier.stop()
    machine.close()
    assert files_naming(tmp_path, GONE) == []
