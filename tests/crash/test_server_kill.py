"""kill -9 of the real server under HTTP load, at moments that nobody chose."""

import sys
import threading
from pathlib import Path
from random import Random

import pytest

from liveinsight.core.outcome import Outcome
from liveinsight.store.inbox import Inbox
from liveinsight.store.warehouse import Warehouse
from tests.crash.servers import (
    Senders,
    Server,
    add_key,
    sending,
    total_events,
    wait_applied,
)
from tests.waiting import free_port, wait_until

KILLS = 30
ACKNOWLEDGED = 5_000

pytestmark = pytest.mark.crash


def test_after_30_kills_each_acknowledged_event_is_there_once_and_none_twice(
    tmp_path: Path,
) -> None:
    data = tmp_path / "data"
    key = add_key(data)
    server = Server(data, free_port())
    senders = Senders(server.port, seed=1, connections=24, pause=0.02)
    with sending(senders):
        kill_again_and_again(server, Random(9))
        server.start()
        wait_until(lambda: len(senders.acknowledged) > ACKNOWLEDGED)
    wait_applied(server, key)
    told = total_events(server, key)
    server.stop()
    assert server.survivors() == []
    sys.stdout.write(
        f"{len(senders.acknowledged)} acknowledged, {senders.again} sent again,"
        f" statuses {senders.statuses}\n"
    )
    check_everything_is_there_once(data, senders)
    assert told == len(senders.sent)


def kill_again_and_again(server: Server, chance: Random) -> None:
    """Most starts come so far that the server is ready, the others do not."""
    for kill in range(KILLS):
        server.start()
        if kill % 4 == 0:  # while it is put together
            threading.Event().wait(chance.random() * 1.2)
        else:
            server.wait_ready()
            threading.Event().wait(chance.random() * 0.8)
        server.kill()
        assert server.survivors() == []


def check_everything_is_there_once(data: Path, senders: Senders) -> None:
    """Reads the files of a server that was stopped."""
    warehouse = Warehouse.open(data / "warehouse.duckdb")
    inbox = Inbox(data / "inbox.sqlite3")
    rows = warehouse.query("select event_id from events")
    stored = [str(event_id) for (event_id,) in rows]
    assert len(stored) == len(set(stored))
    assert senders.acknowledged <= set(stored) <= senders.sent
    counts = dict.fromkeys(Outcome, 0)
    for line in (*inbox.ledger(), *warehouse.ledger()):
        counts[line.outcome] += line.count
    assert counts[Outcome.STORED] == len(stored)
    assert counts[Outcome.RECEIVED] == sum(counts.values()) - counts[Outcome.RECEIVED]
    inbox.close()
    warehouse.close()
