"""liveinsight rebuild, while no server runs."""

import os
from pathlib import Path

from liveinsight.core.event import Event
from liveinsight.data_dir import DataDir
from liveinsight.store.inbox import Inbox
from tests.cli.running import output_of, run_command

NOON = 1_790_000_000_000


def an_event(number: int) -> Event:
    return Event(
        site="shop.example",
        event_id=f"evt_{number:08}",
        timestamp=NOON + number,
        received_at=NOON + number,
        present_at=NOON + number,
        user_id="mina",
        session_id="sess_a",
    )


def test_a_warehouse_is_made_from_the_inbox_alone(tmp_path: Path) -> None:
    data = DataDir(tmp_path)
    inbox = Inbox(data.inbox)
    inbox.append([an_event(1), an_event(2), an_event(2)])
    inbox.close()
    for _ in range(2):
        told = output_of("rebuild", "--data", tmp_path)
        assert told.splitlines()[-1] == "The warehouse is rebuilt: 2 events."
    assert data.warehouse.exists()


def test_an_empty_folder_gets_an_empty_warehouse(tmp_path: Path) -> None:
    told = output_of("rebuild", "--data", tmp_path)
    assert told.splitlines()[-1] == "The warehouse is rebuilt: 0 events."


def test_a_folder_whose_holder_does_not_answer_is_left_alone(tmp_path: Path) -> None:
    data = DataDir(tmp_path)
    held = data.lock()
    run = run_command("rebuild", "--data", tmp_path)
    os.close(held)
    assert run.returncode == 1
    assert "does not answer" in run.stderr
    assert not data.warehouse.exists()
