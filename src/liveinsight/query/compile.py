"""A checked question as one SQL statement and its parameters.

Each metric is counted over one kind of facts. Per kind there is one select: the
facts that match, grouped by the dimensions d0, d1… into the metrics m0, m1…; the
selects of a question are stacked and merged by dimension. Identifiers and fragments
come from the catalogue, all values are parameters. `copy=False`: sqlglot would copy the
whole tree at each step, 80 % of the time.
"""

from collections.abc import Sequence
from functools import lru_cache

import msgspec
from sqlglot import exp
from sqlglot.expressions import Expr, Select

from liveinsight.core.limits import CURRENT_WINDOW
from liveinsight.query.buckets import bucket_sql, buckets, find_zone
from liveinsight.query.catalog import (
    ACTIVE_INTERVALS,
    TIME,
    Facts,
    Kind,
    Level,
    find_dimension,
    find_metric,
)
from liveinsight.query.conditions import (
    SITE,
    Condition,
    Slots,
    Statement,
    conditions_of,
    fill,
    filter_values,
    fragment,
    make_statement,
    parse_fragment,
)
from liveinsight.query.facts import Scope, select_facts
from liveinsight.query.model import Interval, Order, Period, Question

NOW = "now"
BEFORE = "before"


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """All of a question that decides the text of its statement."""

    one_site: bool
    metrics: tuple[str, ...]
    dimensions: tuple[str, ...]
    conditions: tuple[Condition, ...]
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


def compile_rows(
    question: Question, interval: Interval | None
) -> tuple[str, list[object]]:
    """Rows d0…, m0…, (b0… of the period compared with), the number of all rows.

    A question by time alone is neither ordered nor limited, and has no b0….
    """
    series = question.dimensions == (TIME,)
    compare = None if series else question.compare
    periods = [question.period] + ([compare] if compare else [])
    shape = Shape(
        one_site=question.site is not None,
        metrics=question.metrics,
        dimensions=question.dimensions,
        conditions=conditions_of(question.filters),
        active=interval in ACTIVE_INTERVALS,
        buckets=tuple(_bucket_sqls(question, p, interval) for p in periods),
        order_by=() if series else _order_of(question),
        limited=not series,
    )
    return _filled(shape, question, periods, interval)


def compile_totals(question: Question) -> tuple[str, list[object]]:
    """One row: m0…, (b0…), 1."""
    periods = [question.period] + ([question.compare] if question.compare else [])
    shape = Shape(
        one_site=question.site is not None,
        metrics=question.metrics,
        dimensions=(),
        conditions=conditions_of(question.filters),
        active=False,
        buckets=(("", ""),) * len(periods),
    )
    return _filled(shape, question, periods, None)


def _filled(
    shape: Shape,
    question: Question,
    periods: Sequence[Period],
    interval: Interval | None,
) -> tuple[str, list[object]]:
    statement = _compile(shape)
    values = filter_values(question.filters)
    values |= {SITE: question.site, "limit": question.limit, "offset": question.offset}
    for name, period in zip((NOW, BEFORE), periods, strict=False):
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
        event_bucket=event_bucket,
        session_bucket=session_bucket,
    )
    by_facts: dict[Facts, list[str]] = {}
    for metric in shape.metrics:
        by_facts.setdefault(_facts_of(metric, shape), []).append(metric)
    selects = [
        _aggregated(facts, names, shape, scope, slots)
        for facts, names in by_facts.items()
    ]
    if len(selects) == 1:
        return selects[0]
    stacked = exp.union(*selects, distinct=False, copy=False)
    merged = exp.select(*shape.labels).from_(
        stacked.subquery("stacked", copy=False), copy=False
    )
    for index, metric in enumerate(shape.metrics):
        value = _or_nothing(f"max(m{index})", metric)
        merged = merged.select(exp.alias_(value, f"m{index}", copy=False), copy=False)
    return merged.group_by(*shape.labels, copy=False) if shape.labels else merged


def _aggregated(
    facts: Facts, names: Sequence[str], shape: Shape, scope: Scope, slots: Slots
) -> Select:
    """The metrics `names` over these facts, the other metrics null."""
    sqls = {name: find_metric(name).sql for name in names}
    columns = {
        column.name
        for sql in sqls.values()
        for column in parse_fragment(sql).find_all(exp.Column)
    }
    matched = select_facts(facts, sorted(columns), scope, slots)
    query = exp.select(*shape.labels).from_(
        matched.subquery("matched", copy=False), copy=False
    )
    for index, metric in enumerate(shape.metrics):
        value = fragment(sqls.get(metric, "null"))
        query = query.select(exp.alias_(value, f"m{index}", copy=False), copy=False)
    return query.group_by(*shape.labels, copy=False) if shape.labels else query


def _or_nothing(sql: str, metric: str) -> Expr:
    """Counts and sums of nothing are 0, rates and means are null."""
    if find_metric(metric).kind in (Kind.COUNT, Kind.SUM):
        return fragment(f"coalesce({sql}, 0)")
    return fragment(sql)


def _facts_of(metric: str, shape: Shape) -> Facts:
    facts = find_metric(metric).facts
    if metric == "sessions" and shape.active:
        return Facts.ACTIVE
    names = [*shape.dimensions, *(c.dimension for c in shape.conditions)]
    if facts is Facts.ENTRIES and "page" not in names:
        return Facts.SESSIONS
    return facts


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
