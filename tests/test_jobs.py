"""The table of background work."""

import asyncio
import logging
import threading
import time
from collections.abc import Callable

import pytest

from liveinsight.jobs import Job, run_jobs


def run_for(seconds: float, *jobs: Job) -> None:
    """Runs the jobs, then asks them to stop."""

    async def run() -> None:
        stopping = asyncio.Event()
        asyncio.get_running_loop().call_later(seconds, stopping.set)
        await run_jobs(jobs, stopping)

    asyncio.run(run())


def counted(work: Callable[[int], object]) -> tuple[list[int], Callable[[], object]]:
    """The numbers of its runs, and work that is told its number."""
    runs: list[int] = []

    def call() -> object:
        runs.append(len(runs))
        return work(len(runs))

    return runs, call


def fail(_: int) -> object:
    raise LookupError("no")


def test_a_job_is_done_at_once_and_again_and_again() -> None:
    runs, work = counted(lambda _: None)
    run_for(0.2, Job("often", 0.02, work))
    assert len(runs) > 3
    runs, work = counted(lambda _: None)
    run_for(0.1, Job("seldom", 60, work))
    assert len(runs) == 1


def test_a_job_that_fails_is_tried_again_and_stops_no_other() -> None:
    failing, fails = counted(fail)
    going, goes = counted(lambda _: None)
    run_for(0.2, Job("fails", 0.02, fails), Job("goes", 0.02, goes))
    assert len(failing) > 3
    assert len(going) > 3


def test_a_row_of_failures_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    _, fails = counted(fail)
    with caplog.at_level(logging.ERROR):
        run_for(0.2, Job("fails", 0.02, fails))
    assert [record.message for record in caplog.records] == ["job failed"]
    caplog.clear()
    _, sometimes = counted(lambda number: fail(number) if number % 2 else None)
    with caplog.at_level(logging.ERROR):
        run_for(0.2, Job("sometimes", 0.02, sometimes))
    assert len(caplog.records) > 1


def test_stopping_waits_for_the_run_under_way_and_begins_no_other() -> None:
    ended = threading.Event()

    def be_slow(_: int) -> None:
        time.sleep(0.3)
        ended.set()

    runs, work = counted(be_slow)
    run_for(0.05, Job("slow", 0, work))
    assert ended.is_set()
    assert len(runs) == 1


def test_stopping_does_not_wait_for_the_next_run() -> None:
    began = time.monotonic()
    run_for(0.05, Job("seldom", 60, lambda: None))
    assert time.monotonic() - began < 1
