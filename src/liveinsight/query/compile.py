"""A checked question as one SQL statement and its parameters.

Each metric is counted over one kind of facts. Per kind there is one select: the
facts that match, grouped by the dimensions d0, d1… into the metrics m0, m1…; the
selects of a question are stacked and merged by dimension. Identifiers and fragments
come from the catalogue, all values are parameters. `copy=False`: sqlglot would copy the
whole tree at each step, 80 % of the time.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache

from sqlglot import exp
from sqlglot.expressions import Expr, Select

from liveinsight.core.limits import CURRENT_WINDOW
from liveinsight.query.buckets import bucket_sql, buckets, find_zone
from liveinsight.query.catalog.dimensions import (
    ACTIVE_INTERVALS,
    GOAL,
    TIME,
    Level,
    find_dimension,
)
from liveinsight.query.catalog.metrics import Facts, Kind, find_metric
from liveinsight.query.cuts import Cuts, zip_cuts
from liveinsight.query.facts import AUDIENCES, select_facts
from liveinsight.query.model import (
    Interval,
    Order,
    Period,
    Question,
)
from liveinsight.query.scope import Scope
from liveinsight.query.shape import (
    Shape,
    audience_of,
    facts_of,
    shape_question,
    values_of,
)
from liveinsight.query.statement import (
    SITE,
    Slots,
    Statement,
    fill,
    fragment,
    make_statement,
    parse_fragment,
)

NOW = "now"
BEFORE = "before"


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
    shape = shape_question(
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
    shape = shape_question(question, buckets=(("", ""),) * len(periods))
    return _filled(shape, question, list(zip_cuts(periods, cuts)), None)


def _filled(
    shape: Shape,
    question: Question,
    periods: Sequence[tuple[Period, Cuts]],
    interval: Interval | None,
) -> tuple[str, list[object]]:
    statement = _compile(shape)
    values = values_of(question)
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
            columns[f"p{index}"] = (audience_of(shape), metric.per)
        elif metric.per:
            sql = f"{sql} / nullif({metric.per}, 0)"
        columns[f"m{index}"] = (facts_of(name, shape), sql)
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
        is_row = exp.true() if facts not in AUDIENCES else exp.false()
        query = query.select(exp.alias_(is_row, "is_row", copy=False), copy=False)
    if shape.labels:
        query = query.group_by(*shape.labels, copy=False)
    if facts in AUDIENCES and scope.by_goal:
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
