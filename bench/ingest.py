"""Durable events per second through the door, beside a bare echo on the same server.

    .venv/bin/python -m bench.ingest [--quick] [--json] [--door]

The load comes from another process over kept-alive loopback connections, in turns
to the echo and to the real server (`liveinsight up`, its applier running and one
live page open); medians over the turns. `--door` measures the door and its inbox
alone. Both processors of a small machine are busy then: ratios compare, absolute
numbers do not.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import msgspec

from bench import _watch
from bench._load import ECHO, SITE, Load, Wanted, make_load
from bench._pages import Page, open_live_page
from bench._server import cpu_seconds, free_port, resident_mb, running
from bench._stream import add_key, add_site

CONNECTIONS = {1: 128, 10: 128, 100: 32}
"""By events a request: one or ten come from many browsers, a hundred from servers."""


class Plan(msgspec.Struct, frozen=True):
    """How long to measure."""

    turns: int
    seconds: float


_SITES_SECONDS = 1.5
"""By then a running server knows of a new site."""
_CATCH_UP_SECONDS = 120

QUICK = Plan(3, 1.0)
FULL = Plan(5, 4.0)


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """Medians for one number of events a request."""

    events: int
    echo_per_s: float
    requests_per_s: float
    p50_ms: float
    p99_ms: float
    refused: int
    echo_cpu_us: float
    cpu_us: float
    """Processor time of the whole server for one request, writer and applier too."""

    @property
    def ratio(self) -> float:
        """Our requests a second for one of the echo's."""
        return self.requests_per_s / self.echo_per_s


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The last line with `--json`."""

    ratio_1: float
    ratio_10: float
    ratio_100: float
    events_per_s_10: float
    p99_ms_10: float
    loop_block_ms: float
    backlog_events: int | None
    catch_up_per_s: float | None
    resident_mb: float


class Target(msgspec.Struct, frozen=True):
    """A server under load."""

    port: int
    pid: int
    path: str


def compare(events: int, echo: Target, ours: Target, plan: Plan) -> Compared:
    """Turns of load on both, and their medians."""
    loads: dict[str, list[Load]] = {echo.path: [], ours.path: []}
    used: dict[str, list[float]] = {echo.path: [], ours.path: []}
    for turn in range(plan.turns):
        for target in (echo, ours):
            before = cpu_seconds(target.pid)
            load = make_load(
                Wanted(
                    port=target.port,
                    path=target.path,
                    events=events,
                    connections=CONNECTIONS[events],
                    seconds=plan.seconds,
                    seed=events * 1000 + turn,
                )
            )
            loads[target.path].append(load)
            spent = cpu_seconds(target.pid) - before
            used[target.path].append(spent / load.requests * 1e6)
    found = loads[ours.path]
    return Compared(
        events=events,
        echo_per_s=statistics.median(load.per_second for load in loads[echo.path]),
        requests_per_s=statistics.median(load.per_second for load in found),
        p50_ms=statistics.median(load.p50_ms for load in found),
        p99_ms=statistics.median(load.p99_ms for load in found),
        refused=sum(load.refused for load in found),
        echo_cpu_us=statistics.median(used[echo.path]),
        cpu_us=statistics.median(used[ours.path]),
    )


@contextmanager
def _servers(*, door_only: bool) -> Iterator[tuple[Target, Target, Path, Path]]:
    """The echo, ours, our folder, and the watch's file."""
    echo_port, our_port = free_port(), free_port()
    with tempfile.TemporaryDirectory(prefix="liveinsight-bench-") as name:
        folder = Path(name) / "data"
        folder.mkdir()
        watch_file = Path(name) / "watch"
        watch_file.touch()
        module = "bench._door" if door_only else "bench._full"
        words = ("-m", module, str(our_port), str(folder), str(watch_file))
        with (
            running("-m", "bench._echo", str(echo_port), port=echo_port) as echo,
            running(*words, port=our_port) as ours,
        ):
            yield (
                Target(echo_port, echo.pid, ECHO),
                Target(our_port, ours.pid, "/events"),
                folder,
                watch_file,
            )


def measure(plan: Plan, *, door_only: bool) -> Report:
    """All sizes in turn, printing as it goes."""
    with ExitStack() as ends:
        echo, ours, folder, watch_file = ends.enter_context(
            _servers(door_only=door_only)
        )
        page: Page | None = None
        if not door_only:
            add_site(folder, SITE)
            page = ends.enter_context(open_live_page(ours.port, add_key(folder), SITE))
            time.sleep(_SITES_SECONDS)
        warm = make_load(Wanted(port=ours.port, seconds=1.0, seed=1))
        if not warm.per_second:
            raise SystemExit("the server accepted none of the events")
        make_load(Wanted(port=echo.port, path=ECHO, seconds=0.5, seed=2))
        _watch.reset(watch_file)
        found = {size: compare(size, echo, ours, plan) for size in CONNECTIONS}
        blocked = _watch.longest_ms(watch_file)
        backlog, rate = _catch_up(page) if page is not None else (None, None)
        memory = resident_mb(ours.pid)
    for one in found.values():
        _print(one)
    return Report(
        ratio_1=round(found[1].ratio, 3),
        ratio_10=round(found[10].ratio, 3),
        ratio_100=round(found[100].ratio, 3),
        events_per_s_10=round(found[10].requests_per_s * 10),
        p99_ms_10=round(found[10].p99_ms, 2),
        loop_block_ms=blocked,
        backlog_events=backlog,
        catch_up_per_s=rate,
        resident_mb=round(memory, 1),
    )


def _catch_up(page: Page) -> tuple[int, float | None]:
    """The backlog that the load has left, and how fast it goes, events a second."""
    begin, at_first = time.monotonic(), page.backlog()
    left = at_first
    while left > 0 and time.monotonic() - begin < _CATCH_UP_SECONDS:
        time.sleep(0.25)
        left = page.backlog()
    seconds = time.monotonic() - begin
    return at_first, round((at_first - left) / seconds) if at_first else None


def _print(one: Compared) -> None:
    print(
        f"{one.events:>4} events a request: {one.requests_per_s:>7,.0f} requests/s"
        f" = {one.requests_per_s * one.events:>9,.0f} events/s"
        f" · {one.ratio:.2f} of the echo's {one.echo_per_s:,.0f}"
        f" · p50 {one.p50_ms:.1f} ms, p99 {one.p99_ms:.1f} ms"
        f" · {one.cpu_us:.0f} µs of processor a request, echo {one.echo_cpu_us:.0f}"
        f" · {one.refused} refused"
    )


def _main() -> None:
    parser = argparse.ArgumentParser(prog="bench.ingest")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--door", action="store_true", help="without applier and page")
    chosen = parser.parse_args()
    report = measure(QUICK if chosen.quick else FULL, door_only=chosen.door)
    print(
        f"event loop held for at most {report.loop_block_ms:.1f} ms"
        f" · resident {report.resident_mb:.0f} MB"
        f" · backlog {report.backlog_events}, caught up at {report.catch_up_per_s}/s"
    )
    if chosen.json:
        print(msgspec.json.encode(report).decode())


if __name__ == "__main__":
    _main()
