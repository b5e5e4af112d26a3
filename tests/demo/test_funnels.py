"""The demo's funnels have numbers to show."""

from itertools import pairwise

import pytest

from liveinsight.core.limits import DAY
from liveinsight.demo.catalogue import SITE
from liveinsight.demo.funnels import FUNNELS
from liveinsight.demo.history import day_before
from liveinsight.query.actions import where_of
from liveinsight.query.funnel import Funnel, FunnelQuestion, answer_funnel
from liveinsight.query.model import Goal, Period
from tests.demo.test_history import NOW
from tests.query.tables import warehouse_of


@pytest.mark.parametrize("name", FUNNELS)
def test_visitors_leave_at_every_step_and_some_complete_it(name: str) -> None:
    way = FUNNELS[name]
    steps = tuple(
        Goal(name=step, where=where_of(action)) for step, action in way.steps.items()
    )
    events = day_before(NOW, 1)
    question = FunnelQuestion(
        site=SITE,
        funnel=Funnel(steps=steps, window_ms=way.window_ms),
        period=Period(NOW - 2 * DAY, NOW),
    )
    with warehouse_of(events) as warehouse:
        counts = answer_funnel(question, warehouse).totals
    visitors = [step.visitors for step in counts.steps]
    assert visitors[-1] > 0
    assert all(before > after for before, after in pairwise(visitors)), visitors
