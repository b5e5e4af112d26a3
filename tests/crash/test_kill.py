"""kill -9 at random moments under load: each acknowledged event is there once."""

import signal
import subprocess
import sys
import threading
from pathlib import Path
from random import Random

from tests.store.builders import Machine, an_event

KILLS = 10
ACKNOWLEDGED = 1_000
"""At least as many of each."""


def run_and_kill(folder: Path, seed: int, after: float) -> list[int]:
    """The numbers acknowledged before the kill."""
    with subprocess.Popen(  # our own module
        [sys.executable, "-m", "tests.crash.sender", str(folder), str(seed)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={"PYTHONPATH": ":".join(path for path in sys.path if path)},
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        threading.Timer(after, process.send_signal, [signal.SIGKILL]).start()
        lines = process.stdout.read().splitlines(keepends=True)
    acknowledged: list[int] = []
    for line in lines:
        if line.endswith("\n"):
            first, last = line.split()
            acknowledged += range(int(first), int(last) + 1)
    return acknowledged


def test_after_kills_each_acknowledged_event_is_there_once_and_none_twice(
    tmp_path: Path,
) -> None:
    chance = Random(20)  # moments
    acknowledged: list[int] = []
    kills = 0
    while kills < KILLS or len(acknowledged) <= ACKNOWLEDGED:
        acknowledged += run_and_kill(tmp_path, kills, 0.05 + chance.random())
        kills += 1
    machine = Machine(tmp_path)
    machine.catch_up()
    stored = machine.event_ids()
    machine.close()
    assert len(stored) == len(set(stored))
    assert {an_event(number).event_id for number in acknowledged} <= set(stored)
