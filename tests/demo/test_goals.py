"""The demo's goals: its own visitors reach each of them."""

from liveinsight.demo.catalogue import SITE
from liveinsight.demo.goals import GOALS
from liveinsight.demo.history import day_before
from liveinsight.query.actions import goal_of
from liveinsight.query.model import Period, Question
from liveinsight.query.run import answer
from tests.query.tables import NOON, warehouse_of


def test_every_goal_of_the_demo_is_reached_by_its_visitors() -> None:
    events = day_before(NOON, 1)
    question = Question(
        site=SITE,
        period=Period(events[0].time, events[-1].time + 1),
        metrics=("conversions",),
        dimensions=("goal",),
        goals=tuple(goal_of(name, meant) for name, meant in GOALS.items()),
    )
    with warehouse_of(events) as warehouse:
        rows = answer(question, warehouse).rows
    reached = {str(row.dimensions[0]) for row in rows if row.metrics[0]}
    assert reached == {*GOALS, "conversion"}
