"""A checked question as one SQL statement and its parameters.

Each metric is counted over one kind of facts. Per kind there is one select: the
facts that match, grouped by the dimensions d0, d1… into the metrics m0, m1…; the
selects of a question are stacked and merged by dimension. Identifiers and fragments
come from the catalogue, all values are parameters. `copy=False`: sqlglot would copy the
whole tree at each step, 80 % of the time.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

import msgspec
from sqlglot import exp
from sqlglot.expressions import Expr, Select

from liveinsight.core.limits import CURRENT_WINDOW
from liveinsight.query.buckets import bucket_sql, buckets, find_zone
from liveinsight.query.catalog import (
    ACTIVE_INTERVALS,
    GOAL,
    TIME,
    Facts,
    Kind,
    Level,
    find_dimension,
    find_metric,
)
from liveinsight.query.conditions import (
    SITE,
    Slots,
    Statement,
    Within,
    fill,
    filter_values,
    fragment,
    is_of_session,
    make_statement,
    parse_fragment,
    runs_between,
    shape_of,
)
from liveinsight.query.facts import GoalShape, Scope, select_facts
from liveinsight.query.goals import (
    condition_of,
    expand_goals,
    goals_in_force,
    names_goals,
    without_goals,
)
from liveinsight.query.model import (
    And,
    Attribution,
    Filter,
    HasDone,
    Interval,
    Not,
    Or,
    Order,
    Period,
    Question,
    Where,
)
from liveinsight.query.where import names_of

NOW = "now"
BEFORE = "before"


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """All of a question that decides the text of its statement."""

    one_site: bool
    metrics: tuple[str, ...]
    dimensions: tuple[str, ...]
    conditions: tuple[Where, ...]
    entry_conditions: tuple[Where, ...]
    audience: tuple[Where, ...]
    goals: tuple[GoalShape, ...]
    is_narrowed: bool
    """Whether filters keep the events of some goals alone."""
    has_page: bool
    """Whether a filter or dimension is the page."""
    attribution: Attribution
    active: bool
    """Whether sessions count in every bucket they were active in."""
    buckets: tuple[tuple[str, str], ...]
    """SQL of the bucket of an event and of a session, per period."""
    order_by: tuple[Order, ...] = ()
    limited: bool = False

    @property
    def labels(self) -> list[str]:
        """The columns of the dimensions."""
        return [f"d{i}" for i in range(len(self.dimensions))]

    @property
    def has_audience(self) -> bool:
        """Whether the audience of the goals is more than the matching events."""
        return self.is_narrowed or GOAL in self.dimensions


Cuts = tuple[int, int]
"""In a period: when the sessions from before it are over, when those over its end began."""


def compile_rows(
    question: Question, interval: Interval | None, cuts: Sequence[Cuts] = ()
) -> tuple[str, list[object]]:
    """Rows d0…, m0…, (b0… of the period compared with), the number of all rows.

    `cuts` of the period, and of the one compared with: without, all events are read.

    A question by time alone is neither ordered nor limited, and has no b0….
    """
    series = question.dimensions == (TIME,)
    compare = None if series else question.compare
    periods = [question.period] + ([compare] if compare else [])
    shape = _shape_of(
        question,
        dimensions=question.dimensions,
        active=interval in ACTIVE_INTERVALS,
        buckets=tuple(_bucket_sqls(question, p, interval) for p in periods),
        order_by=() if series else _order_of(question),
        limited=not series,
    )
    return _filled(shape, question, list(zip_cuts(periods, cuts)), interval)


def compile_totals(
    question: Question, cuts: Sequence[Cuts] = ()
) -> tuple[str, list[object]]:
    """One row: m0…, (b0…), 1; `cuts` as for the rows."""
    periods = [question.period] + ([question.compare] if question.compare else [])
    shape = _shape_of(question, buckets=(("", ""),) * len(periods))
    return _filled(shape, question, list(zip_cuts(periods, cuts)), None)


def compile_cuts(question: Question, period: Period) -> tuple[str, list[object]] | None:
    """One row: the cuts of the period; None where none are needed."""
    shape = _shape_of(question, buckets=(), dimensions=question.dimensions)
    if not any(_facts_of(name, shape) is Facts.RUNS for name in question.metrics):
        return None
    statement = _compile_cuts(shape.one_site)
    values: dict[str, object] = {SITE: question.site}
    values |= {"start": period.start, "end": period.end}
    return statement.sql, fill(statement.slots, values)


@lru_cache(maxsize=2)
def _compile_cuts(one_site: bool) -> Statement:  # noqa: FBT001 the key of the cache
    slots = Slots()
    query = exp.select(
        slots.bind(
            "coalesce(max(last_activity) filter (where start_time < :start) + 1, :start)",
            start="start",
        ),
        slots.bind(
            "coalesce(min(start_time) filter (where last_activity >= :end), :end)",
            end="end",
        ),
    )
    within = Within(one_site=one_site, start="start", end="end")
    query = query.from_("runs", copy=False)
    query = query.where(*runs_between("runs", within, slots), copy=False)
    is_cut = slots.bind(
        "start_time < :start or last_activity >= :end", start="start", end="end"
    )
    return make_statement(query.where(is_cut, copy=False), slots)


def zip_cuts(
    periods: Sequence[Period], cuts: Sequence[Cuts]
) -> Iterator[tuple[Period, Cuts]]:
    """Each period with its cuts, by default at its end: then all of it is read."""
    for index, period in enumerate(periods):
        first, last = cuts[index] if index < len(cuts) else (period.end, period.end)
        yield period, (first, max(first, last))


def _shape_of(
    question: Question,
    *,
    buckets: tuple[tuple[str, str], ...],
    dimensions: tuple[str, ...] = (),
    active: bool = False,
    order_by: tuple[Order, ...] = (),
    limited: bool = False,
) -> Shape:
    filters = question.filters
    entered = tuple(_at_entry(where) for where in filters)
    goals = goals_in_force(filters, question.dimensions, question.goals)
    return Shape(
        one_site=question.site is not None,
        metrics=question.metrics,
        dimensions=dimensions,
        conditions=shape_of(expand_goals(filters, question.goals)),
        entry_conditions=shape_of(expand_goals(entered, question.goals)),
        audience=shape_of(
            expand_goals(without_goals(filters), question.goals), "audience"
        ),
        goals=tuple(
            GoalShape(
                name=f"goal.{index}",
                where=shape_of((condition_of(goal),), f"goal.{index}")[0],
                value="" if goal.value is None else f"value.{index}",
            )
            for index, goal in enumerate(goals)
        ),
        is_narrowed=any(names_goals(where) for where in filters),
        has_page="page" in {*question.dimensions, *names_of(filters)},
        attribution=question.attribution,
        buckets=buckets,
        active=active,
        order_by=order_by,
        limited=limited,
    )


def _at_entry(where: Where) -> Where:
    """The condition with the entry page for the page, but in what users have done."""
    if isinstance(where, HasDone):
        return where
    if isinstance(where, And | Or):
        return type(where)(tuple(_at_entry(each) for each in where.filters))
    if isinstance(where, Not):
        return Not(_at_entry(where.filter))
    if isinstance(where, Filter) and where.dimension == "page":
        return msgspec.structs.replace(where, dimension="entry_page")
    return where


def _values_of(question: Question) -> dict[str, object]:
    """What goes into the slots of the filters and goals of `_shape_of`."""
    filters = question.filters
    values = filter_values(expand_goals(filters, question.goals))
    audience = expand_goals(without_goals(filters), question.goals)
    values |= filter_values(audience, "audience")
    goals = goals_in_force(filters, question.dimensions, question.goals)
    for index, goal in enumerate(goals):
        values[f"goal.{index}"] = goal.name
        values |= filter_values((condition_of(goal),), f"goal.{index}")
        if goal.value is not None:
            values[f"value.{index}"] = goal.value.amount
    return values


def _filled(
    shape: Shape,
    question: Question,
    periods: Sequence[tuple[Period, Cuts]],
    interval: Interval | None,
) -> tuple[str, list[object]]:
    statement = _compile(shape)
    values = _values_of(question)
    values |= {SITE: question.site, "limit": question.limit, "offset": question.offset}
    for name, (period, cuts) in zip((NOW, BEFORE), periods, strict=False):
        values[f"{name}.first_cut"], values[f"{name}.last_cut"] = cuts
        values[f"{name}.start"] = period.start
        values[f"{name}.end"] = period.end
        values[f"{name}.present"] = period.end - CURRENT_WINDOW
        if interval is not None and f"{name}.starts" in statement.slots:
            cut = buckets(period, interval, find_zone(question.timezone))
            starts = [bucket.start for bucket in cut]
            values[f"{name}.starts"] = starts
            values[f"{name}.ends"] = [*starts[1:], period.end]
    return statement.sql, fill(statement.slots, values)


def _bucket_sqls(
    question: Question, period: Period, interval: Interval | None
) -> tuple[str, str]:
    if interval is None:
        return "", ""
    zone = find_zone(question.timezone)
    time = find_dimension(TIME)
    return (
        bucket_sql(time.event_sql, period, interval, zone),
        bucket_sql(time.session_sql or "", period, interval, zone),
    )


@lru_cache(maxsize=512)
def _compile(shape: Shape) -> Statement:
    """The rows of the period, beside those of the period compared with."""
    slots = Slots()
    query = exp.select(
        *(f"{NOW}.{name}" for name in shape.labels),
        *(f"{NOW}.m{i}" for i in range(len(shape.metrics))),
    )
    query = query.from_(NOW, copy=False)
    query = query.with_(NOW, as_=_merged(NOW, shape, slots), copy=False)
    if len(shape.buckets) > 1:
        query = query.with_(BEFORE, as_=_merged(BEFORE, shape, slots), copy=False)
        on = [
            fragment(f"{NOW}.{label} is not distinct from {BEFORE}.{label}")
            for label in shape.labels
        ] or [exp.true()]
        query = query.join(BEFORE, on=exp.and_(*on), join_type="left", copy=False)
        query = query.select(
            *(
                exp.alias_(_or_nothing(f"{BEFORE}.m{index}", name), f"b{index}")
                for index, name in enumerate(shape.metrics)
            ),
            copy=False,
        )
    query = query.select(fragment("count(*) over () as row_count"), copy=False)
    if shape.limited:
        query = query.order_by(*_order(shape), copy=False)
        query = query.limit(slots.add("limit"), copy=False)
        query = query.offset(slots.add("offset"), copy=False)
    return make_statement(query, slots)


def _merged(name: str, shape: Shape, slots: Slots) -> Select:
    """One select per kind of facts, stacked, and merged by the dimensions."""
    event_bucket, session_bucket = shape.buckets[0 if name == NOW else 1]
    scope = Scope(
        name=name,
        one_site=shape.one_site,
        dimensions=tuple(find_dimension(d) for d in shape.dimensions),
        conditions=shape.conditions,
        entry_conditions=shape.entry_conditions,
        audience=shape.audience,
        goals=shape.goals,
        is_narrowed=shape.is_narrowed,
        attribution=shape.attribution,
        event_bucket=event_bucket,
        session_bucket=session_bucket,
    )
    columns = _columns(shape)
    selects = [
        _aggregated(facts, columns, shape, scope, slots)
        for facts in dict.fromkeys(facts for facts, _ in columns.values())
    ]
    if len(selects) == 1:
        return selects[0]
    stacked = exp.union(*selects, distinct=False, copy=False)
    merged = exp.select(*shape.labels).from_(
        stacked.subquery("stacked", copy=False), copy=False
    )
    for index, metric in enumerate(shape.metrics):
        value = f"max(m{index})"
        if f"p{index}" in columns:
            value = f"coalesce({value}, 0) / nullif(max(p{index}), 0)"
        known = _or_nothing(value, metric)
        merged = merged.select(exp.alias_(known, f"m{index}", copy=False), copy=False)
    if not shape.labels:
        return merged
    merged = merged.group_by(*shape.labels, copy=False)
    if shape.has_audience:
        # Who could have converted but did not makes no row.
        merged = merged.having("bool_or(is_row)", copy=False)
    return merged


def _columns(shape: Shape) -> dict[str, tuple[Facts, str]]:
    """What is counted over which facts: m0… and, where a part divides it, p0…."""
    columns = {}
    for index, name in enumerate(shape.metrics):
        metric = find_metric(name)
        sql = metric.sql
        if metric.per and shape.has_audience:
            columns[f"p{index}"] = (Facts.AUDIENCE, metric.per)
        elif metric.per:
            sql = f"{sql} / nullif({metric.per}, 0)"
        columns[f"m{index}"] = (_facts_of(name, shape), sql)
    return columns


def _aggregated(
    facts: Facts,
    columns: Mapping[str, tuple[Facts, str]],
    shape: Shape,
    scope: Scope,
    slots: Slots,
) -> Select:
    """The columns over these facts, the others null."""
    sqls = {name: sql for name, (over, sql) in columns.items() if over is facts}
    needed = {
        column.name
        for sql in sqls.values()
        for column in parse_fragment(sql).find_all(exp.Column)
    }
    matched = select_facts(facts, sorted(needed), scope, slots)
    query = exp.select(*shape.labels).from_(
        matched.subquery("matched", copy=False), copy=False
    )
    for name in columns:
        value = fragment(sqls.get(name, "null"))
        query = query.select(exp.alias_(value, name, copy=False), copy=False)
    if shape.has_audience:
        is_row = exp.true() if facts is not Facts.AUDIENCE else exp.false()
        query = query.select(exp.alias_(is_row, "is_row", copy=False), copy=False)
    if shape.labels:
        query = query.group_by(*shape.labels, copy=False)
    if facts is Facts.AUDIENCE and scope.by_goal:
        return _for_each_goal(query, shape, slots)
    return query


def _for_each_goal(audience: Select, shape: Shape, slots: Slots) -> Select:
    """The audience, counted once, in a row for each goal."""
    label = f"d{shape.dimensions.index(GOAL)}"
    names = exp.Array(expressions=[slots.add(goal.name) for goal in shape.goals])
    name = exp.alias_(exp.func("unnest", names), label, copy=False)
    columns = [
        exp.column(column, "goals" if column == label else "audience")
        for column in audience.named_selects
    ]
    query = exp.select(*columns).from_(
        audience.subquery("audience", copy=False), copy=False
    )
    goals = exp.select(name).subquery("goals", copy=False)
    return query.join(goals, join_type="cross", copy=False)


def _or_nothing(sql: str, metric: str) -> Expr:
    """Counts and sums of nothing are 0, rates and means are null."""
    if find_metric(metric).kind in (Kind.COUNT, Kind.SUM):
        return fragment(f"coalesce({sql}, 0)")
    return fragment(sql)


def _facts_of(metric: str, shape: Shape) -> Facts:
    facts = find_metric(metric).facts
    if metric == "sessions" and shape.active:
        return Facts.ACTIVE
    if find_metric(metric).by_run and _only_sessions_decide(shape):
        return Facts.RUNS
    if facts is Facts.ENTRIES and not shape.has_page:
        return Facts.SESSIONS
    return facts


def _only_sessions_decide(shape: Shape) -> bool:
    """Whether all events of a session are alike to the question."""
    # Without any there is no join to be saved.
    if shape.goals or not (shape.dimensions or shape.conditions):
        return False
    levels = {find_dimension(name).level for name in shape.dimensions}
    return levels <= {Level.SESSION} and all(map(is_of_session, shape.conditions))


def _order_of(question: Question) -> tuple[Order, ...]:
    if question.order_by:
        return question.order_by
    by_time = any(
        find_dimension(name).level is Level.TIME for name in question.dimensions
    )
    first = (Order(TIME, descending=False),) if by_time else ()
    return (*first, Order(question.metrics[0]))


def _order(shape: Shape) -> list[Expr]:
    columns = {name: f"m{i}" for i, name in enumerate(shape.metrics)}
    columns |= {name: f"d{i}" for i, name in enumerate(shape.dimensions)}
    keys = [(columns[order.by], order.descending) for order in shape.order_by]
    # The labels last: equal numbers come in the same order every time.
    keys += [(label, False) for label in shape.labels]
    return [
        exp.Ordered(
            this=fragment(f"{NOW}.{column}"), desc=descending, nulls_first=False
        )
        for column, descending in keys
    ]
