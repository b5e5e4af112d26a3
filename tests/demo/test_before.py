"""What the demo's tool before had counted."""

import datetime as dt

from liveinsight.demo.before import DAYS, GAP_DAYS, counted_before
from liveinsight.demo.history import DAYS as DAYS_OF_HISTORY

TODAY = dt.date(2026, 11, 23)


def test_its_days_end_before_the_first_event_and_hold_no_more_than_their_sum() -> None:
    totals = list(counted_before(TODAY))
    days = [total for total in totals if not total.dimension]
    assert len({total.day for total in days}) == DAYS
    last = dt.date.fromisoformat(days[-1].day)
    assert last < TODAY - dt.timedelta(days=DAYS_OF_HISTORY)
    assert all(0 < day.bounces < day.visits < day.page_views for day in days)
    assert GAP_DAYS > DAYS_OF_HISTORY
