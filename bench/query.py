"""How long each report takes on millions of events, beside SQL written by hand.

    .venv/bin/python -m bench.query [--quick] [--json] [--events 20000000]

Three sites, 90 days, 20 million events (and a tenth of them, for the growth), made
with a seed and kept in `.cache/bench` for the next time. The questions are about the
last 30 days of one site.

Alone: each report in turns with the same report by hand (`_by_hand.py`), on the engine
as the server opens it; `ratio` is of the medians, and both must find the same numbers.
`cold_ms` is the first time after the file was closed and left the page cache.

Busy: the real server on a copy; four people ask for reports, one after the other,
while another process sends 2,000 events a second. `page` is the whole statistics page.
"""

import argparse
import hashlib
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from bench import _history
from bench._by_hand import BY_HAND, CUTS
from bench._history import SITES, generate
from bench._load import percentile
from bench._people import Times, ask_pages
from bench._reports import BEFORE, PERIOD, REPORTS
from liveinsight.config.defaults import choose_engine_memory_mb, choose_engine_threads
from liveinsight.config.settings import Config
from liveinsight.store.warehouse import Warehouse

CACHE = Path(".cache/bench")
_CUTS = {"$6": PERIOD, "$8": BEFORE}
EVENTS = 20_000_000
QUICK_EVENTS = 2_000_000
TURNS = 25
QUICK_TURNS = 7
BUSY_SECONDS = 60.0
QUICK_BUSY_SECONDS = 10.0


class Panel(msgspec.Struct, frozen=True, kw_only=True):
    """One report: ms, and the ratio of its median to the one by hand."""

    p50_ms: float
    p95_ms: float
    ratio: float
    by_hand_ms: float
    cold_ms: float
    tenth_p50_ms: float
    """The same on a tenth of the events."""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The last line with `--json`; all times in ms."""

    events: int
    worst_ratio: float
    worst: str
    page_ms: float
    """Median of the whole statistics page over HTTP, alone."""
    page_p95_ms: float
    panels: dict[str, Panel]
    alone: dict[str, Times]
    """Pages and parts of pages over HTTP, one person."""
    busy: dict[str, Times]
    """The same with four people, and 2,000 events a second coming in."""


class Timed(msgspec.Struct, frozen=True, kw_only=True):
    """The sorted seconds of one report and of the same by hand."""

    ours: list[float]
    by_hand: list[float]
    cold: float


def find_history(events: int) -> Path:
    """The file with so many events, made if it is not there."""
    source = Path(_history.__file__).read_bytes()
    mark = hashlib.sha256(source).hexdigest()[:12]
    path = CACHE / f"history-{events}-{mark}.duckdb"
    if path.exists():
        return path
    CACHE.mkdir(parents=True, exist_ok=True)
    half = path.with_suffix(".part")
    for left in CACHE.glob(f"{half.name}*"):
        left.unlink()
    generate(half, events, lambda share: say(f"making {events:,} events", share))
    half.rename(path)
    return path


def say(what: str, share: float) -> None:
    """A line on standard error that replaces the one before."""
    end = "\n" if share >= 1 else ""
    sys.stderr.write(f"\r{what}: {share:4.0%}{end}")
    sys.stderr.flush()


def open_as_server(path: Path) -> Warehouse:
    """The file, opened with the settings that the server takes by default."""
    config = Config()
    return Warehouse.open(
        path,
        memory_mb=choose_engine_memory_mb(config),
        threads=choose_engine_threads(config),
    )


def open_cold(path: Path) -> Warehouse:
    """The file, after the system has been asked to forget its pages."""
    with path.open("rb") as file:
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    return open_as_server(path)


def measure(path: Path, turns: int) -> dict[str, Timed]:
    """Each report alone, in turns with the one by hand."""
    found = {}
    for number, name in enumerate(REPORTS):
        say(f"asking {path.name}", number / len(REPORTS))
        warehouse = open_cold(path)
        found[name] = measure_one(name, warehouse, turns)
        warehouse.close()
    say(f"asking {path.name}", 1.0)
    return found


def measure_one(name: str, warehouse: Warehouse, turns: int) -> Timed:
    """One report: once cold, then warm."""
    params: list[object] = [SITES[0], PERIOD.start, PERIOD.end]
    params += [BEFORE.start, BEFORE.end]
    statements = BY_HAND[name]
    cuts = [
        period for cut, period in _CUTS.items() if any(cut in s for s in statements)
    ]

    def ask() -> object:
        return REPORTS[name](warehouse)

    def by_hand() -> list[list[tuple[object, ...]]]:
        given = list(params)
        for period in cuts:
            asked = [SITES[0], period.start, period.end]
            given += warehouse.query(*bound(CUTS, asked))[0]
        return [warehouse.query(*bound(sql, given)) for sql in statements]

    cold = timed(ask)
    check_same(name, ask(), by_hand())
    pairs = [(timed(ask), timed(by_hand)) for _ in range(turns)]
    return Timed(
        ours=sorted(ours for ours, _ in pairs),
        by_hand=sorted(theirs for _, theirs in pairs),
        cold=cold,
    )


def bound(sql: str, given: list[object]) -> tuple[str, list[object]]:
    """The statement with its parameters counted from $1 without gaps, and these."""
    kept = [n for n in range(1, len(given) + 1) if f"${n}" in sql]
    for new, old in enumerate(kept, start=1):
        sql = sql.replace(f"${old}", f"${new}")
    return sql, [given[n - 1] for n in kept]


def check_same(name: str, ours: object, theirs: list[list[tuple[object, ...]]]) -> None:
    """Ends the benchmark if the two find other numbers."""
    expected = [number for rows in theirs for row in rows for number in row]
    found = list(flat(ours))
    missing = [n for n in found if not any(is_near(n, other) for other in expected)]
    if missing or not found:
        raise SystemExit(f"{name}: by hand there is no {missing[:5]} of {found[:20]}")


def flat(value: object) -> "list[float]":
    """The numbers of a report."""
    if isinstance(value, int | float):
        return [value]
    if isinstance(value, list | tuple):
        return [number for each in value for number in flat(each)]
    return []


def is_near(number: float, other: object) -> bool:
    """Whether both are the same but for the order of a sum."""
    if other is None or isinstance(other, str):
        return False
    return abs(float(str(other)) - number) <= 1e-9 * max(1.0, abs(number))


def timed(work: Callable[[], object]) -> float:
    """The seconds that it takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def run(*, events: int, quick: bool) -> Report:
    """The whole benchmark."""
    turns = QUICK_TURNS if quick else TURNS
    path = find_history(events)
    tenth = measure(find_history(events // 10), QUICK_TURNS)
    panels = {
        name: Panel(
            p50_ms=percentile(one.ours, 0.5),
            p95_ms=percentile(one.ours, 0.95),
            ratio=statistics.median(one.ours) / statistics.median(one.by_hand),
            by_hand_ms=percentile(one.by_hand, 0.5),
            cold_ms=one.cold * 1000,
            tenth_p50_ms=percentile(tenth[name].ours, 0.5),
        )
        for name, one in measure(path, turns).items()
    }
    with tempfile.TemporaryDirectory(prefix="liveinsight-bench-") as folder:
        copy = Path(folder) / "warehouse.duckdb"
        shutil.copyfile(path, copy)
        open_as_server(copy).close()  # signs it as closed well: no need to verify it
        seconds = QUICK_BUSY_SECONDS if quick else BUSY_SECONDS
        alone, busy = ask_pages(Path(folder), seconds)
    worst = max(panels, key=lambda name: panels[name].ratio)
    return Report(
        events=events,
        worst_ratio=panels[worst].ratio,
        worst=worst,
        page_ms=alone["page"].p50_ms,
        page_p95_ms=alone["page"].p95_ms,
        panels=panels,
        alone=alone,
        busy=busy,
    )


def write(report: Report) -> str:
    """The report for people."""
    lines = [
        f"{report.events:,} events, 30 days of one of three sites; ms",
        "",
        f"{'report':18}{'p50':>8}{'p95':>8}{'by hand':>9}{'ratio':>7}{'cold':>8}"
        f"{'a tenth':>9}",
    ]
    lines += [
        f"{name:18}{p.p50_ms:8.0f}{p.p95_ms:8.0f}{p.by_hand_ms:9.0f}{p.ratio:7.2f}"
        f"{p.cold_ms:8.0f}{p.tenth_p50_ms:9.0f}"
        for name, p in report.panels.items()
    ]
    lines += [
        "",
        f"{'over HTTP':18}{'alone p50':>10}{'p95':>8}{'busy p50':>10}{'p95':>8}",
    ]
    lines += [
        f"{name:18}{one.p50_ms:10.0f}{one.p95_ms:8.0f}"
        f"{report.busy[name].p50_ms:10.0f}{report.busy[name].p95_ms:8.0f}"
        for name, one in report.alone.items()
    ]
    lines += ["", f"worst ratio {report.worst_ratio:.2f} ({report.worst})"]
    return "\n".join(lines)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="2 million, fewer turns")
    parser.add_argument("--json", action="store_true", help="a last line of JSON")
    parser.add_argument("--events", type=int, default=0, help="how many events")
    given = parser.parse_args()
    events = given.events or (QUICK_EVENTS if given.quick else EVENTS)
    report = run(events=events, quick=given.quick)
    print(write(report))
    if given.json:
        print(msgspec.json.encode(report).decode())


if __name__ == "__main__":
    main()
