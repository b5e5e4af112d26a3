"""liveinsight import, with and without a running server."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from liveinsight.cli.import_report import ImportReport
from liveinsight.cli.importing import one_at_a_time
from liveinsight.data_dir import DataDir
from liveinsight.imports.marks import Mark
from liveinsight.imports.model import Reason
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


def ledger(data: Path) -> tuple[int, int, int]:
    """What the ledger says was received, is stored, and was a duplicate."""
    inbox, warehouse = (
        Inbox(DataDir(data).inbox),
        Warehouse.open(DataDir(data).warehouse),
    )
    lines = [*inbox.ledger(), *warehouse.ledger()]
    inbox.close()
    warehouse.close()
    of = dict.fromkeys(("received", "stored", "duplicate"), 0)
    for line in lines:
        of[line.outcome] += line.count
    return of["received"], of["stored"], of["duplicate"]


def reported(*arguments: str | Path) -> ImportReport:
    """What the command's --json says; the records add up."""
    told = output_of("import", *arguments, "--json")
    report = msgspec.json.decode(told, type=ImportReport)
    left_out = sum(report.dropped.values()) + sum(report.rejected.values())
    assert report.read == report.stored + report.duplicate + left_out
    return report


def test_a_dry_run_tells_all_and_keeps_nothing(tmp_path: Path) -> None:
    data, log = a_folder(tmp_path), a_log(tmp_path, 50)
    told = output_of("import", log, "--site", SITE, "--dry-run", "--data", data)
    assert "The log of a web server, combined format: 100 records." in told
    assert "would be new events, 2026-03-10 to 2026-03-10 UTC\n0 " in told
    assert "50       dropped    not_a_page  of a script, style, picture" in told
    assert "not_a_page, access.log line 2: 198.51.100.0" in told
    assert counts(data) == (0, 0, 0)
    assert not DataDir(data).imports.exists()


def test_a_log_comes_in_once_and_the_second_time_all_are_duplicates(
    tmp_path: Path,
) -> None:
    data, log = a_folder(tmp_path), a_log(tmp_path, 50)
    command = (log, "--site", SITE, "--data", data)
    first = reported(*command)
    assert (first.read, first.stored, first.duplicate) == (100, 50, 0)
    assert first.dropped == {Reason.NOT_A_PAGE: 50}
    assert counts(data) == (50, 50, 50)
    (kept,) = DataDir(data).imports.glob("*.json")
    assert msgspec.json.decode(kept.read_bytes(), type=Mark).key == ""
    assert "imported already, and nothing was read now" in output_of("import", *command)
    again = reported(*command, "--again")
    assert (again.read, again.stored, again.duplicate) == (100, 0, 50)
    assert counts(data) == (50, 50, 50)
    assert ledger(data) == (100, 50, 50)
    looked = reported(*command, "--dry-run")
    assert (looked.stored, looked.duplicate) == (0, 50)


def test_each_record_of_a_file_is_told_with_its_line(tmp_path: Path) -> None:
    data, path = a_folder(tmp_path), tmp_path / "events.ndjson"
    known, fresh = an_event(1), an_event(2)
    lines = [msgspec.json.encode(each) for each in (known, fresh, fresh)]
    path.write_bytes(lines[0])
    assert reported(path, "--data", data).stored == 1
    other = msgspec.json.encode(replace(an_event(3), site="other.example"))
    path.write_bytes(b"\n".join([*lines, b"", b"{nonsense", other]))
    for options in (("--dry-run",), ()):
        report = reported(path, "--data", data, *options)
        assert (report.read, report.stored, report.duplicate) == (5, 1, 2)
        assert report.dropped == {Reason.UNKNOWN_SITE: 1}
        assert report.rejected == {Reason.MALFORMED: 1}
        places = [(each.reason, each.line, each.text) for each in report.examples]
        assert places[0] == (Reason.MALFORMED, 5, "{nonsense")
        assert places[1][:2] == (Reason.UNKNOWN_SITE, 6)
    assert ledger(data) == (4, 2, 2)


def wait_for_progress(data: Path) -> None:
    """Returns when some, but not all, is kept."""
    while True:
        for path in DataDir(data).imports.glob("*.json"):
            mark = msgspec.json.decode(path.read_bytes(), type=Mark)
            assert not mark.is_done
            if mark.account.read:
                return
        time.sleep(0.002)


@pytest.mark.crash
def test_killed_half_way_the_same_command_goes_on(tmp_path: Path) -> None:
    data, log = a_folder(tmp_path), a_log(tmp_path, 12_000)
    command = (log, "--site", SITE, "--data", data)
    running = subprocess.Popen(
        [COMMAND, "import", *map(str, command)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    wait_for_progress(data)
    os.kill(running.pid, signal.SIGKILL)
    running.wait()
    report = reported(*command)
    assert report.went_on_after > 0
    assert (report.read, report.stored, report.duplicate) == (24_000, 12_000, 0)
    # 200 addresses of one day, each back within 30 minutes.
    assert counts(data) == (12_000, 200, 200)
    assert ledger(data) == (12_000, 12_000, 0)


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
    report = reported(path, "--data", server)
    assert (report.stored, report.duplicate) == (2_500, 0)
    assert (report.first_day, report.last_day) != (None, None)
    out = tmp_path / "out.parquet"
    told = output_of(
        *("export", "--site", SITE, "--format", "parquet"),
        *("--output", out, "--data", server),
    )
    assert told == f"2500 events are in {out}.\n"
    for options in (("--dry-run",), ()):
        report = reported(out, "--data", server, *options)
        assert (report.stored, report.duplicate) == (0, 2_500)
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


def test_two_imports_at_once_are_refused(tmp_path: Path) -> None:
    data, log = a_folder(tmp_path), a_log(tmp_path, 1)
    with one_at_a_time(DataDir(data).imports):
        run = run_command("import", log, "--site", SITE, "--data", data)
    assert run.returncode == 1
    assert "another import is running" in run.stderr


def test_totals_of_days_are_told_in_the_same_words(tmp_path: Path) -> None:
    data = a_folder(tmp_path)
    table = tmp_path / "imported_browsers_20250101_20250102.csv"
    table.write_text(
        "date,browser,browser_version,visitors,visits,visit_duration,bounces,events,"
        "pageviews\n"
        "2025-01-01,Safari,1,5,6,60,1,9,8\n2025-01-02,Safari,1,x,6,60,1,9,8\n"
    )
    command = (table, "--site", SITE, "--data", data)
    for options, there in ((("--dry-run",), 0), ((), 0), ((), 1)):
        report = reported(*command, *options)
        assert (report.read, report.stored, report.duplicate) == (2, 1 - there, there)
        assert report.rejected == {Reason.MALFORMED: 1}
        assert (report.first_day, report.examples[0].line) == ("2025-01-01", 3)
