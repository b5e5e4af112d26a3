"""How many were there at a time: five minutes each, on our clock, under filters."""

from hypothesis import given, settings
from hypothesis import strategies as st

from liveinsight.core.event import Event
from liveinsight.query.concurrency import STEPS, ask_concurrency
from liveinsight.query.model import Filter, HasDone, Operator
from tests.query.tables import MINUTE, NOON, SITE, an_event, warehouse_of

NOW = NOON + 20 * MINUTE
WINDOW = 5 * MINUTE

VISITS = [
    an_event(NOW, event_id="evt_now", user_id="anna"),
    an_event(NOW - WINDOW + 1, event_id="evt_same", user_id="ben", country="KR"),
    an_event(NOW - WINDOW, event_id="evt_step", user_id="ben", page="/a", country="KR"),
    an_event(NOW - WINDOW, event_id="evt_quiet", event_type="engagement", user_id="c"),
    an_event(NOW, event_id="evt_other", site="b.example", user_id="d"),
    an_event(NOW - 1440 * MINUTE, event_id="evt_old", user_id="e"),
]


def test_the_last_number_is_of_now_and_those_before_of_five_minutes_each() -> None:
    with warehouse_of(VISITS) as warehouse:
        found = ask_concurrency(SITE, (), NOW, warehouse)
        everywhere = ask_concurrency(None, (), NOW, warehouse)
    assert len(found.visitors) == STEPS == 288
    assert found.visitors[-2:] == [1, 2]
    assert sum(found.visitors) == 3
    assert everywhere.visitors[-1] == 3


def test_filters_hold_for_the_day_too() -> None:
    korea = Filter("country", Operator.IS, ("KR",))
    done = HasDone(Filter("page", Operator.IS, ("/a",)))
    with warehouse_of(VISITS) as warehouse:
        here = ask_concurrency(SITE, (korea,), NOW, warehouse)
        did = ask_concurrency(SITE, (done,), NOW, warehouse)
    assert here.visitors[-1] == did.visitors[-1] == 1


@settings(max_examples=8)
@given(
    st.lists(
        st.tuples(
            st.integers(NOW - 1500 * MINUTE, NOW + 10 * MINUTE),
            st.sampled_from("abc"),
            st.sampled_from(["page_view", "click", "engagement"]),
        ),
        max_size=40,
    )
)
def test_every_step_counts_the_users_of_its_five_minutes(
    facts: list[tuple[int, str, str]],
) -> None:
    events = [
        an_event(
            at,
            event_id=f"evt_number_{number}",
            user_id=user,
            session_id=f"sess_{user}",
            event_type=kind,
        )
        for number, (at, user, kind) in enumerate(facts)
    ]
    with warehouse_of(events) as warehouse:
        found = ask_concurrency(SITE, (), NOW, warehouse).visitors
    assert found == [count_users(events, step) for step in range(STEPS)]


def count_users(events: list[Event], step: int) -> int:
    end = NOW - (STEPS - 1 - step) * WINDOW
    return len(
        {
            event.user_id
            for event in events
            if end - WINDOW < event.present_at <= end
            and event.event_type != "engagement"
        }
    )
