"""liveinsight import, with and without a running server."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from liveinsight.data_dir import DataDir
from liveinsight.imports.run import Mark
from liveinsight.store.inbox import Inbox
from liveinsight.store.warehouse import Warehouse
from tests.cli.running import COMMAND, output_of, run_command
from tests.imports.test_weblog import a_line
from tests.store.builders import an_event

SITE = "shop.example"


def a_folder(tmp_path: Path) -> Path:
    """A folder with the site."""
    data = tmp_path / "data"
    output_of("site", "add", SITE, "--data", data)
    return data


def a_log(folder: Path, views: int) -> Path:
    """A log of that many views, and as many pictures."""
    path = folder / "access.log"
    with path.open("w") as file:
        for number in range(views):
            at = f"{number // 3600:02}:{number // 60 % 60:02}:{number % 60:02}"
            time_ = f"10/Mar/2026:{at} +0000"
            address = f"198.51.100.{number % 200}"
            file.write(a_line(f"/{number}", time=time_, address=address) + "\n")
            file.write(a_line("/a.png", time=time_, address=address) + "\n")
    return path


def counts(data: Path) -> tuple[int, int, int]:
    """Events, visitors and sessions in the warehouse of a folder."""
    warehouse = Warehouse.open(DataDir(data).warehouse)
    ((events, users),) = warehouse.query(
        "select count(*), count(distinct user_key) from events"
    )
    ((sessions,),) = warehouse.query("select count(*) from sessions")
    warehouse.close()
    return int(str(events)), int(str(users)), int(str(sessions))


def received(data: Path) -> int:
    """What the ledger says came in."""
    inbox = Inbox(DataDir(data).inbox)
    lines = inbox.ledger()
    inbox.close()
    return sum(line.count for line in lines if line.outcome == "received")


def test_a_dry_run_tells_all_and_keeps_nothing(tmp_path: Path) -> None:
    data, log = a_folder(tmp_path), a_log(tmp_path, 50)
    told = output_of("import", log, "--site", SITE, "--dry-run", "--data", data)
    assert "The log of a web server, combined format: 100 records." in told
    assert "50 events would be imported, 2026-03-10 to 2026-03-10 UTC." in told
    assert "50       not_a_page  of a script, style, picture" in told
    assert '"GET /a.png HTTP/1.1"' in told
    assert counts(data) == (0, 0, 0)
    assert not DataDir(data).imports.exists()


def test_a_log_comes_in_once(tmp_path: Path) -> None:
    data, log = a_folder(tmp_path), a_log(tmp_path, 50)
    told = output_of("import", log, "--site", SITE, "--data", data)
    assert "50 events are imported" in told
    assert counts(data) == (50, 50, 50)
    (kept,) = DataDir(data).imports.iterdir()
    assert msgspec.json.decode(kept.read_bytes(), type=Mark).key == ""
    told = output_of("import", log, "--site", SITE, "--data", data)
    assert "imported already: 50 events" in told
    output_of("import", log, "--site", SITE, "--again", "--data", data)
    assert counts(data) == (50, 50, 50)
    told = output_of("import", log, "--site", SITE, "--dry-run", "--data", data)
    assert f"Take care: {SITE} has 50 events in that time already." in told


def wait_for_progress(data: Path) -> None:
    """Returns when some, but not all, is kept."""
    while True:
        for path in DataDir(data).imports.glob("*.json"):
            mark = msgspec.json.decode(path.read_bytes(), type=Mark)
            assert not mark.is_done
            return
        time.sleep(0.002)


@pytest.mark.crash
def test_killed_half_way_the_same_command_goes_on(tmp_path: Path) -> None:
    data, log = a_folder(tmp_path), a_log(tmp_path, 12_000)
    command = ("import", log, "--site", SITE, "--data", data)
    running = subprocess.Popen([COMMAND, *map(str, command)], stdout=subprocess.DEVNULL)
    wait_for_progress(data)
    os.kill(running.pid, signal.SIGKILL)
    running.wait()
    told = output_of(*command)
    assert "Going on after " in told
    assert "12000 events are imported" in told
    # 200 addresses of one day, each back within 30 minutes.
    assert counts(data) == (12_000, 200, 200)
    # At most the batch under way came twice.
    assert 12_000 <= received(data) <= 13_000


@pytest.fixture(name="server")
def a_server(tmp_path: Path) -> Iterator[Path]:
    """The folder of a running server."""
    data = a_folder(tmp_path)
    running = subprocess.Popen(
        [COMMAND, "up", "--port", "0", "--data", str(data)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert running.stdout is not None
    for line in running.stdout:
        if "Ctrl-C" in line:
            break
    yield data
    running.terminate()
    running.wait()
    running.stdout.close()


def test_a_running_server_takes_and_gives_them(server: Path, tmp_path: Path) -> None:
    path = tmp_path / "events.ndjson"
    events = [an_event(number) for number in range(2_500)]
    path.write_bytes(msgspec.json.Encoder().encode_lines(events))
    told = output_of("import", path, "--data", server)
    assert "2500 events are imported" in told
    out = tmp_path / "out.parquet"
    told = output_of(
        *("export", "--site", SITE, "--format", "parquet"),
        *("--output", out, "--data", server),
    )
    assert told == f"2500 events are in {out}.\n"
    told = output_of("import", out, "--dry-run", "--data", server)
    assert "2500 events would be imported" in told
    assert list(DataDir(server).exports.iterdir()) == []


def test_what_cannot_be_imported_is_one_sentence(tmp_path: Path) -> None:
    data, log = a_folder(tmp_path), a_log(tmp_path, 1)
    for options, said in (
        ((), "say with --site"),
        (("--site", "other.example"), "liveinsight site add other.example"),
    ):
        run = run_command("import", log, *options, "--data", data)
        assert run.returncode == 1
        assert said in run.stderr
        assert "Traceback" not in run.stderr
    run = run_command("import", tmp_path / "none", "--data", data)
    assert run.returncode == 2
