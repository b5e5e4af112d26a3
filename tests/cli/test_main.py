"""The command itself: its help, its version, how quickly it starts, its errors."""

import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from liveinsight import __version__
from liveinsight.cli.main import COMMANDS, liveinsight
from tests.cli.running import output_of, run_command

ELSEWHERE = {"loadtest", "deploy", "status", "rollback", "destroy", "tracker"}
"""Commands about something that is not in a data folder."""
HEAVY = {"django", "duckdb", "uvicorn", "sqlglot", "sqlite3", "asyncio", "boto3"}


def test_the_version_is_printed() -> None:
    assert output_of("--version") == f"liveinsight, version {__version__}\n"


def test_help_imports_nothing_that_takes_time_to_import() -> None:
    program = (
        "import sys\n"
        "from liveinsight.cli.main import liveinsight\n"
        "liveinsight.main(['--help'], standalone_mode=False)\n"
        "print(*sys.modules, file=sys.stderr)\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert HEAVY & set(run.stderr.split()) == set()


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_helps_with_an_example_and_knows_its_data_folder(
    name: str,
) -> None:
    command = liveinsight.get_command(click.Context(liveinsight), name)
    assert command is not None
    helped = CliRunner().invoke(liveinsight, [name, "--help"])
    assert helped.exit_code == 0
    assert f"liveinsight {name}" in helped.output.split("Examples:")[1]
    below = command.commands.values() if isinstance(command, click.Group) else [command]
    for one in below:
        has_data = "data" in [parameter.name for parameter in one.params]
        assert has_data == (name not in ELSEWHERE)


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_says_of_a_command_what_its_own_help_says(name: str) -> None:
    command = liveinsight.get_command(click.Context(liveinsight), name)
    assert command is not None
    assert command.get_short_help_str(limit=100) == COMMANDS[name]


def test_a_command_that_does_not_exist_is_named() -> None:
    run = run_command("upp")
    assert run.returncode == 2
    assert "upp" in run.stderr


def test_a_wrong_setting_is_one_sentence(tmp_path: Path) -> None:
    run = run_command("site", "list", "--data", tmp_path, LIVEINSIGHT_PORT="http")
    assert run.returncode == 1
    assert run.stderr.startswith("Error: LIVEINSIGHT_PORT is 'http'")
    assert "Traceback" not in run.stderr


def test_a_data_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    run = run_command("site", "list", "--data", tmp_path / "file" / "data")
    assert run.returncode == 1
    assert "Traceback" not in run.stderr


def test_all_that_is_made_is_the_owners_alone(tmp_path: Path) -> None:
    output_of("site", "list", "--data", tmp_path / "data")
    modes = {
        path.name: path.stat().st_mode & 0o077
        for path in (tmp_path / "data").rglob("*")
    }
    assert {name for name, others in modes.items() if others} == set()


def test_django_has_nothing_to_say_about_a_deployment_behind_https(
    tmp_path: Path,
) -> None:
    run = run_command(
        "manage",
        "--data",
        tmp_path,
        "check",
        "--deploy",
        "--fail-level",
        "WARNING",
        LIVEINSIGHT_BASE_URL="https://stats.example",
    )
    assert run.returncode == 0, run.stderr
