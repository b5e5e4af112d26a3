"""Background work of one process, as one table of (name, interval, work)."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import NamedTuple

log = logging.getLogger(__name__)


class Job(NamedTuple):
    """Work that is done again and again, in a thread of its own."""

    name: str
    every: float
    """Seconds from the end of one run to the start of the next."""
    work: Callable[[], object]


async def run_jobs(jobs: Sequence[Job], stopping: asyncio.Event) -> None:
    """Returns when `stopping` is set and every run under way has ended."""
    await asyncio.gather(*(_repeat(job, stopping) for job in jobs))


async def _repeat(job: Job, stopping: asyncio.Event) -> None:
    failing = False
    while not stopping.is_set():
        try:
            await asyncio.to_thread(job.work)
            failing = False
        except Exception:
            # Once per row of failures: a full disk must not fill itself with logs.
            if not failing:
                log.exception("job failed", extra={"job": job.name})
            failing = True
        try:
            await asyncio.wait_for(stopping.wait(), timeout=job.every)
        except TimeoutError:
            continue
