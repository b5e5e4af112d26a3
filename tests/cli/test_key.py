"""liveinsight key."""

import json
from pathlib import Path

from tests.cli.running import output_of, run_command


def test_a_key_stands_alone_on_the_last_line(tmp_path: Path) -> None:
    printed = output_of("key", "add", "--name", "report", "--data", tmp_path)
    key = printed.splitlines()[-1]
    assert key.startswith("li_")
    assert key.split() == [key]


def test_a_key_is_nowhere_in_the_data_folder(tmp_path: Path) -> None:
    printed = output_of("key", "add", "--name", "report", "--data", tmp_path)
    key = printed.splitlines()[-1].encode()
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert files
    assert not any(key in path.read_bytes() for path in files)


def test_a_key_is_listed_with_the_site_that_it_reads(tmp_path: Path) -> None:
    output_of("key", "add", "--name", "a", "--site", "shop.example", "--data", tmp_path)
    output_of("key", "add", "--name", "b", "--data", tmp_path)
    listed = json.loads(output_of("key", "list", "--json", "--data", tmp_path))
    assert [(key["name"], key["site"]) for key in listed] == [
        ("a", "shop.example"),
        ("b", None),
    ]
    assert "never" in output_of("key", "list", "--data", tmp_path)


def test_a_revoked_key_is_no_longer_listed(tmp_path: Path) -> None:
    output_of("key", "add", "--name", "report", "--data", tmp_path)
    output_of("key", "revoke", "report", "--data", tmp_path)
    assert json.loads(output_of("key", "list", "--json", "--data", tmp_path)) == []


def test_a_key_that_does_not_exist_cannot_be_revoked(tmp_path: Path) -> None:
    run = run_command("key", "revoke", "report", "--data", tmp_path)
    assert run.returncode == 1
    assert "report" in run.stderr
