"""The fold: where it cuts, what it sums up, how runs are named."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from liveinsight.core.event import Event
from liveinsight.core.session import Run, fold, join, made_session_id, session_ids
from tests.store.builders import MINUTE, SITE, T0, an_event

HALF_AN_HOUR = 30 * MINUTE


def at(ms: int, number: int = 0, **changes: object) -> Event:
    values = {"timestamp": T0 + ms, "user_id": "ann", "event_id": f"evt_{number:08d}"}
    return an_event(number, **(values | changes))


@pytest.mark.parametrize(
    ("silence", "runs"), [(HALF_AN_HOUR, 1), (HALF_AN_HOUR + 1, 2)], ids=["30:00", "+1"]
)
def test_a_session_ends_after_30_minutes_of_silence(silence: int, runs: int) -> None:
    assert len(fold([at(0, 1), at(silence, 2)])) == runs


def test_what_is_not_interactive_opens_and_extends_nothing() -> None:
    vital = {"event_type": "vital", "interactive": False}
    assert fold([at(0, 1, **vital)]) == []
    assert len(fold([at(0, 1), at(20 * MINUTE, 2, **vital), at(40 * MINUTE, 3)])) == 2


def test_engagement_extends_a_session_and_alone_is_none() -> None:
    (alone,) = fold([at(0, 1, event_type="engagement", interactive=False)])
    assert not alone.is_session
    late = at(25 * MINUTE, 2, event_type="engagement", engagement_ms=900)
    (run,) = fold([at(0, 1), late])
    assert (run.last_activity, run.total_events) == (T0 + 25 * MINUTE, 1)
    assert run.engagement_ms == 900


def test_entry_and_exit_are_the_first_and_last_page_view() -> None:
    (run,) = fold(
        [
            at(0, 1, event_type="click", page="/x"),
            at(1, 2, page="/in"),
            at(2, 3, page="/out"),
            at(3, 4, event_type="conversion", page="/y"),
        ]
    )
    assert run.entry is not None
    assert run.exit is not None
    assert (run.entry.page, run.exit.page) == ("/in", "/out")
    assert (run.page_views, run.total_events, run.conversions) == (2, 4, 1)


def test_the_effective_time_decides() -> None:
    (run,) = fold([at(10**9, 1, adjusted_timestamp=T0 + 5), at(0, 2)])
    assert (run.start_event, run.last_event) == ("evt_00000002", "evt_00000001")


def named(*runs: Run) -> list[str]:
    return session_ids([run.claim for run in runs])


def test_the_earliest_run_of_those_that_send_an_id_has_it() -> None:
    sent = {"session_id": "sess_x", "session_sent": True}
    (ann,) = fold([at(5, 1, **sent)])
    (bob,) = fold([at(3, 2, user_id="bob", **sent)])
    assert named(ann, bob) == [made_session_id(SITE, "ann", "evt_00000001"), "sess_x"]


def test_a_made_id_is_its_own_runs_alone() -> None:
    (ann,) = fold([at(50, 1)])
    sent = {"session_id": ann.made_id, "session_sent": True}
    (bob,) = fold([at(0, 2, user_id="bob", **sent)])
    assert named(ann, bob) == [ann.made_id, bob.made_id]


@settings(max_examples=200, derandomize=True, database=None)
@given(
    moments=st.lists(st.integers(0, 200).map(lambda m: m * MINUTE), max_size=12),
    split=st.integers(0, 4_095),
)
def test_joining_the_runs_of_parts_gives_the_runs_of_the_whole(
    moments: list[int], split: int
) -> None:
    events = [at(moment, number) for number, moment in enumerate(moments)]
    one = [event for number, event in enumerate(events) if split >> number & 1]
    other = [event for number, event in enumerate(events) if not split >> number & 1]
    assert join(fold(one) + fold(other)) == fold(events)
    assert join(fold(other) + fold(one)) == fold(events)
