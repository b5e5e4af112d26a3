"""A visitor is erased by a running server, and by the next one after a kill."""

import os
import signal
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from liveinsight.control import ask_server
from liveinsight.core.limits import DAY
from liveinsight.data_dir import DataDir
from liveinsight.store.archive import Archive, archive_closed_hours
from liveinsight.store.eraser import Asked
from liveinsight.store.inbox import Inbox
from tests.aws.ministack import MiniStack
from tests.cli.running import output_of, run_command
from tests.e2e.server import running_server
from tests.e2e.test_up_aws import Stack, total
from tests.store.builders import SITE, T0, an_event
from tests.store.dynamodb.live_events import now_ms, record
from tests.store.test_eraser import GONE, PERSON, files_naming
from tests.waiting import wait_until

pytestmark = pytest.mark.slow

EVENTS = 400


def a_history(folder: Path) -> None:
    """400 events of 8 visitors in 40 files of the archive, and some in the inbox."""
    data, begun = DataDir(folder), now_ms() - 3 * DAY
    inbox, archive = Inbox(data.inbox), Archive(data.archive)
    for number in range(EVENTS):
        at = begun + number * 360_000
        user = GONE if number % 8 == 0 else f"user{number % 8}"
        times = {"timestamp": at, "received_at": at, "present_at": at}
        inbox.append([an_event(number, user_id=user, **times)])
        if number % 10 == 9:
            archive_closed_hours(inbox, archive, begun + number * 360_000 + DAY)
    inbox.append([an_event(9_999, user_id=GONE, timestamp=T0 - 1, received_at=begun)])
    inbox.close()


def waiting(folder: Path) -> int:
    """Erasures that are not done."""
    path = DataDir(folder).inbox.resolve().as_uri()
    with closing(sqlite3.connect(f"{path}?mode=ro", uri=True)) as file:
        ((count,),) = file.execute("select count(*) from erasures")
    return int(count)


def test_a_running_server_erases_a_visitor_and_tells_it(tmp_path: Path) -> None:
    a_history(tmp_path)
    with running_server(tmp_path) as server:
        key = server.add_key()
        wait_until(lambda: server.total_events(key) is not None)
        visitor = f"/api/sessions/sess_1/events/?site={SITE}"
        assert server.ask(visitor, key)
        told = output_of(
            *("user", "erase", GONE, "--site", SITE, "--data", tmp_path, "--yes")
        )
        assert told == "The visitor is erased: 51 events.\n"
        assert files_naming(tmp_path, GONE) == []
        assert {event.user for event in server.stored_events()} == {
            f"user{number}" for number in range(1, 8)
        }


def test_an_erasure_survives_kill_9_at_any_moment(tmp_path: Path) -> None:
    a_history(tmp_path)
    for seconds in (0.0, 0.03, 0.1, 0.25):
        with running_server(tmp_path) as server:
            # It goes on with what was asked for before; asking again changes nothing.
            ask_server(DataDir(tmp_path), "erase-user", PERSON, Asked)
            time.sleep(seconds)
            os.kill(server.process.pid, signal.SIGKILL)
    with running_server(tmp_path) as server:
        wait_until(lambda: waiting(tmp_path) == 0)
        kept = {event.user for event in server.stored_events()}
    assert kept == {f"user{number}" for number in range(1, 8)}
    assert files_naming(tmp_path, GONE) == []
    output_of("rebuild", "--data", tmp_path)
    assert files_naming(tmp_path, GONE) == []


def test_a_visitor_of_a_stack_is_erased_while_its_dashboard_runs(
    ministack: MiniStack, tmp_path: Path
) -> None:
    stack = Stack(ministack)
    visits = {
        user: record(stack.environ, user, "/", "/cart") for user in ("anna", "ben")
    }
    for visit in visits.values():
        stack.put(visit)
    with running_server(tmp_path, "--aws", environ=stack.environ) as server:
        key = server.add_key()
        wait_until(lambda: total(server, key) == 4)
        erased = run_command(
            *("user", "erase", "anna", "--site", SITE, "--yes", "--data", tmp_path),
            **stack.environ,
        )
        assert erased.returncode == 0, erased.stderr
        assert "Tables and archive are erased" in erased.stdout
        assert "warehouse is erased: 2 events" in erased.stdout
        assert "Run this again in ten minutes" in erased.stderr
        assert total(server, key) == 2
        active = f"/api/sessions/active/?site={SITE}"
        wait_until(lambda: len(server.ask(active, key)) == 1)
        (session,) = server.ask(active, key)
        assert session["user_id"] == "ben"
        exported = run_command(
            *("user", "export", "anna", "--site", SITE, "--data", tmp_path),
            **stack.environ,
        )
        assert '"events": []' in exported.stdout
    output_of("rebuild", "--data", tmp_path)
    with running_server(tmp_path, "--aws", environ=stack.environ) as server:
        wait_until(lambda: total(server, key) == 2)
