"""A question about journeys and one about retention, with SQL and rows, to be read.

After a change on purpose: `python -m tests.query.test_golden_ways`.
"""

from pathlib import Path

import msgspec
import pytest

from liveinsight.core.event import Event
from liveinsight.query import journeys, retention
from liveinsight.query.journeys_model import (
    Direction,
    JourneyQuestion,
    Place,
    PlaceKind,
    Through,
)
from liveinsight.query.model import Filter, Interval, Operator, Period
from liveinsight.query.retention import RetentionQuestion
from tests.query.tables import HOUR, MINUTE, NOON, SITE, an_event, warehouse_of

GOLDEN = Path(__file__).parent / "golden"
DAY = 24 * HOUR


def a_visit(user: str, at: int, *pages: str) -> list[Event]:
    return [
        an_event(
            at + number * MINUTE,
            event_id=f"evt_{user}_{at}_{number}",
            user_id=user,
            country="DE",
            page=page,
        )
        for number, page in enumerate(pages)
    ]


EVENTS = [
    *a_visit("anna", NOON, "/", "/p/1", "/p/2", "/cart"),
    *a_visit("ben", NOON + HOUR, "/p/1", "/", "/cart", "/thanks"),
    *a_visit("anna", NOON + DAY, "/", "/cart"),
]
GERMANS = (Filter("country", Operator.IS, ("DE",)),)
QUESTIONS: dict[str, JourneyQuestion | RetentionQuestion] = {
    "journeys_to_the_cart": JourneyQuestion(
        site=SITE,
        period=Period(NOON - HOUR, NOON + 2 * DAY),
        filters=GERMANS,
        start=Place(kind=PlaceKind.PAGE, name="/cart"),
        direction=Direction.BACKWARDS,
        steps=3,
        breadth=1,
        groups=("/p/*",),
        through=Through(step=2, place=Place(kind=PlaceKind.PAGE, name="/")),
    ),
    "retention_by_day": RetentionQuestion(
        site=SITE,
        timezone="Europe/Berlin",
        period=Period(NOON, NOON + DAY + HOUR),
        interval=Interval.DAY,
        filters=GERMANS,
        returns=(Filter("page", Operator.IS, ("/cart",)),),
    ),
}


def report(asked: JourneyQuestion | RetentionQuestion) -> str:
    """The question, its statement, parameters and answer, as text."""
    answer: object
    with warehouse_of(EVENTS) as warehouse:
        if isinstance(asked, JourneyQuestion):
            sql, params = journeys.compile_question(asked)
            answer = journeys.answer_journeys(asked, warehouse)
        else:
            sql, params = retention.compile_question(asked)
            answer = retention.answer_retention(asked, warehouse)
    parts = [formatted(asked), sql, msgspec.json.encode(params).decode()]
    return "\n\n".join([*parts, formatted(answer)]) + "\n"


def formatted(value: object) -> str:
    return msgspec.json.format(msgspec.json.encode(value), indent=1).decode()


@pytest.mark.parametrize("name", QUESTIONS)
def test_the_statement_and_the_answer_are_the_known_ones(name: str) -> None:
    assert report(QUESTIONS[name]) == (GOLDEN / f"{name}.txt").read_text()


if __name__ == "__main__":
    for name, asked in QUESTIONS.items():
        (GOLDEN / f"{name}.txt").write_text(report(asked))
