"""`liveinsight up --aws` over a stack: killed, restarted, and kept apart."""

import json
import os
import signal
import time
from collections.abc import Mapping
from itertools import count
from pathlib import Path

import pytest

from liveinsight.core.event import Event
from liveinsight.core.limits import DAY, HOUR
from liveinsight.store.archive_s3 import Archived, S3Archive
from liveinsight.store.s3_source import LOADED
from liveinsight.store.warehouse import Warehouse
from tests.aws.ministack import MiniStack
from tests.aws.stacks import make_stack
from tests.cli.running import run_command
from tests.e2e.server import OFTEN, Server, running_server
from tests.store.builders import SITE, an_event
from tests.store.dynamodb.live_events import now_ms, record
from tests.waiting import PATIENCE_S, wait_until

pytestmark = pytest.mark.slow

DAYS, OBJECTS, EVENTS = 12, 10, 60
ALL = DAYS * OBJECTS * EVENTS
PERIOD = f"/api/statistics/summary/?site={SITE}&period=30d"


class Stack:
    """A stack whose archive and tables are written here, not by its functions."""

    def __init__(self, account: MiniStack) -> None:
        self.environ: Mapping[str, str] = account.environ | OFTEN
        sites = json.dumps([{"id": SITE, "timezone": "Asia/Seoul"}])
        self.outputs = make_stack(account, {"Sites": sites})
        self.archive = S3Archive(account.s3, self.outputs["ArchiveBucket"])
        self.sequences = count(10**20)

    def put(self, events: list[Event]) -> None:
        """As one batch of the stream."""
        self.archive.write_batch(
            [Archived(str(next(self.sequences)), event) for event in events]
        )


def a_history(stack: Stack) -> None:
    """Some objects of some visitors on each of the last days."""
    numbers = count()
    for day in range(DAYS):
        for part in range(OBJECTS):
            begun = now_ms() - day * DAY - (part + 1) * HOUR
            events = []
            for each in range(EVENTS):
                number, at = next(numbers), begun + each * 1_000
                times = {"timestamp": at, "received_at": at, "present_at": at}
                events.append(an_event(number, user_id=f"user{number % 40}", **times))
            stack.put(events)


def total(server: Server, key: str) -> int:
    return int(server.ask(PERIOD, key)["total_events"])


def ready(server: Server, key: str) -> Mapping[str, object]:
    answer: Mapping[str, object] = server.ask("/health/ready", key)
    return answer


def history_mark(folder: Path) -> int | None:
    """Down to when history is loaded; 0 when all of it is."""
    warehouse = Warehouse.open(folder / "warehouse.duckdb", memory_mb=100)
    mark = warehouse.marks().get(LOADED)
    warehouse.close()
    return mark


def run_and_kill(stack: Stack, folder: Path, seconds: float = 0.0) -> None:
    with running_server(folder, "--aws", environ=stack.environ) as server:
        time.sleep(seconds)
        os.kill(server.process.pid, signal.SIGKILL)


def kill_in_the_middle(stack: Stack, folder: Path) -> None:
    """Tries again where the server was quicker: both share a busy machine."""
    for _ in range(10):
        run_and_kill(stack, folder)
        if history_mark(folder) != 0:
            return
        (folder / "warehouse.duckdb").unlink()
    raise AssertionError("it is never killed in the middle")


def test_history_that_is_killed_while_it_loads_is_neither_lost_nor_doubled(
    ministack: MiniStack, tmp_path: Path
) -> None:
    stack = Stack(ministack)
    a_history(stack)
    kill_in_the_middle(stack, tmp_path)
    for seconds in (0.2, 0.4):
        run_and_kill(stack, tmp_path, seconds)
    with running_server(tmp_path, "--aws", environ=stack.environ) as server:
        key = server.add_key()
        wait_until(lambda: "rebuild" not in ready(server, key))
        assert total(server, key) == ALL
        server.process.terminate()
        assert server.process.wait(PATIENCE_S) == 0
    warehouse = Warehouse.open(tmp_path / "warehouse.duckdb", memory_mb=100)
    counted = [(str(line.outcome), line.count) for line in warehouse.ledger()]
    warehouse.close()
    assert {outcome for outcome, _ in counted} == {"stored"}
    assert sum(count for _, count in counted) == ALL


def test_a_visit_is_live_and_in_its_timeline_before_it_is_archived(
    ministack: MiniStack, tmp_path: Path
) -> None:
    stack = Stack(ministack)
    with running_server(tmp_path, "--aws", environ=stack.environ) as server:
        key = server.add_key()
        active = f"/api/sessions/active/?site={SITE}"
        assert server.ask(active, key) == []
        visit = record(stack.environ, "anna", "/", "/cart")
        wait_until(lambda: bool(server.ask(active, key)))
        (session,) = server.ask(active, key)
        assert session["current_page"] == "/cart"
        steps = server.ask(f"/api/sessions/sess_anna/events/?site={SITE}", key)
        assert [step["event_id"] for step in steps] == [e.event_id for e in visit]
        assert total(server, key) == 0  # the archive has not brought it
        stack.put(visit)
        wait_until(lambda: total(server, key) == 2)
        (session,) = server.ask(active, key)
        assert session["current_page"] == "/cart"


def test_a_folder_shows_one_stack_and_nothing_else(
    ministack: MiniStack, tmp_path: Path
) -> None:
    stack = Stack(ministack)
    folder = str(tmp_path / "aws")
    with running_server(tmp_path / "aws", "--aws", environ=stack.environ):
        pass
    up = ("up", "--port", "0", "--data", folder)
    for arguments, said in (
        (up, "shows a stack on AWS"),
        (("site", "add", "a.example", "--data", folder), "liveinsight deploy --site"),
        ((*up, "--aws", "--stack", "another"), "no stack another"),
        ((*up, "--aws", "--demo"), "does not go with --aws"),
    ):
        refused = run_command(*arguments, **stack.environ)
        assert refused.returncode == 1
        assert said in refused.stderr
        assert "Traceback" not in refused.stderr
    rebuilt = run_command("rebuild", "--data", folder)
    assert rebuilt.returncode == 0
    assert not (tmp_path / "aws" / "warehouse.duckdb").exists()
    own = tmp_path / "own"
    with running_server(own):
        pass
    refused = run_command("up", "--aws", "--data", str(own), **stack.environ)
    assert "holds what one machine has collected" in refused.stderr
