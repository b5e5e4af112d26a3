"""liveinsight account."""

import json
from pathlib import Path

from tests.cli.running import output_of, run_command

PASSWORD = "seven blue lamps\n"


def test_a_password_is_read_from_a_pipe(tmp_path: Path) -> None:
    output_of("account", "add", "mina", "--data", tmp_path, stdin=PASSWORD)
    assert json.loads(output_of("account", "list", "--json", "--data", tmp_path)) == [
        "mina"
    ]


def test_a_password_can_be_set_anew(tmp_path: Path) -> None:
    output_of("account", "add", "mina", "--data", tmp_path, stdin=PASSWORD)
    told = output_of(
        "account", "password", "mina", "--data", tmp_path, stdin="nine green doors\n"
    )
    assert told == "Set the password of mina.\n"


def test_a_weak_password_makes_no_account(tmp_path: Path) -> None:
    run = run_command("account", "add", "mina", "--data", tmp_path, stdin="1234\n")
    assert run.returncode == 1
    assert "password" in run.stderr
    assert output_of("account", "list", "--data", tmp_path) == ""


def test_a_name_is_taken_once(tmp_path: Path) -> None:
    output_of("account", "add", "mina", "--data", tmp_path, stdin=PASSWORD)
    run = run_command("account", "add", "mina", "--data", tmp_path, stdin=PASSWORD)
    assert run.returncode == 1
