"""The table of background work."""

import asyncio
import logging
import threading
import time
from collections.abc import Callable

import pytest

from liveinsight.jobs import Job, run_jobs
from tests.waiting import PATIENCE_S


def run_until(is_over: Callable[[], bool], *jobs: Job) -> None:
    """Runs the jobs, then asks them to stop."""

    async def run() -> None:
        stopping = asyncio.Event()
        running = asyncio.create_task(run_jobs(jobs, stopping))
        async with asyncio.timeout(PATIENCE_S):
            while not is_over():
                await asyncio.sleep(0.005)
        stopping.set()
        await running

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
    seldom, once = counted(lambda _: None)
    run_until(
        lambda: len(runs) > 3, Job("often", 0.02, work), Job("seldom", 9_999, once)
    )
    assert len(seldom) == 1


def test_a_job_that_fails_is_tried_again_and_stops_no_other() -> None:
    failing, fails = counted(fail)
    going, goes = counted(lambda _: None)
    run_until(
        lambda: len(failing) > 3 and len(going) > 3,
        Job("fails", 0.02, fails),
        Job("goes", 0.02, goes),
    )


def test_a_row_of_failures_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    failing, fails = counted(fail)
    with caplog.at_level(logging.ERROR):
        run_until(lambda: len(failing) > 3, Job("fails", 0.02, fails))
    assert [record.message for record in caplog.records] == ["job failed"]
    caplog.clear()
    failing, sometimes = counted(lambda number: fail(number) if number % 2 else None)
    with caplog.at_level(logging.ERROR):
        run_until(lambda: len(failing) > 3, Job("sometimes", 0.02, sometimes))
    assert len(caplog.records) > 1


def test_stopping_waits_for_the_run_under_way_and_begins_no_other() -> None:
    let_go = threading.Event()
    runs, work = counted(lambda _: let_go.wait(PATIENCE_S))

    async def run() -> None:
        stopping = asyncio.Event()
        running = asyncio.create_task(run_jobs([Job("slow", 0, work)], stopping))
        while not runs:
            await asyncio.sleep(0.005)
        stopping.set()
        await asyncio.sleep(0.05)
        assert not running.done()
        let_go.set()
        await running

    asyncio.run(run())
    assert len(runs) == 1


def test_stopping_does_not_wait_for_the_next_run() -> None:
    began = time.monotonic()
    runs, work = counted(lambda _: None)
    run_until(lambda: len(runs) == 1, Job("seldom", 2 * PATIENCE_S, work))
    assert time.monotonic() - began < PATIENCE_S
