"""Every metric stated naively over lists of events: what the SQL must say too.

Written for being read, not for speed: each metric is one function over the facts
that it counts, sessions are cut from sorted lists, buckets are found by looking at
the wall clock.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import fmean
from zoneinfo import ZoneInfo

import msgspec

from liveinsight.core.event import Event
from liveinsight.query.model import (
    And,
    Attribution,
    Filter,
    Goal,
    HasDone,
    Interval,
    Not,
    Operator,
    Or,
    Period,
    Question,
    Where,
)

MINUTE = 60_000
SILENCE = 30 * MINUTE
PRESENCE = 5 * MINUTE

Labels = tuple[object, ...]
Value = int | float | None

OF_EVENT = {"page", "title", "host", "event_type", "currency", "goal"}
TOUCHED = {"source", "channel", "referrer"} | {
    f"utm_{part}" for part in ("source", "medium", "campaign", "term", "content")
}
CONVERSION = Goal(
    name="conversion", where=Filter("event_type", Operator.IS, ("conversion",))
)


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
    converts: bool = False
    revenue: float = 0.0

    @property
    def user(self) -> tuple[str, str]:
        event = self.event or (self.visit.events[0] if self.visit else None)
        assert event is not None
        return event.site, event.user


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
        has_own = any(goal.name == "conversion" for goal in question.goals)
        self.goals = [*question.goals, *([] if has_own else [CONVERSION])]
        self.narrowing = [where for where in question.filters if narrows(where)]
        self.has_audience = bool(self.narrowing) or "goal" in question.dimensions

    @property
    def goals_in_force(self) -> list[Goal]:
        """That conversions are of; none: the built-in one."""
        if self.narrowing:
            return [
                goal
                for where in self.narrowing
                if isinstance(where, Filter)
                for goal in self.goals
                if accepts(where, goal.name)
            ]
        return self.goals if "goal" in self.question.dimensions else []

    def rows(self, period: Period) -> dict[Labels, list[Value]]:
        """Labels to metrics; the label of time is `bucket_of`."""
        return self._rows(period, self.question.dimensions)

    def totals(self, period: Period) -> list[Value]:
        return self._rows(period, ())[()]

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
        groups: dict[Labels, dict[str, list[Fact]]] = {} if dimensions else {(): {}}
        for metric in self.question.metrics:
            for labels, fact in METRICS[metric][0](self, period, dimensions):
                groups.setdefault(labels, {}).setdefault(metric, []).append(fact)
        audience: dict[Labels, list[Fact]] = {}
        if self.has_audience:
            for labels, fact in self.audience(period, dimensions):
                audience.setdefault(labels, []).append(fact)
        found = {}
        for labels, group in groups.items():
            found[labels] = [
                METRICS[m][1](group.get(m, [])) for m in self.question.metrics
            ]
            if self.has_audience and "conversion_rate" in self.question.metrics:
                users = _users(_conversions(group.get("conversion_rate", [])))
                of_all = len(_users(audience.get(labels, [])))
                at = self.question.metrics.index("conversion_rate")
                found[labels][at] = _ratio(len(users), of_all)
        return found

    def audience(
        self, period: Period, dimensions: Sequence[str]
    ) -> list[tuple[Labels, Fact]]:
        """Those who could have met a goal: the events without the filters for goals."""
        filters = [w for w in self.question.filters if w not in self.narrowing]
        found = []
        for event in self.events:
            fact = Fact(event, self.run_of.get(id(event)))
            if (
                event.event_type != "engagement"
                and period.start <= event.time < period.end
                and all(self.holds(where, fact, period) for where in filters)
            ):
                time = bucket_of(event.time, self.interval, self.zone)
                names = [goal.name for goal in self.goals_in_force]
                found += [
                    (labels, fact)
                    for labels in self.labels_of(dimensions, fact, time, names)
                ]
        return found

    def of_events(
        self,
        period: Period,
        chosen: Callable[[Event, Visit | None], bool],
        dimensions: Sequence[str],
    ) -> list[tuple[Labels, Fact]]:
        found = []
        for event in self.events:
            fact = Fact(event, self.run_of.get(id(event)))
            if chosen(event, fact.visit) and all(
                self.holds(where, fact, period) for where in self.question.filters
            ):
                time = bucket_of(event.time, self.interval, self.zone)
                met = self.goals_met(fact, period)
                for labels in self.labels_of(dimensions, fact, time, met):
                    at = dimensions.index("goal") if "goal" in dimensions else None
                    names = met if at is None else [str(labels[at])]
                    found.append((labels, self._converting(fact, names)))
        return found

    def goals_met(self, fact: Fact, period: Period) -> list[str]:
        return [g.name for g in self.goals_in_force if self.meets(g, fact, period)]

    def _converting(self, fact: Fact, met: Sequence[str]) -> Fact:
        """Whether the event converts, and what that brings, as of the goals it met."""
        event = fact.event
        assert event is not None
        revenue = event.revenue.amount if event.revenue else 0.0
        converts = event.event_type == "conversion"
        if self.goals_in_force:
            converts = bool(met) or bool(self.narrowing)
            goal = next((g for g in self.goals_in_force if g.name in met), None)
            if goal is not None and goal.value is not None:
                revenue = goal.value.amount
        return Fact(event, fact.visit, converts, revenue)

    def meets(self, goal: Goal, fact: Fact, period: Period) -> bool:
        if not self.holds(goal.where, fact, period):
            return False
        if not goal.engagement_ms and not goal.scroll_percent:
            return True
        event, visit = fact.event, fact.visit
        if event is None or visit is None or not overlaps(visit, period):
            return False
        views = [view for view in visit.views if view.page == event.page]
        if not views or views[0] is not event:
            return False
        there = [
            e
            for e in visit.events
            if e.page == event.page and e.event_type in ("page_view", "engagement")
        ]
        engaged = sum(e.engagement_ms or 0 for e in there)
        deepest = max(e.scroll_percent or 0 for e in there)
        return engaged >= goal.engagement_ms and deepest >= goal.scroll_percent

    def holds(self, where: Where, fact: Fact, period: Period) -> bool:
        """Whether the condition holds for the event, or the session alone."""
        if isinstance(where, And):
            return all(self.holds(each, fact, period) for each in where.filters)
        if isinstance(where, Or):
            return any(self.holds(each, fact, period) for each in where.filters)
        if isinstance(where, Not):
            return not self.holds(where.filter, fact, period)
        if isinstance(where, HasDone):
            return where.done is any(
                self.holds(where.filter, Fact(e, self.run_of.get(id(e))), period)
                for e in self.events
                if (e.site, e.user) == fact.user
                and e.event_type != "engagement"
                and period.start <= e.time < period.end
            )
        assert isinstance(where, Filter)
        if where.dimension == "goal":
            positive = msgspec.structs.replace(
                where, operator=POSITIVE.get(where.operator, where.operator)
            )
            named = [goal for goal in self.goals if accepts(positive, goal.name)]
            met = any(self.meets(goal, fact, period) for goal in named)
            if "" in where.values:
                met |= not any(self.meets(goal, fact, period) for goal in self.goals)
            return met is not where.operator.is_negative
        return accepts(where, self.label(where.dimension, fact))

    def label(self, dimension: str, fact: Fact) -> str | None:
        """The value of the dimension; where a visit came from as it is attributed."""
        if dimension in TOUCHED and fact.visit in self.sessions:
            assert fact.visit is not None
            visit = self.touch(fact.visit)
            return label(dimension, Fact(None, visit))
        return label(dimension, fact)

    def touch(self, visit: Visit) -> Visit:
        """The session that the visit is attributed to."""
        own = Fact(None, visit).user
        mine = [s for s in self.sessions if Fact(None, s).user == own]
        mine = sorted((s for s in mine), key=lambda s: s.start)
        if self.question.attribution is Attribution.FIRST:
            return mine[0]
        if self.question.attribution is Attribution.LAST:
            until = [s for s in mine if s.start <= visit.start]
            known = [s for s in until if s.events[0].channel != "Direct"]
            return known[-1] if known else visit
        return visit

    def labels_of(
        self, dimensions: Sequence[str], fact: Fact, time: object, goals: Sequence[str]
    ) -> list[Labels]:
        """The labels of the fact: one row for each goal, where `goal` is asked for."""
        names = goals if "goal" in dimensions else [""]
        return [
            tuple(
                name if d == "goal" else time if d == "time" else self.label(d, fact)
                for d in dimensions
            )
            for name in names
        ]

    def of_sessions(
        self,
        period: Period,
        dimensions: Sequence[str],
        *,
        at_entry: bool = False,
        active: bool = False,
    ) -> list[tuple[Labels, Fact]]:
        filters: Sequence[Where] = self.question.filters
        if at_entry:
            swap = {"page": "entry_page"}
            dimensions = [swap.get(d, d) for d in dimensions]
            filters = [entered(where) for where in filters]
        by_event = any(is_of_event(d) for d in dimensions)
        by_event |= any(is_of_event(d) for f in filters for d in asked_of(f))
        found = []
        for visit in self.sessions:
            times = list(self._buckets_of(visit, period, active=active))
            facts = [Fact(None, visit)] if times else []
            if by_event:
                facts = [Fact(e, visit) for e in visit.counted if times]
            matching = [
                fact
                for fact in facts
                if all(self.holds(f, fact, period) for f in filters)
            ]
            for time in times:
                every = {
                    labels
                    for fact in matching
                    for labels in self.labels_of(
                        dimensions,
                        fact,
                        time,
                        self.goals_met(fact, period) if "goal" in dimensions else (),
                    )
                }
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
        # The empty value is "not set".
        return None if value in {None, ""} else as_text(value)
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


POSITIVE = {
    Operator.IS_NOT: Operator.IS,
    Operator.CONTAINS_NOT: Operator.CONTAINS,
    Operator.MATCHES_NOT: Operator.MATCHES,
}


def accepts(condition: Filter, value: str | None) -> bool:
    """Not set is the empty text."""
    text = value or ""
    if condition.operator in (Operator.IS, Operator.IS_NOT):
        found = text in condition.values
    elif condition.operator in (Operator.CONTAINS, Operator.CONTAINS_NOT):
        found = any(part in text for part in condition.values)
    else:
        found = any(re.search(pattern, text) for pattern in condition.values)
    return found is not condition.operator.is_negative


def narrows(where: Where) -> bool:
    """Whether it keeps the events of some goals alone."""
    return (
        isinstance(where, Filter)
        and where.dimension == "goal"
        and not where.operator.is_negative
    )


def asked_of(where: Where) -> list[str]:
    """The dimensions that the event or session itself is asked for."""
    if isinstance(where, Filter):
        return [where.dimension]
    if isinstance(where, And | Or):
        return [name for each in where.filters for name in asked_of(each)]
    return asked_of(where.filter) if isinstance(where, Not) else []


def entered(where: Where) -> Where:
    """The condition with the entry page in place of the page."""
    if isinstance(where, Filter) and where.dimension == "page":
        return Filter("entry_page", where.operator, where.values)
    if isinstance(where, And | Or):
        return type(where)(tuple(entered(each) for each in where.filters))
    return Not(entered(where.filter)) if isinstance(where, Not) else where


def overlaps(visit: Visit, period: Period) -> bool:
    return visit.last >= period.start and visit.start < period.end


Facts = Callable[[Oracle, Period, Sequence[str]], list[tuple[Labels, Fact]]]
Count = Callable[[list[Fact]], Value]


def _events(o: Oracle, p: Period, d: Sequence[str]) -> list[tuple[Labels, Fact]]:
    return o.of_events(
        p, lambda e, _: e.event_type != "engagement" and p.start <= e.time < p.end, d
    )


def _engaged(o: Oracle, p: Period, d: Sequence[str]) -> list[tuple[Labels, Fact]]:
    return o.of_events(
        p,
        lambda e, visit: (
            e.event_type in ("page_view", "engagement")
            and visit is not None
            and p.start <= e.time < p.end
        ),
        d,
    )


def _scrolled(o: Oracle, p: Period, d: Sequence[str]) -> list[tuple[Labels, Fact]]:
    return o.of_events(
        p,
        lambda e, _: (
            e.scroll_percent is not None
            and e.page is not None
            and p.start <= e.time < p.end
        ),
        d,
    )


def _present(o: Oracle, p: Period, d: Sequence[str]) -> list[tuple[Labels, Fact]]:
    return o.of_events(
        p,
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
    return [fact for fact in facts if fact.converts]


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
        lambda facts: float(sum(fact.revenue for fact in facts)),
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
