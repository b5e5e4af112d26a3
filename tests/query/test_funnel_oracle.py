"""The SQL of funnels says what the oracle says, whatever the visits and the funnel."""

import msgspec
from hypothesis import given, settings

from liveinsight.core.event import Event
from liveinsight.query.funnel import FunnelCounts, FunnelQuestion, answer_funnel
from liveinsight.query.funnel_visits import list_stopped
from liveinsight.query.model import Filter, Operator
from tests import oracle_funnel as oracle
from tests.query.funnels import cases
from tests.query.tables import warehouse_of

lenient = settings(max_examples=40)


@given(case=cases())
@lenient
def test_every_number_of_a_funnel_equals_the_oracle(
    case: tuple[list[Event], FunnelQuestion],
) -> None:
    events, question = case
    with warehouse_of(events) as warehouse:
        found = answer_funnel(question, warehouse)
        stopped = [
            list_stopped(question, step, warehouse)
            for step in range(1, len(question.funnel.steps) + 1)
        ]
        first = found.rows[0] if found.rows else None
        again = None
        if first is not None and question.dimension is not None:
            only = Filter(question.dimension, Operator.IS, (str(first.label or ""),))
            same = msgspec.structs.replace(question, filters=(*question.filters, only))
            again = answer_funnel(same, warehouse).totals

    best = oracle.best_attempts(events, question)
    assert numbers_of(found.totals) == numbers(best, question)
    for step, behind in enumerate(stopped, start=1):
        assert sorted((v.user_id, v.time) for v in behind.visits) == sorted(
            (a.user[1], a.events[-1].time) for a in best if a.reached == step
        )
    # The row of a label is what the filter on it gives.
    assert first is None or first.counts == again
    if question.dimension is None:
        assert found.rows == []
        return
    labelled: dict[object, list[oracle.Attempt]] = {}
    for attempt in oracle.best_attempts(events, question, question.dimension):
        labelled.setdefault(attempt.label, []).append(attempt)
    assert {row.label: numbers_of(row.counts) for row in found.rows} == {
        label: numbers(attempts, question) for label, attempts in labelled.items()
    }
    assert found.row_count == len(labelled) or not labelled


def numbers(
    attempts: list[oracle.Attempt], question: FunnelQuestion
) -> tuple[list[int], list[float | None]]:
    return oracle.visitors(attempts, question), oracle.medians(attempts, question)


def numbers_of(counts: FunnelCounts) -> tuple[list[int], list[float | None]]:
    visitors = [step.visitors for step in counts.steps]
    between = [step.median_ms for step in counts.steps[1:]]
    return visitors, [*between, counts.median_ms]
