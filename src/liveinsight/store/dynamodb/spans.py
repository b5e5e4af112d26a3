"""Spans of time, both ends included: what was read of an index, and what was not."""

from collections.abc import Iterable, Sequence

Span = tuple[int, int]
"""(from, to), in ms."""


def clusters_of(times: Iterable[int], gap: int) -> list[Span]:
    """Spans that hold all times; between any two of them is more than `gap`."""
    spans: list[Span] = []
    for time in sorted(times):
        if spans and time - spans[-1][1] <= gap:
            spans[-1] = spans[-1][0], time
        else:
            spans.append((time, time))
    return spans


def is_near(spans: Iterable[Span], low: int, high: int, gap: int) -> bool:
    """Whether `low` to `high` is at most `gap` away from one of the spans."""
    return any(begin - gap <= high and low <= end + gap for begin, end in spans)


def united(spans: Iterable[Span]) -> list[Span]:
    """The same times in as few spans as there can be, in order."""
    joined: list[Span] = []
    for low, high in sorted(spans):
        if joined and low <= joined[-1][1] + 1:
            joined[-1] = joined[-1][0], max(joined[-1][1], high)
        else:
            joined.append((low, high))
    return joined


def gaps_in(covered: Sequence[Span], low: int, high: int) -> list[Span]:
    """What of `low` to `high` is in none of `covered`, which is united."""
    gaps = []
    for begin, end in covered:
        if end < low or begin > high:
            continue
        if begin > low:
            gaps.append((low, begin - 1))
        low = end + 1
    if low <= high:
        gaps.append((low, high))
    return gaps
