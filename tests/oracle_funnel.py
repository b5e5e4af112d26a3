"""Funnels stated naively over lists of events: what the SQL must say too."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from liveinsight.core.event import Event
from liveinsight.query.funnel import FunnelQuestion
from liveinsight.query.model import Filter, Goal
from tests.oracle import Fact, Visit, accepts, label, visits_of

DAY = 86_400_000


@dataclass(frozen=True)
class Attempt:
    """A visitor on the way: the events of the steps that were taken."""

    events: tuple[Event, ...]
    label: object

    @property
    def user(self) -> tuple[str, str]:
        return self.events[0].site, self.events[0].user

    @property
    def reached(self) -> int:
        return len(self.events)


def best_attempts(
    events: Sequence[Event], question: FunnelQuestion, dimension: str | None = None
) -> list[Attempt]:
    """One attempt of each visitor, or of each of their labels: the one that came furthest."""
    best: dict[object, Attempt] = {}
    for attempt in sorted(
        all_attempts(events, question, dimension),
        key=lambda a: place_of(a.events[0]),
    ):
        key = (attempt.user, attempt.label)
        if key not in best or attempt.reached > best[key].reached:
            best[key] = attempt
    return list(best.values())


def all_attempts(
    events: Sequence[Event], question: FunnelQuestion, dimension: str | None
) -> list[Attempt]:
    """Every attempt, in every session or of every user."""
    funnel = question.funnel
    here = [e for e in events if question.site in (None, e.site)]
    runs = visits_of(here)
    run_of = {id(e): run for run in runs for e in run.events}
    rows: dict[object, list[Event]] = {}
    for event in here:
        run = run_of.get(id(event))
        if event.event_type == "engagement" or (funnel.window_ms is None and not run):
            continue
        unit = id(run) if funnel.window_ms is None else (event.site, event.user)
        rows.setdefault(unit, []).append(event)
    attempts = []
    for row in rows.values():
        steps = in_the_way(row, question)
        for index, event in enumerate(steps):
            if may_begin(event, run_of.get(id(event)), question):
                fact = Fact(event, run_of.get(id(event)))
                named = label(dimension, fact) if dimension else None
                attempts.append(Attempt(follow(steps[index:], question), named))
    return attempts


def in_the_way(row: list[Event], question: FunnelQuestion) -> list[Event]:
    """The events of a user or session that matter, in order."""
    strict = question.funnel.sequence == "strict"
    kept = [
        e
        for e in row
        if (strict and e.interactive and e.event_type != "click")
        or any(meets(e, step) for step in question.funnel.steps)
    ]
    return sorted(kept, key=place_of)


def place_of(event: Event) -> tuple[int, int]:
    """Within a millisecond any order that is always the same: that of a hash."""
    digest = hashlib.md5(f"{event.site}\0{event.event_id}".encode()).digest()  # noqa: S324
    return event.time, int.from_bytes(digest, "little") >> 64


def may_begin(event: Event, run: Visit | None, question: FunnelQuestion) -> bool:
    period = question.period
    return (
        meets(event, question.funnel.steps[0])
        and period.start <= event.time < period.end
        and all(holds(where, event, run) for where in question.filters)
    )


def follow(row: list[Event], question: FunnelQuestion) -> tuple[Event, ...]:
    """The events of the steps, from the first of the row on."""
    funnel = question.funnel
    window = DAY if funnel.window_ms is None else funnel.window_ms
    taken = [row[0]]
    rest = row[1:]
    for step in funnel.steps[1:]:
        if funnel.sequence == "strict":
            rest = rest if rest and meets(rest[0], step) else []
        while rest and not meets(rest[0], step):
            rest = rest[1:]
        if not rest or rest[0].time - row[0].time > window:
            break
        taken.append(rest[0])
        rest = rest[1:]
    return tuple(taken)


def meets(event: Event, step: Goal) -> bool:
    return holds(step.where, event, None)


def holds(where: object, event: Event, run: Visit | None) -> bool:
    assert isinstance(where, Filter)
    return accepts(where, label(where.dimension, Fact(event, run)))


def visitors(attempts: list[Attempt], question: FunnelQuestion) -> list[int]:
    """How many came to each step."""
    numbers = range(1, len(question.funnel.steps) + 1)
    return [sum(a.reached >= n for a in attempts) for n in numbers]


def medians(attempts: list[Attempt], question: FunnelQuestion) -> list[float | None]:
    """The median time of each step from the one before, then of the whole funnel."""
    last = len(question.funnel.steps) - 1
    pairs = [(n - 1, n) for n in range(1, last + 1)]
    found: list[float | None] = []
    for first, second in [*pairs, (0, last)]:
        times = [
            a.events[second].time - a.events[first].time
            for a in attempts
            if a.reached > second
        ]
        found.append(float(median(times)) if times else None)
    return found
