"""liveinsight export, and what of it comes back by liveinsight import."""

import gzip
from pathlib import Path

import msgspec
import pytest

from liveinsight.core.event import Event
from liveinsight.data_dir import DataDir
from liveinsight.store.inbox import Inbox
from tests.cli.running import output_of, run_command
from tests.store.builders import an_event

DAY = "2027-01-15"
"""Of T0."""


@pytest.fixture(name="data", scope="module")
def a_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a site and ten events."""
    data = tmp_path_factory.mktemp("exported")
    output_of("site", "add", "shop.example", "--data", data)
    inbox = Inbox(DataDir(data).inbox)
    inbox.append([an_event(number) for number in range(10)])
    inbox.close()
    return data


def test_the_events_of_a_day_are_in_the_file(data: Path, tmp_path: Path) -> None:
    path = tmp_path / "out.ndjson"
    told = output_of(
        *("export", "--site", "shop.example", "--from", DAY, "--to", DAY),
        *("--format", "ndjson", "--output", path, "--data", data),
    )
    assert told == f"10 events are in {path}.\n"
    events = msgspec.json.Decoder(Event).decode_lines(path.read_bytes())
    assert [event.event_id for event in events] == [
        an_event(number).event_id for number in range(10)
    ]
    assert [each.name for each in tmp_path.iterdir()] == ["out.ndjson"]
    told = output_of(
        *("export", "--from", "2027-01-16", "--to", "2027-01-17"),
        *("--output", path, "--data", data),
    )
    assert told == f"0 events are in {path}.\n"
    assert path.read_text().count("\n") == 1  # the heading


def test_standard_output_holds_the_file_alone(data: Path) -> None:
    run = run_command("export", "--output", "-", "--data", data)
    assert run.returncode == 0
    lines = run.stdout.splitlines()
    assert lines[0].startswith("site,event_id,")
    assert len(lines) == 11
    assert "Exporting" not in run.stdout
    run = run_command("export", "-o", "-", "--format", "parquet", "--data", data)
    assert run.returncode == 2
    assert "standard output" in run.stderr


def test_the_file_is_named_by_site_and_days(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    output_of(
        *("export", "--site", "shop.example", "--from", DAY, "--to", DAY),
        *("--gzip", "--data", data),
    )
    path = tmp_path / f"shop.example-{DAY}-{DAY}.csv.gz"
    assert gzip.decompress(path.read_bytes()).count(b"\n") == 11


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--site", "other.example"), "site: there is no site"),
        (("--period", "soon"), "period: give one of"),
        (("--from", "yesterday"), "from: give ms"),
        (("--output", "no/such/folder/x.csv"), "no/such/folder/x.csv"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(
    options: tuple[str, ...], said: str, data: Path
) -> None:
    run = run_command("export", *options, "--data", data)
    assert run.returncode == 1
    assert said in run.stderr
    assert "Traceback" not in run.stderr
