"""Questions with their SQL and rows, to be read: tests/query/golden/.

After a change on purpose: `python -m tests.query.test_golden`.
"""

from pathlib import Path

import msgspec
import pytest

from liveinsight.core.event import Revenue
from liveinsight.query.compile import compile_rows
from liveinsight.query.model import (
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
)
from liveinsight.query.run import answer
from tests.query.tables import HOUR, MINUTE, NOON, SITE, an_event, warehouse_of

GOLDEN = Path(__file__).parent / "golden"
DAY = Period(NOON - 12 * HOUR, NOON + 12 * HOUR)
EVENTS = [
    an_event(NOON - 24 * HOUR, page="/"),
    an_event(NOON, page="/"),
    an_event(NOON + 2 * MINUTE, page="/price"),
    an_event(NOON + 10 * MINUTE, user_id="ben", source="Google", page="/price"),
    an_event(NOON + 3 * HOUR, user_id="ben", event_type="conversion", page="/price"),
]
GOALS = (
    Goal(name="Price", where=Filter("page", Operator.IS, ("/price",))),
    Goal(
        name="Order",
        where=Filter("event_type", Operator.IS, ("conversion",)),
        value=Revenue(amount=5, currency="EUR"),
    ),
)
QUESTIONS = {
    "visitors_by_day": Question(
        site=SITE,
        timezone="Europe/Berlin",
        period=Period(DAY.start - 24 * HOUR, DAY.end),
        metrics=("visitors",),
        dimensions=("time",),
        interval=Interval.DAY,
    ),
    "sources_compared": Question(
        site=SITE,
        period=DAY,
        metrics=("visitors", "conversion_rate"),
        dimensions=("source",),
        compare=Period(DAY.start - 24 * HOUR, DAY.start),
    ),
    "pages_entered_at": Question(
        site=SITE,
        period=DAY,
        metrics=("visitors", "sessions", "bounce_rate"),
        dimensions=("page",),
        filters=(Filter("page", Operator.CONTAINS, ("pri",)),),
    ),
    "goals_reached": Question(
        site=SITE,
        period=DAY,
        metrics=("visitors", "conversions", "conversion_rate", "revenue"),
        dimensions=("goal",),
        goals=GOALS,
    ),
    "sources_of_a_goal_by_last_touch": Question(
        site=SITE,
        period=DAY,
        metrics=("visitors", "conversion_rate"),
        dimensions=("source",),
        filters=(Filter("goal", Operator.IS, ("Price",)),),
        goals=GOALS,
        attribution=Attribution.LAST,
    ),
    "visitors_who_have_not_bought": Question(
        site=SITE,
        period=DAY,
        metrics=("visitors", "page_views"),
        dimensions=("page",),
        filters=(
            Or(
                (
                    HasDone(
                        Filter("event_type", Operator.IS, ("conversion",)), done=False
                    ),
                    Not(Filter("source", Operator.MATCHES, ("^G",))),
                )
            ),
        ),
    ),
}


def report(question: Question) -> str:
    """The question, its statement and its rows, as text."""
    with warehouse_of(EVENTS) as warehouse:
        found = answer(question, warehouse)
    sql, params = compile_rows(question, question.interval)
    rows = [msgspec.json.encode(row).decode() for row in found.rows]
    asked = msgspec.json.format(msgspec.json.encode(question), indent=2).decode()
    parts = [asked, sql, msgspec.json.encode(params).decode(), "\n".join(rows)]
    return "\n\n".join([*parts, f"totals {found.totals}\n"])


@pytest.mark.parametrize("name", QUESTIONS)
def test_the_statement_and_the_rows_are_the_known_ones(name: str) -> None:
    assert report(QUESTIONS[name]) == (GOLDEN / f"{name}.txt").read_text()


if __name__ == "__main__":
    for name, question in QUESTIONS.items():
        (GOLDEN / f"{name}.txt").write_text(report(question))
