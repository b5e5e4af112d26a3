"""liveinsight load: the way from AWS, or from another machine, to this one."""

import gzip
from collections.abc import Sequence
from pathlib import Path

import msgspec

from liveinsight.core.event import Event
from liveinsight.core.limits import HOUR
from liveinsight.store.archive_s3 import folder_of
from tests.cli.running import output_of, run_command
from tests.store.builders import T0, an_event

IN_S3 = "000000017953925272980000000001-000000017953925272980000000001-91f0-2.ndjson.gz"
ON_A_MACHINE = "000000000001-000000000009-2.ndjson.gz"


def an_object(archive: Path, hour: int, name: str, events: Sequence[Event]) -> Path:
    path = archive / (folder_of(hour) + name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(msgspec.json.Encoder().encode_lines(events)))
    return path


def rebuilt(data: Path) -> str:
    """What a rebuild says, from all that the folder holds."""
    return output_of("rebuild", "--data", data).splitlines()[-1]


def test_events_of_aws_are_counted_once_however_often_they_are_loaded(
    tmp_path: Path,
) -> None:
    archive, data = tmp_path / "copy", tmp_path / "data"
    events = [an_event(number) for number in range(4)]
    an_object(archive, T0, IN_S3, events[:2])
    an_object(archive, T0 + HOUR, IN_S3, events[1:])
    an_object(archive, T0, ON_A_MACHINE, events[:1])
    told = output_of("load", archive, "--data", data)
    assert told.splitlines()[-1] == "6 events are loaded."
    output_of("load", archive / "v=1", "--data", data)
    assert rebuilt(data) == "The warehouse is rebuilt: 4 events."


def test_a_broken_object_is_named_and_what_came_before_it_is_kept(
    tmp_path: Path,
) -> None:
    archive, data = tmp_path / "copy", tmp_path / "data"
    an_object(archive, T0, IN_S3, [an_event(0)])
    broken = an_object(archive, T0 + HOUR, IN_S3, [an_event(1)])
    broken.write_bytes(broken.read_bytes()[:-10])
    run = run_command("load", archive, "--data", data)
    assert run.returncode == 1
    assert f"Error: {broken}: " in run.stderr
    assert rebuilt(data) == "The warehouse is rebuilt: 1 events."


def test_a_folder_without_an_archive_is_one_sentence(tmp_path: Path) -> None:
    run = run_command("load", tmp_path, "--data", tmp_path / "data")
    assert run.returncode == 1
    assert "holds no archive" in run.stderr
    assert "Traceback" not in run.stderr
