"""The collector's cold start and its warm answers as Lambda runs it at 512 MB.

    .venv/bin/python -m bench.lambda [--quick] [--json]

AWS's own runtime client runs the packaged function against a Runtime API server, over
DynamoDB Local, beside an empty handler, in turns. 512 MB get 512/1769 of a core; a
control group holds the process to that, version 1 or 2, whichever this user may make.
Where none can be made, wall times are computed instead: the measured one, plus the
processor time that the share would have stretched; the output says so.

While it starts a function, Lambda gives it more than its share: a cold start there
lies between "processor" and "wall". Calls here go to a database beside the function;
on AWS each takes some 5 ms more, at once with the others. What compares is the
processor time.
"""

import argparse
import os
import statistics
import tempfile
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import boto3
import msgspec

from bench._share import Share, limited_to
from liveinsight.aws.package import build
from liveinsight.store.dynamodb.items import Tables
from tests.aws.dynamodb_local import environment_for, running_dynamodb_local
from tests.aws.lambda_runtime import MEMORY_MB, Function, running_function
from tests.aws.packages import HOST
from tests.aws.tables import create_tables
from tests.collect.proxy_events import Event, a_proxy_event

SHARE: Final = MEMORY_MB / 1769
HANDLER: Final = "liveinsight.collect.lambda_handler.handler"
EMPTY: Final = "empty.handler"
EMPTY_CODE: Final = 'def handler(event, context):\n    return {"statusCode": 200}\n'
SIZES: Final = (1, 25)


class Plan(msgspec.Struct, frozen=True):
    """How often to start each, and how often to ask each once it is warm."""

    starts: int
    calls: int


QUICK: Final = Plan(3, 20)
FULL: Final = Plan(11, 200)


class Code(msgspec.Struct, frozen=True):
    """Something to run."""

    package: Path
    handler: str
    environ: dict[str, str]


class Start(msgspec.Struct, frozen=True):
    """One cold start, ms: until the first event is asked for, and the first answer."""

    cpu: float
    wall: float
    first: float


class Warm(msgspec.Struct, frozen=True):
    """Answers of a warm process, ms each."""

    cpu: float
    p50: float
    p99: float


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The last line with `--json`; times in ms, walls under the share of a core."""

    share: float
    limited_by: str
    zip_mb: float
    peak_mb: float
    init_cpu_ms: float
    init_wall_ms: float
    first_ms: float
    empty_init_cpu_ms: float
    empty_init_wall_ms: float
    empty_first_ms: float
    cpu_1_ms: float
    p50_1_ms: float
    p99_1_ms: float
    cpu_25_ms: float
    p50_25_ms: float
    p99_25_ms: float
    empty_cpu_ms: float
    empty_p50_ms: float


class Bench:
    """Runs code under a share of a core."""

    def __init__(self, share: Share) -> None:
        self._share = share
        self._sent = 0

    def start(self, code: Code) -> tuple[Start, float]:
        """One cold start, and the most memory after its first answer, MB."""
        with self._running(code) as function:
            cpu = function.cpu_seconds()
            wall = self._stretch(function.init_seconds, cpu)
            first = self._timed(function, self._request(1))[1]
            return Start(cpu * 1e3, wall * 1e3, first * 1e3), function.peak_mb()

    def warm(self, code: Code, events: int, calls: int) -> Warm:
        """Answers to requests of `events` events, each of another session."""
        with self._running(code) as function:
            for _ in range(max(3, calls // 10)):
                self._timed(function, self._request(events))
            times = [self._timed(function, self._request(events)) for _ in range(calls)]
        walls = sorted(wall * 1e3 for _, wall in times)
        return Warm(
            cpu=statistics.mean(cpu for cpu, _ in times) * 1e3,
            p50=statistics.median(walls),
            p99=walls[round(0.99 * (len(walls) - 1))],
        )

    @contextmanager
    def _running(self, code: Code) -> Iterator[Function]:
        with running_function(
            code.package, code.handler, code.environ, wrap=self._share.wrap
        ) as function:
            yield function

    def _timed(self, function: Function, event: Event) -> tuple[float, float]:
        """Seconds of processor and of wall time that one answer took."""
        before = function.cpu_seconds()
        answer = function.call(event)
        cpu = function.cpu_seconds() - before
        if answer.is_error or answer.result["statusCode"] != 200:
            raise SystemExit(f"the function answered {answer.result}")
        return cpu, self._stretch(answer.seconds, cpu)

    def _stretch(self, wall: float, cpu: float) -> float:
        """The wall time under the share; computed where nothing limits."""
        return wall if self._share.is_real else wall + cpu * (1 / SHARE - 1)

    def _request(self, events: int) -> Event:
        """A request as the tracker sends it: one session, ids and times of its own."""
        self._sent += 1
        now, number = time.time_ns() // 1_000_000, self._sent
        return a_proxy_event(
            {
                "events": [
                    {
                        "event_type": "page_view",
                        "event_id": f"{now:x}-{number:06x}-{index:04x}-{'0' * 16}",
                        "timestamp": now - events + index,
                        "user_id": f"0190a1b2-c3d4-7e5f-8a9b-{number:012x}",
                        "session_id": f"0190a1b2-ffff-7e5f-8a9b-{number:012x}",
                        "page_url": f"https://shop.example/products/{index}",
                        "page_title": f"Product {index}: the shop",
                        "referrer": "https://www.google.com/",
                        "screen_width": 1440,
                        "language": "ko-KR",
                        "timezone": "Asia/Seoul",
                    }
                    for index in range(events)
                ],
                "sent_at": now,
            }
        )


@contextmanager
def _codes() -> Iterator[tuple[Code, Code]]:
    """Ours over empty tables, and the empty handler."""
    with (
        tempfile.TemporaryDirectory(prefix="liveinsight-bench-") as name,
        running_dynamodb_local() as endpoint,
    ):
        environ = environment_for(endpoint)
        os.environ.update(environ)  # where boto3 looks
        create_tables(boto3.client("dynamodb"), Tables())
        empty = Path(name, "empty.zip")
        with zipfile.ZipFile(empty, "w") as package:
            package.writestr("empty.py", EMPTY_CODE)
        ours = build(HOST, Path(name)).path
        yield Code(ours, HANDLER, environ), Code(empty, EMPTY, environ)


def measure(plan: Plan) -> Report:
    """Cold starts in turns, then warm answers; medians."""
    with _codes() as (ours, empty), limited_to(SHARE) as share:
        bench = Bench(share)
        starts: dict[str, list[Start]] = {HANDLER: [], EMPTY: []}
        peaks: list[float] = []
        for _ in range(plan.starts):
            for code in (ours, empty):
                start, peak = bench.start(code)
                starts[code.handler].append(start)
                if code is ours:
                    peaks.append(peak)
        warm = {size: bench.warm(ours, size, plan.calls) for size in SIZES}
        nothing = bench.warm(empty, 1, plan.calls)
        size = ours.package.stat().st_size
    cold, bare = _middle(starts[HANDLER]), _middle(starts[EMPTY])
    return Report(
        share=round(SHARE, 3),
        limited_by=share.name,
        zip_mb=round(size / 1e6, 1),
        peak_mb=round(max(peaks), 1),
        init_cpu_ms=round(cold.cpu, 1),
        init_wall_ms=round(cold.wall, 1),
        first_ms=round(cold.first, 1),
        empty_init_cpu_ms=round(bare.cpu, 1),
        empty_init_wall_ms=round(bare.wall, 1),
        empty_first_ms=round(bare.first, 1),
        cpu_1_ms=round(warm[1].cpu, 2),
        p50_1_ms=round(warm[1].p50, 1),
        p99_1_ms=round(warm[1].p99, 1),
        cpu_25_ms=round(warm[25].cpu, 2),
        p50_25_ms=round(warm[25].p50, 1),
        p99_25_ms=round(warm[25].p99, 1),
        empty_cpu_ms=round(nothing.cpu, 2),
        empty_p50_ms=round(nothing.p50, 1),
    )


def _middle(starts: list[Start]) -> Start:
    return Start(
        cpu=statistics.median(start.cpu for start in starts),
        wall=statistics.median(start.wall for start in starts),
        first=statistics.median(start.first for start in starts),
    )


def _print(report: Report) -> None:
    how = "measured" if report.limited_by != "no cgroup" else "computed"
    print(
        f"{report.share} of a core ({report.limited_by}, wall times {how})"
        f" · zip {report.zip_mb} MB · at most {report.peak_mb} MB resident\n"
        f"{'':<14}{'cold start':>24}{'first answer':>16}{'1 event':>20}{'25 events':>20}\n"
        f"{'':<14}{'processor':>12}{'wall':>12}{'wall':>16}"
        f"{'processor':>12}{'p50':>8}{'processor':>12}{'p50':>8}   ms\n"
        f"{'collector':<14}{report.init_cpu_ms:>12}{report.init_wall_ms:>12}"
        f"{report.first_ms:>16}{report.cpu_1_ms:>12}{report.p50_1_ms:>8}"
        f"{report.cpu_25_ms:>12}{report.p50_25_ms:>8}\n"
        f"{'empty handler':<14}{report.empty_init_cpu_ms:>12}"
        f"{report.empty_init_wall_ms:>12}{report.empty_first_ms:>16}"
        f"{report.empty_cpu_ms:>12}{report.empty_p50_ms:>8}"
    )


def _main() -> None:
    parser = argparse.ArgumentParser(prog="bench.lambda")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    report = measure(QUICK if chosen.quick else FULL)
    _print(report)
    if chosen.json:
        print(msgspec.json.encode(report).decode())


if __name__ == "__main__":
    _main()
