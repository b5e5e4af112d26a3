"""Sends requests at a steady rate, whether or not the ones before are answered.

Each is due at a fixed moment, and its time counts from that moment: a server that
stalls delays all that fall due meanwhile, and all of them show it (no coordinated
omission).
"""

import asyncio
import contextlib
import ssl
import time
from collections.abc import Callable

import msgspec

from liveinsight.loadtest.audience import Audience
from liveinsight.loadtest.client import Client, LostError, Target
from liveinsight.loadtest.tally import Tally, percentile

Progress = Callable[["Second"], None]


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """The load to make."""

    target: Target
    site: str
    rate: float
    """Requests per second."""
    seconds: float
    batch: int
    """Events per request."""
    connections: int = 256
    timeout: float = 30.0
    """Seconds from when a request is due, after which it is given up."""

    @property
    def requests(self) -> int:
        """How many will be sent, at least one."""
        return max(1, round(self.rate * self.seconds))


class Second(msgspec.Struct, frozen=True, kw_only=True):
    """Where the test is, and how the replies since the last such report were."""

    elapsed: float
    begun: int
    ended: int
    errors: int
    per_second: float
    p50_ms: float
    p99_ms: float


class Load:
    """One run of a plan."""

    def __init__(self, plan: Plan) -> None:
        self.tally = Tally()
        self.client = Client(plan.target, plan.connections)
        self.elapsed = 0.0
        """Seconds from the first request to the last reply."""
        self.was_stopped = False
        self._plan = plan
        self._audience = Audience(plan.site, plan.rate, plan.batch)
        self._under_way: set[asyncio.Task[None]] = set()
        self._schedule: asyncio.Task[None] | None = None

    async def run(self, report: Progress) -> None:
        """Makes the whole load; `report` is called each second."""
        begin = asyncio.get_running_loop().time()
        self._schedule = asyncio.create_task(self._send_all(begin))
        reports = asyncio.create_task(self._report(begin, report))
        with contextlib.suppress(asyncio.CancelledError):
            await self._schedule
        if self._under_way:
            await asyncio.wait(self._under_way)
        self.elapsed = asyncio.get_running_loop().time() - begin
        reports.cancel()
        self.client.close()

    def stop(self) -> None:
        """Sends no more; what is under way is waited for."""
        self.was_stopped = True
        if self._schedule is not None:
            self._schedule.cancel()

    async def _send_all(self, begin: float) -> None:
        loop = asyncio.get_running_loop()
        for number in range(self._plan.requests):
            due = begin + number / self._plan.rate
            # Also when late: replies must be read meanwhile.
            await asyncio.sleep(max(0.0, due - loop.time()))
            self.tally.lateness.append(max(0.0, loop.time() - due))
            self.tally.begun += 1
            sending = asyncio.create_task(self._send(due))
            self._under_way.add(sending)
            sending.add_done_callback(self._under_way.discard)

    async def _send(self, due: float) -> None:
        loop = asyncio.get_running_loop()
        plan = self._plan
        try:
            async with asyncio.timeout_at(due + plan.timeout):
                post = self._audience.next_post(time.time_ns() // 1_000_000)
                request = plan.target.write(post, plan.site)
                answer = await self.client.ask(request)
        except OSError as error:  # TimeoutError is one
            self.tally.add_failure(name_failure(error), loop.time() - due)
        else:
            self.tally.add(answer, post.events, loop.time() - due)

    async def _report(self, begin: float, report: Progress) -> None:
        loop = asyncio.get_running_loop()
        seen, last = 0, begin
        while True:
            await asyncio.sleep(1)
            now, tally = loop.time(), self.tally
            recent = sorted(tally.latencies[seen:])
            report(
                Second(
                    elapsed=now - begin,
                    begun=tally.begun,
                    ended=tally.ended,
                    errors=tally.errors,
                    per_second=len(recent) / (now - last),
                    p50_ms=percentile(recent, 0.5) * 1_000,
                    p99_ms=percentile(recent, 0.99) * 1_000,
                )
            )
            seen, last = seen + len(recent), now


def name_failure(error: OSError) -> str:
    """One word for why there was no reply."""
    match error:
        case TimeoutError():
            return "timeout"
        case ConnectionRefusedError():
            return "refused"
        case ssl.SSLError():
            return "tls"
        case LostError() | ConnectionError():
            return "lost"
        case _:
            return "unreachable"
