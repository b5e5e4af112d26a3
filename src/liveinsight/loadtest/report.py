"""What a load test found, in figures and in words, and whether that is good enough."""

from collections.abc import Iterator
from typing import Final

import msgspec

from liveinsight.loadtest.run import Load, Plan, Second
from liveinsight.loadtest.tally import percentile

EDGES_MS: Final = tuple(
    digit * 10.0**power for power in range(-1, 6) for digit in (1, 2, 5)
)
"""Upper ends of the histogram's classes, in ms: 0.1, 0.2, 0.5, 1, 2, … 500,000."""
BAR: Final = 40
LATE_MS: Final = 20.0
"""A p99 of our own delay beyond which the figures tell of this machine as well."""


class Latency(msgspec.Struct, frozen=True):
    """From when a request was due to the end of its reply; ms."""

    p50: float
    p90: float
    p99: float
    max: float
    mean: float


class Class(msgspec.Struct, frozen=True):
    """Requests that took at most `ms`, and more than the class before."""

    ms: float
    count: int


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What the figures must not exceed; None is no limit."""

    p50_ms: float | None = None
    p99_ms: float | None = None
    errors: float = 0.0
    """Requests, or with `errors_are_share` their share of all."""
    errors_are_share: bool = False


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The document that --json prints."""

    url: str
    site: str
    rate: float
    batch: int
    seconds: float
    elapsed: float
    requests: int
    """Begun."""
    requests_per_second: float
    """Ended, by the time it took."""
    events_accepted: int
    events_per_second: float
    errors: int
    latency_ms: Latency
    histogram: list[Class]
    statuses: dict[str, int]
    outcomes: dict[str, int]
    connections: int
    waited_for_connection: int
    late_p99_ms: float
    was_stopped: bool
    missed: list[str]
    """Each limit that was exceeded, in words."""


def report_of(plan: Plan, load: Load, limits: Limits) -> Report:
    """The figures of a finished load, held against `limits`."""
    tally = load.tally
    times = sorted(seconds * 1_000 for seconds in tally.latencies)
    elapsed = max(load.elapsed, 1e-9)
    latency = Latency(
        p50=round(percentile(times, 0.5), 3),
        p90=round(percentile(times, 0.9), 3),
        p99=round(percentile(times, 0.99), 3),
        max=round(times[-1], 3) if times else 0.0,
        mean=round(sum(times) / len(times), 3) if times else 0.0,
    )
    return Report(
        url=plan.target.url,
        site=plan.site,
        rate=plan.rate,
        batch=plan.batch,
        seconds=plan.seconds,
        elapsed=round(elapsed, 3),
        requests=tally.begun,
        requests_per_second=round(tally.ended / elapsed, 2),
        events_accepted=tally.accepted,
        events_per_second=round(tally.accepted / elapsed, 2),
        errors=tally.errors,
        latency_ms=latency,
        histogram=list(_classes(times)),
        statuses=dict(tally.statuses.most_common()),
        outcomes=dict(tally.outcomes.most_common()),
        connections=load.client.opened,
        waited_for_connection=load.client.waited,
        late_p99_ms=round(percentile(sorted(tally.lateness), 0.99) * 1_000, 3),
        was_stopped=load.was_stopped,
        missed=list(_missed(limits, latency, tally.errors, tally.begun)),
    )


def _missed(
    limits: Limits, latency: Latency, errors: int, requests: int
) -> Iterator[str]:
    for name, found, most in (
        ("p50", latency.p50, limits.p50_ms),
        ("p99", latency.p99, limits.p99_ms),
    ):
        if most is not None and found > most:
            yield f"{name} {found:g} ms is over {most:g} ms"
    if limits.errors_are_share:
        if errors > limits.errors * requests:
            share = errors / requests
            yield f"{share:.2%} of requests failed, over {limits.errors:.2%}"
    elif errors > limits.errors:
        yield f"{errors:,} requests failed, over {limits.errors:,.0f}"


def _classes(times: list[float]) -> Iterator[Class]:
    """Classes from the first to the last that has requests; `times` are sorted, ms."""
    at = 0
    for edge in EDGES_MS:
        begin = at
        while at < len(times) and times[at] <= edge:
            at += 1
        if begin or at:
            yield Class(edge, at - begin)
        if at == len(times):
            return
    yield Class(times[-1], len(times) - at)


def describe_second(second: Second, plan: Plan) -> str:
    """One line of progress."""
    return (
        f"{second.elapsed:>5.0f} s · {second.ended:,} of {plan.requests:,}"
        f" · {second.begun - second.ended:,} under way · {second.per_second:,.1f}/s"
        f" · p50 {second.p50_ms:,.1f} ms, p99 {second.p99_ms:,.1f} ms"
        f" · {second.errors:,} errors"
    )


def describe(report: Report) -> Iterator[str]:
    """The lines of the report for a person."""
    latency = report.latency_ms
    yield f"{report.url} · {report.rate:g} requests/s of {report.batch} events"
    yield (
        f"requests   {report.requests:,} in {report.elapsed:,.1f} s"
        f" · {report.requests_per_second:,.1f}/s"
        f" · {report.errors:,} errors · {report.connections:,} connections"
    )
    yield (
        f"events     {report.events_accepted:,} accepted"
        f" · {report.events_per_second:,.1f}/s of {report.site}"
    )
    yield (
        f"latency    p50 {latency.p50:,.1f} ms · p90 {latency.p90:,.1f} ms"
        f" · p99 {latency.p99:,.1f} ms · max {latency.max:,.1f} ms"
    )
    yield from _bars(report)
    yield f"statuses   {_counts(report.statuses)}"
    yield f"outcomes   {_counts(report.outcomes)}"
    yield from _remarks(report)


def _bars(report: Report) -> Iterator[str]:
    most = max((one.count for one in report.histogram), default=0)
    for one in report.histogram:
        bar = "█" * round(BAR * one.count / most)
        yield f"  ≤ {one.ms:>9,g} ms  {one.count:>9,}  {bar}"


def _counts(counts: dict[str, int]) -> str:
    return " · ".join(f"{name}: {count:,}" for name, count in counts.items()) or "none"


def _remarks(report: Report) -> Iterator[str]:
    if report.was_stopped:
        yield "Stopped before its end."
    if report.waited_for_connection:
        yield (
            f"{report.waited_for_connection:,} requests waited for one of the "
            "connections; --connections allows more."
        )
    if report.late_p99_ms > LATE_MS:
        yield (
            f"This machine came to its requests late (p99 {report.late_p99_ms:,.0f} ms):"
            " the figures tell of it, too. Send less, or from elsewhere."
        )
    for missed in report.missed:
        yield f"Missed: {missed}."
