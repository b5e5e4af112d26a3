"""liveinsight site."""

import json
from pathlib import Path

from tests.cli.running import output_of, run_command


def test_a_site_that_was_added_is_listed(tmp_path: Path) -> None:
    output_of(
        "site",
        "add",
        "www.Shop.example",
        "--timezone",
        "Asia/Seoul",
        "--data",
        tmp_path,
    )
    listed = json.loads(output_of("site", "list", "--json", "--data", tmp_path))
    assert [(site["id"], site["timezone"]) for site in listed] == [
        ("shop.example", "Asia/Seoul")
    ]
    assert "shop.example" in output_of("site", "list", "--data", tmp_path)


def test_a_site_that_was_removed_is_gone(tmp_path: Path) -> None:
    output_of("site", "add", "shop.example", "--data", tmp_path)
    output_of("site", "remove", "shop.example", "--data", tmp_path)
    assert json.loads(output_of("site", "list", "--json", "--data", tmp_path)) == []


def test_what_cannot_be_done_is_one_sentence_and_status_1(tmp_path: Path) -> None:
    run = run_command("site", "remove", "shop.example", "--data", tmp_path)
    assert run.returncode == 1
    assert run.stdout == ""
    assert run.stderr == "Error: there is no site 'shop.example'\n"


def test_a_time_zone_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    run = run_command(
        "site", "add", "a.example", "--timezone", "Mars", "--data", tmp_path
    )
    assert run.returncode == 1
    assert "Mars" in run.stderr


def test_the_data_folder_may_come_from_the_environment(tmp_path: Path) -> None:
    run = run_command("site", "add", "a.example", LIVEINSIGHT_DATA=str(tmp_path / "d"))
    assert run.returncode == 0
    assert (tmp_path / "d" / "app.sqlite3").exists()
