"""Generated funnels: about the generated sites of tests.query.sites."""

from datetime import UTC, datetime

from hypothesis import strategies as st

from liveinsight.core.event import Event
from liveinsight.query.funnel import Funnel, FunnelQuestion, Sequence
from liveinsight.query.model import Filter, Goal, Operator, Period
from tests.query.sites import (
    CHANGES,
    HOUR,
    MINUTE,
    VALUES,
    events_around,
    periods_around,
)

CONDITIONS = (
    Filter("page", Operator.IS, ("/",)),
    Filter("page", Operator.IS, ("/a",)),
    Filter("page", Operator.CONTAINS, ("a",)),
    Filter("page", Operator.IS_NOT, ("/ab",)),
    Filter("event_type", Operator.IS, ("page_view",)),
    Filter("event_type", Operator.IS, ("click",)),
    Filter("event_type", Operator.IS, ("conversion",)),
    Filter("property:plan", Operator.IS, ("7",)),
)
FILTERS = (
    Filter("source", Operator.IS, ("Google",)),
    Filter("source", Operator.IS_NOT, ("Google",)),
    Filter("entry_page", Operator.CONTAINS, ("a",)),
    Filter("device", Operator.IS, ("",)),
)
WINDOWS = (None, None, 5 * MINUTE, 30 * MINUTE, 6 * HOUR, 48 * HOUR)
LABELS = (None, *(name for name in VALUES if name != "goal"))


@st.composite
def cases(draw: st.DrawFn) -> tuple[list[Event], FunnelQuestion]:
    """Events, and a funnel that is asked of them."""
    _, text = draw(st.sampled_from(CHANGES))
    moment = int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1000
    events = draw(events_around(moment))
    conditions = draw(st.lists(st.sampled_from(CONDITIONS), min_size=2, max_size=4))
    steps = tuple(
        Goal(name=f"Step {number}", where=where)
        for number, where in enumerate(conditions, start=1)
    )
    everything = Period(moment - 100 * HOUR, moment + 400 * HOUR)
    return events, FunnelQuestion(
        site=draw(st.sampled_from((None, "one.example"))),
        funnel=Funnel(
            steps=steps,
            sequence=draw(st.sampled_from(Sequence)),
            window_ms=draw(st.sampled_from(WINDOWS)),
        ),
        period=draw(st.one_of(st.just(everything), periods_around(moment, events))),
        filters=tuple(draw(st.lists(st.sampled_from(FILTERS), max_size=1))),
        dimension=draw(st.sampled_from(LABELS)),
        limit=1_000,
    )
