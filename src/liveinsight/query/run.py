"""The one way from a question to its answer: check, compile, run."""

from collections.abc import Sequence
from typing import cast

import msgspec

from liveinsight.core.ports import Reader
from liveinsight.query.buckets import buckets, find_zone
from liveinsight.query.catalog.dimensions import GOAL, TIME
from liveinsight.query.catalog.metrics import Kind, find_metric
from liveinsight.query.check import check_question
from liveinsight.query.compile import compile_rows, compile_totals
from liveinsight.query.cuts import Cuts, compile_cuts
from liveinsight.query.model import (
    Answer,
    Interval,
    Label,
    Period,
    Question,
    Row,
    Value,
)
from liveinsight.query.parse import default_interval


def answer(question: Question, reader: Reader, *, with_totals: bool = True) -> Answer:
    """The rows and totals that the question asks for.

    Totals cost as much as the rows: who shows none of them leaves them out.

    Raises:
        QueryError: it cannot be answered as asked; names the field and why.
        StoreUnavailable: the warehouse is closed or being replaced.
    """
    check_question(question)
    interval = _choose_interval(question)
    rows: list[Row] = []
    row_count = 1
    totals: list[Value] = []
    totals_before: list[Value] | None = None
    if question.dimensions == (TIME,):
        rows = _series(question, interval or Interval.DAY, reader)
        row_count = len(rows)
    elif question.dimensions:
        rows, row_count = _groups(question, interval, reader)
    if question.dimensions and with_totals and _is_whole(question, rows, row_count):
        totals = _sums(question, rows)
    elif with_totals or not question.dimensions:
        totals, totals_before = _totals(question, reader)
    if not question.dimensions:
        rows = [_row(question, [], totals, totals_before)]
    return Answer(
        metrics=list(question.metrics),
        dimensions=list(question.dimensions),
        interval=interval,
        rows=rows,
        row_count=row_count,
        totals=totals,
        totals_before=totals_before,
        totals_change=_change(question, totals, totals_before),
    )


def _totals(
    question: Question, reader: Reader
) -> tuple[list[Value], list[Value] | None]:
    """The metrics over everything, now and in the period compared with."""
    cuts = _find_cuts(msgspec.structs.replace(question, dimensions=()), reader)
    found = _values(reader.query(*compile_totals(question, cuts))[0])
    count = len(question.metrics)
    before = None if question.compare is None else found[count : 2 * count]
    return found[:count], before


def _is_whole(question: Question, rows: Sequence[Row], row_count: int) -> bool:
    """Whether the rows are all there are, and each event is in one of them."""
    if question.compare is not None or len(rows) < row_count or question.offset:
        return False
    return GOAL not in question.dimensions and all(
        find_metric(name).additive and find_metric(name).kind is Kind.COUNT
        for name in question.metrics
    )


def _sums(question: Question, rows: Sequence[Row]) -> list[Value]:
    return [
        sum(row.metrics[index] or 0 for row in rows)
        for index in range(len(question.metrics))
    ]


def _find_cuts(question: Question, reader: Reader) -> list[Cuts]:
    """Where in the periods sessions are that reach out of them."""
    cuts = []
    for period in filter(None, (question.period, question.compare)):
        asked = compile_cuts(question, period)
        if asked is None:
            return []
        cuts.append(cast("Cuts", reader.query(*asked)[0]))
    return cuts


def _choose_interval(question: Question) -> Interval | None:
    if TIME not in question.dimensions:
        return None
    return question.interval or default_interval(question.period)


def _groups(
    question: Question, interval: Interval | None, reader: Reader
) -> tuple[list[Row], int]:
    starts: dict[Label, int] = {}
    if interval is not None:
        starts = _starts(question.period, interval, question.timezone)
    cuts = _find_cuts(question, reader)
    found = reader.query(*compile_rows(question, interval, cuts))
    labels, count = len(question.dimensions), len(question.metrics)
    rows = []
    for record in found:
        dimensions = _labels(question, record[:labels], starts)
        metrics = _values(record[labels : labels + count])
        before = None
        if question.compare is not None:
            before = _values(record[labels + count : labels + 2 * count])
        rows.append(_row(question, dimensions, metrics, before))
    if found:
        return rows, cast("int", found[0][-1])
    # Beyond the last row nothing says how many there are.
    return rows, question.offset


def _series(question: Question, interval: Interval, reader: Reader) -> list[Row]:
    """Every bucket; the n-th of the period is compared with the n-th of the other."""
    series = _buckets_of(question, interval, reader)
    earlier: list[tuple[int, list[Value]]] = []
    if question.compare is not None:
        other = msgspec.structs.replace(question, period=question.compare)
        earlier = _buckets_of(other, interval, reader)
    rows = []
    for index, (start, metrics) in enumerate(series):
        before = earlier[index][1] if index < len(earlier) else None
        rows.append(_row(question, [start], metrics, before))
    return rows


def _buckets_of(
    question: Question, interval: Interval, reader: Reader
) -> list[tuple[int, list[Value]]]:
    """Start and metrics of every bucket of the question's period."""
    starts = _starts(question.period, interval, question.timezone)
    count = len(question.metrics)
    found = {
        cast("int", record[0]): _values(record[1 : 1 + count])
        for record in reader.query(*compile_rows(question, interval))
    }
    if interval in (Interval.MINUTE, Interval.HOUR):
        starts = {start: start for start in starts.values()}
    nothing: list[Value] = [
        0 if find_metric(name).kind in (Kind.COUNT, Kind.SUM) else None
        for name in question.metrics
    ]
    return [
        (start, found.get(cast("int", key), nothing)) for key, start in starts.items()
    ]


def _starts(period: Period, interval: Interval, timezone: str) -> dict[Label, int]:
    zone = find_zone(timezone)
    return {bucket.key: bucket.start for bucket in buckets(period, interval, zone)}


def _labels(
    question: Question, record: Sequence[object], starts: dict[Label, int]
) -> list[Label]:
    labels = cast("list[Label]", list(record))
    return [
        starts[label] if name == TIME else label
        for name, label in zip(question.dimensions, labels, strict=True)
    ]


def _row(
    question: Question,
    dimensions: list[Label],
    metrics: list[Value],
    before: list[Value] | None,
) -> Row:
    return Row(
        dimensions=dimensions,
        metrics=metrics,
        before=before,
        change=_change(question, metrics, before),
    )


def _change(
    question: Question, now: list[Value], before: list[Value] | None
) -> list[float | None] | None:
    if before is None:
        return None
    names = question.metrics
    return [
        change_of(find_metric(name).kind, value, earlier)
        for name, value, earlier in zip(names, now, before, strict=True)
    ]


def change_of(kind: Kind, now: Value, before: Value) -> float | None:
    """(now - before) ÷ before; for rates now - before; None where undefined."""
    if now is None or before is None:
        return None
    if kind is Kind.RATE:
        return now - before
    if before == 0:
        return 0.0 if now == 0 else None
    return (now - before) / before


def _values(record: Sequence[object]) -> list[Value]:
    return cast("list[Value]", list(record))
