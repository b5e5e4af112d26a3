"""Every metric stated naively over lists of events: what the SQL must say too.

Written for being read, not for speed: each metric is one function over the facts
that it counts, sessions are cut from sorted lists, buckets are found by looking at
the wall clock.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import fmean
from zoneinfo import ZoneInfo

import msgspec

from liveinsight.core.event import Event
from liveinsight.query.model import Filter, Interval, Operator, Period, Question

MINUTE = 60_000
SILENCE = 30 * MINUTE
PRESENCE = 5 * MINUTE

Labels = tuple[object, ...]
Value = int | float | None

OF_EVENT = {"page", "title", "host", "event_type", "currency"}


@dataclass(frozen=True, eq=False)
class Visit:
    """A user's run of events without a silence over 30 minutes, in order."""

    events: tuple[Event, ...]

    @property
    def start(self) -> int:
        return self.events[0].time

    @property
    def last(self) -> int:
        return self.events[-1].time

    @property
    def counted(self) -> list[Event]:
        return [e for e in self.events if e.event_type != "engagement"]

    @property
    def views(self) -> list[Event]:
        return [e for e in self.counted if e.event_type == "page_view"]

    @property
    def is_bounce(self) -> bool:
        return len(self.views) < 2 and len(self.counted) == len(self.views)


@dataclass(frozen=True, eq=False)
class Fact:
    """An event and the visit it belongs to; or a visit, and one of its events."""

    event: Event | None
    visit: Visit | None


def visits_of(events: Iterable[Event]) -> list[Visit]:
    """All runs; one with nothing but engagement is no session."""
    chains: dict[tuple[str, str], list[Event]] = {}
    for event in events:
        if event.interactive or event.event_type == "engagement":
            chains.setdefault((event.site, event.user), []).append(event)
    visits = []
    for chain in chains.values():
        chain.sort(key=lambda e: (e.time, e.event_id))
        piece = [chain[0]]
        for event in chain[1:]:
            if event.time - piece[-1].time > SILENCE:
                visits.append(Visit(tuple(piece)))
                piece = []
            piece.append(event)
        visits.append(Visit(tuple(piece)))
    return visits


def bucket_of(ms: int, interval: Interval, zone: ZoneInfo) -> object:
    """What the wall clock and calendar say of the moment."""
    local = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)
    local = local.astimezone(zone)
    if interval is Interval.MINUTE:
        return ms // MINUTE
    if interval is Interval.HOUR:
        return local.date(), local.hour, local.utcoffset()
    if interval is Interval.DAY:
        return local.date()
    if interval is Interval.WEEK:
        return local.isocalendar()[:2]
    return local.year, local.month


class Oracle:
    """Answers questions about these events."""

    def __init__(self, events: Sequence[Event], question: Question) -> None:
        self.question = question
        self.zone = ZoneInfo(question.timezone)
        self.interval = question.interval or Interval.DAY
        self.events = [e for e in events if question.site in (None, e.site)]
        runs = visits_of(self.events)
        self.run_of = {id(e): run for run in runs for e in run.events}
        self.sessions = [
            run
            for run in runs
            if any(e.interactive and e.event_type != "engagement" for e in run.events)
        ]

    def rows(self, period: Period) -> dict[Labels, list[Value]]:
        """Labels to metrics; the label of time is `bucket_of`."""
        return self._rows(period, self.question.dimensions)

    def totals(self, period: Period) -> list[Value]:
        return self._rows(period, ()).get((), self.nothing())

    def nothing(self) -> list[Value]:
        return [METRICS[name][1]([]) for name in self.question.metrics]

    def all_buckets(self, period: Period) -> list[object]:
        """Every bucket that a moment of the period falls into."""
        moments = [*range(period.start, period.end, MINUTE), period.end - 1]
        found = {bucket_of(ms, self.interval, self.zone): None for ms in moments}
        return list(found)

    def _rows(
        self, period: Period, dimensions: Sequence[str]
    ) -> dict[Labels, list[Value]]:
        groups: dict[Labels, dict[str, list[Fact]]] = {}
        for metric in self.question.metrics:
            for labels, fact in METRICS[metric][0](self, period, dimensions):
                groups.setdefault(labels, {}).setdefault(metric, []).append(fact)
        return {
            labels: [METRICS[m][1](group.get(m, [])) for m in self.question.metrics]
            for labels, group in groups.items()
        }

    def of_events(
        self,
        chosen: Callable[[Event, Visit | None], bool],
        dimensions: Sequence[str],
    ) -> list[tuple[Labels, Fact]]:
        found = []
        for event in self.events:
            fact = Fact(event, self.run_of.get(id(event)))
            if chosen(event, fact.visit) and all(
                accepts(f, label(f.dimension, fact)) for f in self.question.filters
            ):
                time = bucket_of(event.time, self.interval, self.zone)
                found.append((labels_of(dimensions, fact, time), fact))
        return found

    def of_sessions(
        self,
        period: Period,
        dimensions: Sequence[str],
        *,
        at_entry: bool = False,
        active: bool = False,
    ) -> list[tuple[Labels, Fact]]:
        filters: Sequence[Filter] = self.question.filters
        if at_entry:
            swap = {"page": "entry_page"}
            dimensions = [swap.get(d, d) for d in dimensions]
            filters = [
                Filter(swap.get(f.dimension, f.dimension), f.operator, f.values)
                for f in filters
            ]
        by_event = any(is_of_event(d) for d in dimensions)
        by_event |= any(is_of_event(f.dimension) for f in filters)
        found = []
        for visit in self.sessions:
            facts = [Fact(None, visit)]
            if by_event:
                facts = [Fact(e, visit) for e in visit.counted]
            matching = [
                fact
                for fact in facts
                if all(accepts(f, label(f.dimension, fact)) for f in filters)
            ]
            for time in self._buckets_of(visit, period, active=active):
                every = {labels_of(dimensions, fact, time) for fact in matching}
                found += [(labels, Fact(None, visit)) for labels in every]
        return found

    def _buckets_of(
        self, visit: Visit, period: Period, *, active: bool
    ) -> Iterable[object]:
        if not active:
            inside = period.start <= visit.start < period.end
            return [bucket_of(visit.start, self.interval, self.zone)] if inside else []
        first, last = max(visit.start, period.start), min(visit.last, period.end - 1)
        if first > last:
            return []
        moments = [*range(first, last, MINUTE), last]
        return {bucket_of(ms, self.interval, self.zone) for ms in moments}


def is_of_event(dimension: str) -> bool:
    return dimension in OF_EVENT or dimension.startswith("property:")


def label(dimension: str, fact: Fact) -> str | None:
    """The value of the dimension; a session's own for all of its events."""
    event, visit = fact.event, fact.visit
    if dimension in ("entry_page", "exit_page"):
        views = visit.views if visit else []
        if not views:
            return None
        return views[0 if dimension == "entry_page" else -1].page
    if dimension.startswith("property:"):
        value = ((event and event.properties) or {}).get(dimension.partition(":")[2])
        return None if value is None else as_text(value)
    if is_of_event(dimension):
        return own_label(dimension, event)
    first = visit.events[0] if visit else event
    name = {"screen": "screen_width"}.get(dimension, dimension)
    found = getattr(first, name)
    return None if found is None else str(found)


def own_label(dimension: str, event: Event | None) -> str | None:
    """The value of a dimension that each event has its own of."""
    assert event is not None
    if dimension == "currency":
        return event.revenue.currency if event.revenue else None
    found = getattr(event, {"title": "page_title"}.get(dimension, dimension))
    return None if found is None else str(found)


def as_text(value: object) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def labels_of(dimensions: Sequence[str], fact: Fact, time: object) -> Labels:
    return tuple(time if d == "time" else label(d, fact) for d in dimensions)


def accepts(condition: Filter, value: str | None) -> bool:
    """Not set is the empty text."""
    text = value or ""
    if condition.operator in (Operator.IS, Operator.IS_NOT):
        found = text in condition.values
    else:
        found = any(part in text for part in condition.values)
    return found is not condition.operator.is_negative


Facts = Callable[[Oracle, Period, Sequence[str]], list[tuple[Labels, Fact]]]
Count = Callable[[list[Fact]], Value]


def _events(o: Oracle, p: Period, d: Sequence[str]) -> list[tuple[Labels, Fact]]:
    return o.of_events(
        lambda e, _: e.event_type != "engagement" and p.start <= e.time < p.end, d
    )


def _engaged(o: Oracle, p: Period, d: Sequence[str]) -> list[tuple[Labels, Fact]]:
    return o.of_events(
        lambda e, visit: (
            e.event_type in ("page_view", "engagement")
            and visit is not None
            and p.start <= e.time < p.end
        ),
        d,
    )


def _scrolled(o: Oracle, p: Period, d: Sequence[str]) -> list[tuple[Labels, Fact]]:
    return o.of_events(
        lambda e, _: (
            e.scroll_percent is not None
            and e.page is not None
            and p.start <= e.time < p.end
        ),
        d,
    )


def _present(o: Oracle, p: Period, d: Sequence[str]) -> list[tuple[Labels, Fact]]:
    return o.of_events(
        lambda e, _: (
            e.event_type != "engagement" and p.end - PRESENCE <= e.present_at < p.end
        ),
        d,
    )


def _started(o: Oracle, p: Period, d: Sequence[str]) -> list[tuple[Labels, Fact]]:
    return o.of_sessions(p, d)


def _entered(o: Oracle, p: Period, d: Sequence[str]) -> list[tuple[Labels, Fact]]:
    return o.of_sessions(p, d, at_entry=True)


def _counted(o: Oracle, p: Period, d: Sequence[str]) -> list[tuple[Labels, Fact]]:
    active = "time" in d and o.interval in (Interval.MINUTE, Interval.HOUR)
    return o.of_sessions(p, d, active=active)


def _own(facts: list[Fact]) -> list[Event]:
    return [fact.event for fact in facts if fact.event is not None]


def _visits(facts: list[Fact]) -> list[Visit]:
    return [fact.visit for fact in facts if fact.visit is not None]


def _mean(values: list[float]) -> Value:
    return fmean(values) if values else None


def _ratio(part: float, whole: float) -> Value:
    return part / whole if whole else None


def _users(facts: list[Fact]) -> set[tuple[str, str]]:
    return {(e.site, e.user) for e in _own(facts)}


def _views(facts: list[Fact]) -> list[Fact]:
    return [
        f
        for f in facts
        if f.event and f.event.event_type == "page_view" and f.event.interactive
    ]


def _conversions(facts: list[Fact]) -> list[Fact]:
    return [f for f in facts if f.event and f.event.event_type == "conversion"]


def _exits(facts: list[Fact]) -> int:
    return sum(
        fact.visit is not None and fact.event is fact.visit.views[-1]
        for fact in _views(facts)
    )


def _engagement(facts: list[Fact]) -> Value:
    engaged = sum(e.engagement_ms or 0 for e in _own(facts))
    return _ratio(engaged, len({id(visit) for visit in _visits(facts)}))


def _depth(facts: list[Fact]) -> Value:
    deepest: dict[object, int] = {}
    for e in _own(facts):
        place = (e.site, e.user, e.page)
        deepest[place] = max(deepest.get(place, 0), e.scroll_percent or 0)
    return _mean([float(depth) for depth in deepest.values()])


METRICS: dict[str, tuple[Facts, Count]] = {
    "visitors": (_events, lambda facts: len(_users(facts))),
    "page_views": (_events, lambda facts: len(_views(facts))),
    "events": (_events, len),
    "conversions": (_events, lambda facts: len(_conversions(facts))),
    "conversion_rate": (
        _events,
        lambda facts: _ratio(len(_users(_conversions(facts))), len(_users(facts))),
    ),
    "revenue": (
        _events,
        lambda facts: float(sum(e.revenue.amount for e in _own(facts) if e.revenue)),
    ),
    "exit_rate": (_events, lambda facts: _ratio(_exits(facts), len(_views(facts)))),
    "engagement_time": (_engaged, _engagement),
    "scroll_depth": (_scrolled, _depth),
    "current_visitors": (_present, lambda facts: len(_users(facts))),
    "sessions": (_counted, lambda facts: len(_visits(facts))),
    "views_per_session": (
        _started,
        lambda facts: _mean([float(len(v.views)) for v in _visits(facts)]),
    ),
    "bounce_rate": (
        _entered,
        lambda facts: _mean([float(v.is_bounce) for v in _visits(facts)]),
    ),
    "session_duration": (
        _entered,
        lambda facts: _mean([float(v.last - v.start) for v in _visits(facts)]),
    ),
}
