"""liveinsight query, while no server runs."""

import csv
import io
import json
import time
from pathlib import Path
from typing import Any

import pytest

from liveinsight.core.event import Event
from liveinsight.data_dir import DataDir
from liveinsight.store.inbox import Inbox
from tests.cli.running import output_of, run_command

HOUR = 3_600_000


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with six visits that nobody has applied yet."""
    root = tmp_path_factory.mktemp("data")
    inbox = Inbox(DataDir(root).inbox)
    noon = time.time_ns() // 1_000_000 - HOUR
    events = [
        Event(
            site="shop.example",
            event_id=f"evt_{number:08}",
            timestamp=noon + number,
            received_at=noon + number,
            present_at=noon + number,
            user_id=f"user{number}",
            session_id=f"sess_{number}",
            page="/a\x1b[31m" if number else "/=b",
            source="Google" if number % 2 else None,
        )
        for number in range(6)
    ]
    inbox.append(events)
    inbox.close()
    return root


def ask(folder: Path, *arguments: str) -> str:
    return output_of("query", *arguments, "--data", folder)


def test_a_table_has_rows_and_totals(folder: Path) -> None:
    table = ask(folder, "visitors", "bounce_rate", "--by", "source", "--period", "7d")
    assert [line.split() for line in table.splitlines()] == [
        ["source", "visitors", "bounce_rate"],
        ["Google", "3", "1.0"],
        ["(not", "set)", "3", "1.0"],
        ["(total)", "6", "1.0"],
    ]


def test_no_control_character_of_a_page_reaches_the_terminal(folder: Path) -> None:
    table = ask(folder, "visitors", "--by", "page")
    assert "/a\\x1b[31m" in table
    assert "\x1b" not in table


def test_csv_is_what_the_api_gives(folder: Path) -> None:
    text = ask(folder, "visitors", "--by", "page", "--format", "csv")
    rows = list(csv.reader(io.StringIO(text)))
    assert rows == [["page", "visitors"], ["/a\x1b[31m", "5"], ["/=b", "1"]]


def test_json_tells_the_question_back_which_can_be_asked_as_it_is(
    folder: Path,
) -> None:
    options = (
        "--filter",
        "source:is:Google",
        "--filter",
        '["not",["is","page",["/"]]]',
    )
    first: Any = json.loads(
        ask(folder, "visitors", *options, "--compare", "year", "--format", "json")
    )
    assert first["totals"]["metrics"] == [3]
    again = json.dumps(first["query"])
    told: Any = json.loads(ask(folder, "--question", again, "--format", "json"))
    del first["as_of"], told["as_of"]
    assert told == first


def test_what_is_not_shown_is_said_beside_the_table(folder: Path) -> None:
    run = run_command(
        "query", "visitors", "--by", "page", "--limit", "1", "--data", folder
    )
    assert run.stderr == "1 of 2 rows; the next with --offset 1\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("visits",), "Error: metrics: no metric 'visits'\n"),
        (("visitors", "--filter", "a"), "Error: f: write DIMENSION:OPERATOR:VALUE"),
        (("visitors", "--period", "7d", "--from", "2026-01-01"), "Error: period: "),
        (("--question", "{"), "Error: question: is not JSON\n"),
    ],
)
def test_what_cannot_be_asked_is_one_sentence_and_status_1(
    folder: Path, arguments: tuple[str, ...], said: str
) -> None:
    run = run_command("query", *arguments, "--data", folder)
    assert run.returncode == 1
    assert run.stderr.startswith(said)
    assert run.stdout == ""


def test_without_a_metric_the_call_is_not_understood(folder: Path) -> None:
    assert run_command("query", "--data", folder).returncode == 2


def test_a_folder_that_shows_a_stack_is_asked_through_its_server(
    tmp_path: Path,
) -> None:
    DataDir(tmp_path).stack.write_text("{}")
    run = run_command("query", "visitors", "--data", tmp_path)
    assert run.returncode == 1
    assert "up --aws" in run.stderr


@pytest.mark.parametrize(
    "command",
    [
        ("query", "visitors"),
        ("user", "erase", "anna", "--site", "shop.example", "--yes"),
    ],
    ids=["query", "erase"],
)
def test_a_folder_that_is_not_there_is_no_empty_one(
    tmp_path: Path, command: tuple[str, ...]
) -> None:
    missing = tmp_path / "typing-error"
    run = run_command(*command, "--data", missing)
    assert run.returncode == 1
    assert f"there is no data folder {missing}" in run.stderr
    assert not missing.exists()
