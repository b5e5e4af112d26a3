"""A funnel with its SQL and rows, to be read: tests/query/golden/funnel_*.txt.

After a change on purpose: `python -m tests.query.test_funnel_golden`.
"""

from pathlib import Path

import msgspec
import pytest

from liveinsight.query.funnel import (
    Funnel,
    FunnelQuestion,
    Sequence,
    answer_funnel,
    shape_funnel,
)
from liveinsight.query.funnel_sql import compile_counts, compile_here, compile_stops
from liveinsight.query.model import Filter, Goal, Operator
from tests.query.tables import HOUR, SITE, warehouse_of
from tests.query.test_golden import DAY, EVENTS, GOLDEN

STEPS = (
    Goal(name="Home", where=Filter("page", Operator.IS, ("/",))),
    Goal(name="Price", where=Filter("page", Operator.CONTAINS, ("/price",))),
)
QUESTIONS = {
    "funnel_in_a_session_by_source": FunnelQuestion(
        site=SITE,
        funnel=Funnel(steps=STEPS),
        period=DAY,
        filters=(Filter("country", Operator.IS_NOT, ("KR",)),),
        dimension="source",
    ),
    "funnel_strict_in_a_day": FunnelQuestion(
        site=SITE,
        funnel=Funnel(steps=STEPS, sequence=Sequence.STRICT, window_ms=24 * HOUR),
        period=DAY,
    ),
}


def report(question: FunnelQuestion) -> str:
    """The question, its statements and its answer, as text."""
    with warehouse_of(EVENTS) as warehouse:
        found = answer_funnel(question, warehouse)
    parts = [
        msgspec.json.format(msgspec.json.encode(question), indent=2).decode(),
        compile_counts(shape_funnel(question, label=question.dimension or "")).sql,
        "-- who stopped at step 1\n" + compile_stops(shape_funnel(question), 1).sql,
        "-- who is here\n" + compile_here(shape_funnel(question, is_live=True)).sql,
        msgspec.json.format(msgspec.json.encode(found), indent=2).decode() + "\n",
    ]
    return "\n\n".join(parts)


@pytest.mark.parametrize("name", QUESTIONS)
def test_the_statements_and_the_answer_are_the_known_ones(name: str) -> None:
    assert report(QUESTIONS[name]) == (GOLDEN / f"{name}.txt").read_text()


if __name__ == "__main__":
    for name, question in QUESTIONS.items():
        (Path(GOLDEN) / f"{name}.txt").write_text(report(question))
