"""No room and too much work are 503 for the sender, and pass by themselves."""

import resource
import shutil
import threading
from pathlib import Path

import pytest

from tests.crash.servers import (
    Senders,
    Server,
    add_key,
    sending,
    total_events,
    wait_applied,
)
from tests.waiting import free_port, wait_until

pytestmark = pytest.mark.crash

NO_FILE_LARGER: int = 64 * 1024
UNLIMITED = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)


def check_nothing_is_lost(
    server: Server, key: dict[str, str], senders: Senders
) -> None:
    """Every event that was sent is there once, as each was acknowledged in the end."""
    wait_applied(server, key)
    assert senders.acknowledged == senders.sent
    assert total_events(server, key) == len(senders.sent)
    server.stop()


def test_a_full_disk_loses_nothing_and_needs_nobody_when_there_is_room_again(
    tmp_path: Path,
) -> None:
    key = add_key(tmp_path / "data")
    server = Server(tmp_path / "data", free_port())
    server.start()
    server.wait_ready()
    senders = Senders(server.port, seed=3, connections=8, pause=0.02)
    with sending(senders):
        wait_until(lambda: len(senders.acknowledged) > 500)
        limit = (NO_FILE_LARGER, resource.RLIM_INFINITY)
        resource.prlimit(server.pid, resource.RLIMIT_FSIZE, limit)
        wait_until(lambda: senders.statuses.get(503, 0) > 20)
        before = len(senders.acknowledged)
        threading.Event().wait(1.5)
        assert server.get("/health/ready")[0] == 200
        assert len(senders.acknowledged) == before
        resource.prlimit(server.pid, resource.RLIMIT_FSIZE, UNLIMITED)
        wait_until(lambda: len(senders.acknowledged) > before + 500)
    assert senders.retry_after == {"1"}
    check_nothing_is_lost(server, key, senders)


def test_the_collector_refuses_below_the_free_disk_that_the_owner_wants(
    tmp_path: Path,
) -> None:
    free_mb = shutil.disk_usage(tmp_path).free // 2**20
    key = add_key(tmp_path / "data")
    wanted = str(free_mb + 10_000)
    server = Server(tmp_path / "data", free_port(), min_free_disk_mb=wanted)
    server.start()
    server.wait_ready()
    senders = Senders(server.port, seed=5, connections=4, pause=0.02)
    with sending(senders):
        wait_until(lambda: senders.statuses.get(503, 0) > 20)
        assert senders.acknowledged == set()
        server.stop()
        server = Server(tmp_path / "data", server.port, min_free_disk_mb="0")
        server.start()
        server.wait_ready()
    assert senders.retry_after == {"1"}
    check_nothing_is_lost(server, key, senders)


def test_a_backlog_beyond_its_bound_is_503_until_the_applier_has_caught_up(
    tmp_path: Path,
) -> None:
    key = add_key(tmp_path / "data")
    server = Server(tmp_path / "data", free_port(), max_backlog_events="1000")
    server.start()
    server.wait_ready()
    senders = Senders(server.port, seed=6, connections=32, pause=0)
    with sending(senders):
        wait_until(lambda: senders.statuses.get(503, 0) > 0)
    assert "10" in senders.retry_after
    check_nothing_is_lost(server, key, senders)


def test_a_folder_without_its_secrets_draws_new_ones(tmp_path: Path) -> None:
    data = tmp_path / "data"
    key = add_key(data)
    server = Server(data, free_port())
    server.start()
    server.wait_ready()
    senders = Senders(server.port, seed=7, connections=2, pause=0.02)
    with sending(senders):
        wait_until(lambda: len(senders.acknowledged) > 50)
    server.kill()
    shutil.rmtree(data / "secrets")
    server.start()
    server.wait_ready()
    check_nothing_is_lost(server, key, senders)
    assert (data / "secrets").stat().st_mode & 0o077 == 0
