"""The server starts with whatever is left of its warehouse, and misses nothing."""

import json
import os
import shutil
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from random import Random

import pytest

from liveinsight.core.limits import HOUR
from liveinsight.store.archive import archive_closed_hours
from tests.crash.servers import (
    SITE,
    Senders,
    Server,
    add_key,
    sending,
    total_events,
    wait_applied,
)
from tests.store.builders import Machine, an_event
from tests.waiting import free_port, wait_until

OLD_EVENTS = 20_000
LOG = "warehouse.duckdb.wal"
FILE = "warehouse.duckdb"

pytestmark = pytest.mark.crash

Damage = Callable[[Path], None]


def cut_short(path: Path) -> None:
    """Its second half is missing."""
    os.truncate(path, path.stat().st_size // 2)


def fill_with_zeros(path: Path) -> None:
    """Its second half was never written."""
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(size // 2)
        file.write(bytes(size - size // 2))


def flip_a_bit(path: Path) -> None:
    """One bit in the middle."""
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2)
        (byte,) = file.read(1)
        file.seek(-1, os.SEEK_CUR)
        file.write(bytes([byte ^ 16]))


def overwrite(path: Path) -> None:
    """Garbage from its first byte."""
    path.write_bytes(Random(3).randbytes(100_000))


DAMAGES = [
    pytest.param(LOG, cut_short, id="log-cut-short"),
    pytest.param(LOG, fill_with_zeros, id="log-filled-with-zeros"),
    pytest.param(LOG, flip_a_bit, id="log-with-a-flipped-bit"),
    pytest.param(FILE, Path.unlink, id="file-deleted"),
    pytest.param(FILE, cut_short, id="file-cut-short"),
    pytest.param(FILE, overwrite, id="file-overwritten"),
    pytest.param(FILE, flip_a_bit, id="file-with-a-flipped-bit"),
]


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """A folder whose old events are in the archive alone, and the key to its API."""
    folder = tmp_path_factory.mktemp("past")
    key = add_key(folder)
    machine = Machine(folder)
    now = time.time_ns() // 1_000_000
    begin = now - now % HOUR - 3 * HOUR
    for first in range(0, OLD_EVENTS, 5_000):
        times = [
            (n, begin + n * 3 * HOUR // OLD_EVENTS) for n in range(first, first + 5_000)
        ]
        machine.inbox.append(
            [
                an_event(
                    n,
                    site=SITE,
                    user_id=f"old-{n % 4000}",
                    session_id=f"sess_o{n}",
                    timestamp=at,
                    received_at=at,
                    present_at=at,
                )
                for n, at in times
            ]
        )
    machine.applier.apply_waiting()
    archive_closed_hours(machine.inbox, machine.archive, now)
    machine.inbox.rows.remove_through(machine.warehouse.checkpoint())
    assert machine.inbox.rows.events_after(0) == 0
    machine.close()
    return folder, key


@pytest.mark.parametrize(("name", "damage"), DAMAGES)
def test_the_live_page_works_at_once_and_in_the_end_nothing_is_missing(
    past: tuple[Path, dict[str, str]], tmp_path: Path, name: str, damage: Damage
) -> None:
    folder, key = past
    data = tmp_path / "data"
    shutil.copytree(folder, data)
    server = Server(data, free_port())
    server.start()
    server.wait_ready()
    senders = Senders(server.port, seed=2, connections=8, pause=0.02)
    with sending(senders):
        threading.Event().wait(0.5)
    wait_applied(server, key)
    server.kill()
    assert (data / LOG).stat().st_size > 0
    damage(data / name)
    server.start()
    server.wait_ready()
    wait_until(lambda: senders.users <= active_users(server, key))
    progress = watch_rebuild(server)
    wait_applied(server, key)
    told = total_events(server, key)
    server.stop()
    assert told == OLD_EVENTS + len(senders.sent)
    assert senders.sent == senders.acknowledged
    assert bool(progress) == (name == FILE)
    assert progress == sorted(progress)


def active_users(server: Server, key: Mapping[str, str]) -> set[str]:
    """Who the live page knows of; it answers at any time."""
    status, body = server.get(f"/api/sessions/active/?site={SITE}", **key)
    assert status == 200
    return {each["user_id"] for each in json.loads(body)}


def watch_rebuild(server: Server) -> list[float]:
    """What /health/ready said of the rebuild, until it was done."""
    progress: list[float] = []

    def is_done() -> bool:
        status, body = server.get("/health/ready")
        assert status == 200
        done = json.loads(body).get("rebuild")
        if done is not None:
            progress.append(float(done))
        return done is None

    wait_until(is_done, "the rebuild is done")
    return progress
