"""The SQL says what the oracle says, whatever the visits, zone and question."""

from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings

from liveinsight.core.event import Event
from liveinsight.query.catalog.metrics import METRICS, Kind
from liveinsight.query.model import Interval, Question, Row
from liveinsight.query.run import answer
from tests import oracle
from tests.query.sites import cases
from tests.query.tables import warehouse_of


@given(case=cases())
@settings(max_examples=80)
def test_every_metric_equals_the_oracle(case: tuple[list[Event], Question]) -> None:
    events, question = case
    expected = oracle.Oracle(events, question)
    with warehouse_of(events) as warehouse:
        found = answer(question, warehouse)

    assert found.totals == near(expected.totals(question.period))
    rows = expected_rows(expected, question)
    assert {labels_of(row, question) for row in found.rows} == set(rows)
    assert len(found.rows) == len(rows) == found.row_count
    before = {} if question.compare is None else expected.rows(question.compare)
    for row in found.rows:
        labels = labels_of(row, question)
        assert row.metrics == near(rows[labels])
        if question.compare is not None and question.dimensions != ("time",):
            earlier = before.get(labels, expected.nothing())
            assert row.before == near(earlier)
            assert row.change == near(changes(question, rows[labels], earlier))


def expected_rows(
    expected: oracle.Oracle, question: Question
) -> dict[oracle.Labels, list[oracle.Value]]:
    rows = expected.rows(question.period)
    if question.dimensions == ("time",):
        every = expected.all_buckets(question.period)
        return {(bucket,): rows.get((bucket,), expected.nothing()) for bucket in every}
    return rows if question.dimensions else {(): expected.totals(question.period)}


def labels_of(row: Row, question: Question) -> oracle.Labels:
    zone = ZoneInfo(question.timezone)
    labels: list[object] = []
    for name, value in zip(question.dimensions, row.dimensions, strict=True):
        if name != "time":
            labels.append(value)
            continue
        assert isinstance(value, int)
        interval = question.interval or Interval.DAY
        bucket = oracle.bucket_of(value, interval, zone)
        # The start is the first moment of its bucket.
        assert bucket != oracle.bucket_of(value - 1, interval, zone)
        labels.append(bucket)
    return tuple(labels)


def changes(
    question: Question, now: list[oracle.Value], before: list[oracle.Value]
) -> list[oracle.Value]:
    found: list[oracle.Value] = []
    for name, value, earlier in zip(question.metrics, now, before, strict=True):
        if value is None or earlier is None:
            found.append(None)
        elif METRICS[name].kind is Kind.RATE:
            found.append(value - earlier)
        elif earlier == 0:
            found.append(0.0 if value == 0 else None)
        else:
            found.append(value / earlier - 1)
    return found


def near(values: list[oracle.Value]) -> object:
    """Equal to about nine digits: sums of floats depend on the order."""
    return [
        value if value is None else pytest.approx(value, rel=1e-9, abs=1e-9)
        for value in values
    ]
