"""What a million events cost on AWS, with the writes of each event measured.

    .venv/bin/python -m bench.aws_cost [--quick] [--json] [--window EVENTS]

The functions' own handlers run here against DynamoDB Local, whose consumed capacity
is exact, indexes included, and against MiniStack for S3 and SQS. Every call of both
functions is counted: the collector's, the stream function's, and its second look at
what it has settled. Compared with one event a request, three puts and a read each.

Sessions are of five events or of one request, whichever is more: with 1 event a
request, five requests, each settled by itself; with 10 or 25, one. That is the dearest
way to read "sessions of five events"; longer sessions are cheaper.

Measured: units, calls, bytes of log, processor time (of the median call). Assumed: that 512 MB get
512/1769 of a core as fast as this one (AWS's documents; arm64 is charged), and that a
call takes 5 ms, of S3 30 ms. The load is that of half a minute at a million events a
day; the last line deals it out over four shards. Prices: liveinsight.aws.prices.

In the half hour before midnight UTC a request without `user_id` costs a unit more,
as tomorrow's door may ask for its session under yesterday's id.
"""

import argparse
import gc
import itertools
import time
from typing import Final

import msgspec

from bench._aws_account import metered_account
from bench._aws_functions import CALL_S, LINE, Functions, Work
from bench._aws_meter import Meter
from bench._aws_naive import CALLS as NAIVE_CALLS
from bench._aws_naive import NaiveCollector
from bench._aws_traffic import SITE, proxied, single_of, without_user
from liveinsight.aws.prices import EGRESS_BYTE, MILLION, Bill, Usage, bill
from liveinsight.loadtest.audience import Visit
from liveinsight.store.dynamodb.client import dynamodb_client

HALF_A_MINUTE: Final = 350
"""Events that come in the default window at a million a day."""
SESSION: Final = 5
"""Events, at least."""
WINDOWS: Final = 4
SHARDS: Final = 4
"""What a new table on demand probably has: it takes 4,000 writes a second at once, a
partition 1,000, and each partition is a shard of the stream. A request's events fall
into all of them, and each shard's batch settles the sessions that it touches."""
START_END_REPORT: Final = 300
"""Bytes of Lambda's own three lines, which our template leaves out."""


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """What one way to send costs."""

    name: str
    events: int
    units: float
    """Write units per event."""
    reads: float
    """Read units per event."""
    usage: Usage
    """Of a million events."""
    bill: Bill
    """For a million events."""
    door_cpu_ms: float
    stream_cpu_ms: float
    """Per invocation."""
    reply_bytes: float
    """For a million events."""


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """One way to send."""

    batch: int
    is_anonymous: bool = False
    shards: int = 1

    @property
    def name(self) -> str:
        """In the table."""
        who = "without user_id" if self.is_anonymous else "with user_id"
        more = f", {self.shards} shards" if self.shards > 1 else ""
        return f"{self.batch:>2} a request, {who}{more}"

    @property
    def key(self) -> str:
        """In the report."""
        anonymous = "_anonymous" if self.is_anonymous else ""
        return f"{self.batch}{anonymous}{'_shards' if self.shards > 1 else ''}"


def measure_ours(meter: Meter, case: Case, window: int, windows: int) -> Cost:
    """Both functions."""
    functions = Functions(meter, case.shards)
    _send(functions, case, 1)  # what a process does but once: salts, connections
    gc.collect()
    gc.freeze()  # a function's own heap is small; this process carries all cases
    functions.start_over()
    requests = max(1, SESSION // case.batch)
    sessions = window // (case.batch * requests)
    sent = sum(_send(functions, case, sessions) for _ in range(windows))
    door, behind = functions.door, functions.behind
    calls, share = meter.calls, MILLION / sent
    queued = calls["SendMessage"] + calls["SendMessageBatch"]
    received = 2 * (behind.invocations - calls["PutObject"])
    usage = Usage(
        api_requests=door.invocations * share,
        invocations=(door.invocations + behind.invocations) * share,
        gb_seconds=(door.gb_seconds + behind.gb_seconds) * share,
        write_units=meter.writes * share,
        read_units=meter.reads * share,
        log_bytes=(door.log_bytes + behind.log_bytes) * share,
        object_puts=calls["PutObject"] * share,
        queue_requests=(queued + received) * share,
    )
    return Cost(
        name=case.name,
        events=sent,
        units=round(meter.writes / sent, 3),
        reads=round(meter.reads / sent, 3),
        usage=usage,
        bill=bill(usage),
        door_cpu_ms=round(door.cpu_s / door.invocations * 1e3, 2),
        stream_cpu_ms=round(behind.cpu_s / behind.invocations * 1e3, 2),
        reply_bytes=door.reply_bytes * share,
    )


_numbers = itertools.count()


def _send(functions: Functions, case: Case, sessions: int) -> int:
    """Sends whole sessions, settles after each request of them; how many events."""
    requests = max(1, SESSION // case.batch)
    now = time.time_ns() // 1_000_000
    visits = [(Visit(SITE, now, requests), next(_numbers)) for _ in range(sessions)]
    for _ in range(requests):
        now = time.time_ns() // 1_000_000
        for visit, number in visits:
            post = visit.next_post(case.batch, now)
            if case.is_anonymous:
                post = without_user(post)
            functions.collect(proxied(post, number))
        functions.settle()
    return sessions * requests * case.batch


def measure_naive(meter: Meter, events: int) -> Cost:
    """The design to compare with, on x86 and with Lambda's own lines in the log."""
    collector = NaiveCollector(dynamodb_client({}))
    now = time.time_ns() // 1_000_000
    visits = [Visit(SITE, now, SESSION) for _ in range(events // SESSION)]
    work, sent = Work(), 0
    meter.reset()
    for _ in range(SESSION):
        now = time.time_ns() // 1_000_000
        for visit in visits:
            post = single_of(visit.next_post(1, now))
            event = proxied(post, sent, is_binary=False)
            with work.invocation():
                reply = collector.answer(event)
            work.see(reply)
            work.waited_s += NAIVE_CALLS * CALL_S
            work.log_bytes += START_END_REPORT + 3 * LINE
            sent += 1
    share = MILLION / sent
    usage = Usage(
        api_requests=MILLION,
        invocations=MILLION,
        gb_seconds=work.gb_seconds * share,
        write_units=meter.writes * share,
        read_units=meter.reads * share,
        log_bytes=work.log_bytes * share,
    )
    return Cost(
        name="naive, 1 a request",
        events=sent,
        units=round(meter.writes / sent, 3),
        reads=round(meter.reads / sent, 3),
        usage=usage,
        bill=bill(usage, architecture="x86_64"),
        door_cpu_ms=round(work.cpu_s / sent * 1e3, 2),
        stream_cpu_ms=0.0,
        reply_bytes=work.reply_bytes * share,
    )


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The last line with `--json`."""

    units_1: float
    units_10: float
    units_25: float
    units_naive: float
    units_1_anonymous: float
    units_10_anonymous: float
    units_25_anonymous: float
    units_10_shards: float
    usd_per_million_1: float
    usd_per_million_10: float
    usd_per_million_25: float
    usd_per_million_naive: float
    usd_per_million_1_anonymous: float
    usd_per_million_10_anonymous: float
    usd_per_million_25_anonymous: float
    usd_per_million_10_shards: float
    """As usd_per_million_10, its events dealt out over SHARDS of the stream."""


def measure(window: int, windows: int) -> Report:
    """All cases, printed as they are found; `window` in events."""
    found: dict[str, Cost] = {}
    print(_HEAD)
    with metered_account() as meter:
        found["naive"] = _shown(measure_naive(meter, window * windows))
        for case in CASES:
            found[case.key] = _shown(measure_ours(meter, case, window, windows))
    units = {f"units_{key}": cost.units for key, cost in found.items()}
    dollars = {
        f"usd_per_million_{key}": round(cost.bill.total, 3)
        for key, cost in found.items()
    }
    return msgspec.convert(units | dollars, Report)


CASES: Final = (
    *(
        Case(batch=batch, is_anonymous=is_anonymous)
        for batch in (1, 10, 25)
        for is_anonymous in (False, True)
    ),
    Case(batch=10, shards=SHARDS),
)

_HEAD: Final = (
    "                                    units  reads     API  Lambda  tables    logs"
    "      S3     SQS   sum, $ per million events"
)


def _shown(cost: Cost) -> Cost:
    bill = cost.bill
    parts = (bill.api, bill.functions, bill.tables, bill.logs, bill.archive, bill.queue)
    print(
        f"{cost.name:<33} {cost.units:>7.3f} {cost.reads:>6.3f}"
        + "".join(f" {part:>7.3f}" for part in parts)
        + f" {bill.total:>7.3f}"
        f" · {cost.events} events, {cost.door_cpu_ms:.1f} ms of processor a request,"
        f" {cost.stream_cpu_ms:.1f} a stream batch,"
        f" replies {EGRESS_BYTE.of(cost.reply_bytes):.3f} beyond 100 GB a month",
        flush=True,
    )
    return cost


def _main() -> None:
    parser = argparse.ArgumentParser(prog="bench.aws_cost")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", action="store_true")
    parser.add_argument(
        "--window",
        type=int,
        default=HALF_A_MINUTE,
        help="events that come before the stream function is called; with fewer, what "
        "a call costs is spread over fewer  [default: %(default)s]",
    )
    chosen = parser.parse_args()
    report = measure(chosen.window, 1 if chosen.quick else WINDOWS)
    if chosen.json:
        print(msgspec.json.encode(report).decode())


if __name__ == "__main__":
    _main()
