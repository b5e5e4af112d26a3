"""liveinsight user: one visitor's data, handed out and erased from the shell."""

import json
from pathlib import Path

import pytest

from liveinsight.data_dir import DataDir
from liveinsight.store.archive import Archive, archive_closed_hours
from liveinsight.store.inbox import Inbox
from tests.cli.running import output_of, run_command
from tests.store.builders import SITE, T0, an_event
from tests.store.test_eraser import GONE, files_naming, others, theirs

HOUR = 3_600_000


def a_folder(path: Path) -> DataDir:
    """Events in the archive and in the inbox, some of them twice; no server runs."""
    data = DataDir(path)
    inbox = Inbox(data.inbox)
    inbox.append([*others(0), theirs(100), theirs(101)])
    archive_closed_hours(inbox, Archive(data.archive), T0 + 2 * HOUR)
    inbox.append([theirs(100, received_at=T0 + 3 * HOUR), theirs(5_000), an_event(50)])
    inbox.close()
    return data


def test_a_visitor_is_handed_out_once_with_all_that_is_kept(tmp_path: Path) -> None:
    a_folder(tmp_path)
    told = output_of("user", "export", GONE, "--site", SITE, "--data", tmp_path)
    made = json.loads(told)
    assert (made["site"], made["user_id"]) == (SITE, GONE)
    assert [event["event_id"] for event in made["events"]] == [
        f"evt_{number:08d}" for number in (100, 101, 5_000)
    ]
    assert {event["user_id"] for event in made["events"]} == {GONE}
    assert [session["page_views"] for session in made["sessions"]] == [2, 1]
    file = tmp_path / "visitor.json"
    output_of(*("user", "export", GONE, "--site", SITE, "--data", tmp_path, "-o", file))
    again = json.loads(file.read_text())
    assert again["events"] == made["events"]


def test_a_visitor_is_erased_while_no_server_runs(tmp_path: Path) -> None:
    a_folder(tmp_path)
    arguments = ("user", "erase", GONE, "--site", SITE, "--data", tmp_path, "--yes")
    assert output_of(*arguments) == "The visitor is erased: 4 events.\n"
    assert files_naming(tmp_path, GONE) == []
    assert output_of(*arguments) == "There was nothing of this visitor.\n"
    told = output_of("user", "export", GONE, "--site", SITE, "--data", tmp_path)
    assert json.loads(told)["events"] == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("erase", GONE, "--site", SITE), "--yes says so"),
        (("erase", GONE, "--site", "..", "--yes"), "is no site"),
        (("erase", "", "--site", SITE, "--yes"), "id is empty"),
        (("erase", GONE, "--yes"), "Missing option '--site'"),
    ],
    ids=["not confirmed", "no site", "nobody", "whose"],
)
def test_nothing_is_erased_by_mistake(
    tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    refused = run_command("user", *arguments, "--data", tmp_path)
    assert refused.returncode != 0
    assert said in refused.stderr
    assert "Traceback" not in refused.stderr
