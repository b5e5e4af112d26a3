"""kill -9 of the real server under HTTP load, at moments that nobody chose."""

import sys
import threading
from pathlib import Path
from random import Random
from statistics import median

import pytest

from liveinsight.core.outcome import Outcome
from liveinsight.store.inbox import Inbox
from liveinsight.store.warehouse import Warehouse
from tests.crash.servers import (
    Senders,
    Server,
    add_key,
    free_port,
    sending,
    total_events,
    wait_applied,
)

KILLS = 30
READY_SECONDS = 2.0

pytestmark = pytest.mark.crash


def test_after_30_kills_each_acknowledged_event_is_there_once_and_none_twice(
    tmp_path: Path,
) -> None:
    data = tmp_path / "data"
    key = add_key(data)
    server = Server(data, free_port())
    senders = Senders(server.port, seed=1, connections=24, pause=0.02)
    with sending(senders):
        seconds = kill_again_and_again(server, Random(9))
        server.start()
        seconds.append(server.wait_ready())
    wait_applied(server, key)
    told = total_events(server, key)
    server.stop()
    assert server.survivors() == []
    sys.stdout.write(
        f"ready in {' '.join(f'{each:.2f}' for each in seconds)} s"
        f" · {len(senders.acknowledged)} acknowledged, {senders.again} sent again,"
        f" statuses {senders.statuses}\n"
    )
    check_everything_is_there_once(data, senders)
    assert told == len(senders.sent)
    assert len(senders.acknowledged) > 5_000
    assert median(seconds) < READY_SECONDS


def kill_again_and_again(server: Server, chance: Random) -> list[float]:
    """The seconds to be ready of those starts that were let come so far."""
    seconds = []
    for kill in range(KILLS):
        server.start()
        if kill % 4 == 0:  # while it is put together
            threading.Event().wait(chance.random() * 1.2)
        else:
            seconds.append(server.wait_ready())
            threading.Event().wait(chance.random() * 0.8)
        server.kill()
        assert server.survivors() == []
    return seconds


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
