"""kill -9 at random moments under load: each acknowledged event is there once."""

import signal
import subprocess
import sys
import threading
from pathlib import Path
from random import Random

from tests.store.builders import Machine, an_event

KILLS = 10


def run_and_kill(folder: Path, seed: int, after: float) -> tuple[list[int], float]:
    """The numbers acknowledged before the kill, and the seconds to be ready."""
    with subprocess.Popen(  # our own module
        [sys.executable, "-m", "tests.crash.sender", str(folder), str(seed)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={"PYTHONPATH": ":".join(path for path in sys.path if path)},
    ) as process:
        assert process.stdout is not None
        ready = float(process.stdout.readline().removeprefix("ready "))
        threading.Timer(after, process.send_signal, [signal.SIGKILL]).start()
        lines = process.stdout.read().splitlines(keepends=True)
    acknowledged: list[int] = []
    for line in lines:
        if line.endswith("\n"):
            first, last = line.split()
            acknowledged += range(int(first), int(last) + 1)
    return acknowledged, ready


def test_after_kills_each_acknowledged_event_is_there_once_and_none_twice(
    tmp_path: Path,
) -> None:
    chance = Random(20)  # moments
    acknowledged: list[int] = []
    for kill in range(KILLS):
        numbers, ready = run_and_kill(tmp_path, kill, 0.05 + chance.random())
        acknowledged += numbers
        assert ready < 2
    assert len(acknowledged) > 1_000
    machine = Machine(tmp_path)
    machine.catch_up()
    stored = machine.event_ids()
    machine.close()
    assert len(stored) == len(set(stored))
    assert {an_event(number).event_id for number in acknowledged} <= set(stored)
