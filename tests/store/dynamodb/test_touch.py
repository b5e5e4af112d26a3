"""What is sent to the re-settle queue: small, whole, and once for each user."""

import itertools
from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from liveinsight.core.event import Event
from liveinsight.store.dynamodb.queues import MESSAGE_BYTES, Queue
from liveinsight.store.dynamodb.spans import Span, clusters_of, gaps_in, is_near, united
from liveinsight.store.dynamodb.stream_records import poison_message
from liveinsight.store.dynamodb.touch import (
    MESSAGE_TOUCHES,
    TOUCH_EVENTS,
    Touch,
    TouchMessage,
    merged,
    messages_of,
    touches_of,
)
from tests.store.builders import MINUTE, T0, an_event
from tests.store.dynamodb.streaming import Streaming

SPANS = st.lists(
    st.tuples(st.integers(0, 60), st.integers(0, 20)).map(lambda s: (s[0], sum(s))),
    max_size=6,
)


def inside(spans: Sequence[Span]) -> set[int]:
    return {moment for low, high in spans for moment in range(low, high + 1)}


@given(spans=SPANS)
def test_united_spans_hold_the_same_moments_and_touch_nowhere(
    spans: list[Span],
) -> None:
    found = united(spans)
    assert inside(found) == inside(spans)
    assert all(one[1] + 1 < other[0] for one, other in itertools.pairwise(found))


@given(spans=SPANS, low=st.integers(0, 80), length=st.integers(0, 30))
def test_gaps_are_what_was_not_covered(
    spans: list[Span], low: int, length: int
) -> None:
    gaps = gaps_in(united(spans), low, low + length)
    assert inside(gaps) == set(range(low, low + length + 1)) - inside(spans)


@given(times=st.sets(st.integers(0, 200), min_size=1), gap=st.integers(0, 30))
def test_clusters_hold_all_times_and_lie_further_apart_than_the_gap(
    times: set[int], gap: int
) -> None:
    spans = clusters_of(times, gap)
    assert times <= inside(spans)
    assert all(low in times and high in times for low, high in spans)
    between = itertools.pairwise(spans)
    assert all(other[0] - one[1] > gap for one, other in between)


def test_near_is_at_most_the_gap_away() -> None:
    assert is_near([(10, 20)], 25, 30, 5)
    assert not is_near([(10, 20)], 26, 30, 5)
    assert is_near([(10, 20)], 0, 5, 5)
    assert not is_near([], 0, 5, 5)


def of_user(user: str, numbers: range) -> list[Event]:
    return [an_event(n, user_id=user, session_id=f"sess_{user}") for n in numbers]


def test_each_user_is_touched_once_with_a_wrong_clocks_times_too() -> None:
    wrong = an_event(
        9, user_id="ann", timestamp=T0 + 90 * MINUTE, adjusted_timestamp=T0
    )
    found = touches_of([*of_user("ann", range(2)), *of_user("bob", range(3)), wrong])
    ann, bob = (touch for touch, _ in found)
    assert (ann.user, len(ann.events), bob.user, len(bob.events)) == (
        "ann",
        3,
        "bob",
        3,
    )
    assert ann.spans == ((T0, T0 + 1_000), (T0 + 90 * MINUTE, T0 + 90 * MINUTE))
    assert [len(own) for _, own in found] == [3, 3]


def test_a_user_known_and_a_visitor_of_the_same_name_are_two() -> None:
    visitor = an_event(0, user_id=None, visitor_id="ann")
    found = touches_of([*of_user("ann", range(1)), visitor])
    assert [touch.derived for touch, _ in found] == [False, True]


@pytest.mark.parametrize("users", [1, 24, 25, 26, 300])
def test_messages_hold_all_touches_and_are_small(users: int) -> None:
    events = [e for n in range(users) for e in of_user(f"user{n}" * 16, range(3))]
    touches = [touch for touch, _ in touches_of(events)]
    bodies = list(messages_of(touches))
    read = [msgspec.json.decode(body, type=TouchMessage).touches for body in bodies]
    assert [touch for part in read for touch in part] == touches
    assert len(bodies) == -(-users // MESSAGE_TOUCHES)
    assert max(map(len, bodies)) < 64 * 1024


def test_a_user_of_thousands_of_events_fits_into_messages() -> None:
    events = [
        an_event(
            n,
            user_id="u" * 128,
            session_id=f"sess_{n:0123d}",
            event_id=f"evt_{n:064d}",
            timestamp=T0 + n * 40 * MINUTE,
        )
        for n in range(1_000)
    ]
    bodies = list(messages_of(touch for touch, _ in touches_of(events)))
    read = [msgspec.json.decode(body, type=TouchMessage).touches for body in bodies]
    assert sum(len(touch.events) for part in read for touch in part) == 1_000
    assert max(map(len, bodies)) < MESSAGE_BYTES


def test_touches_of_one_user_are_merged_and_those_of_others_are_not() -> None:
    one, other = (
        touch
        for touch, _ in touches_of(
            [*of_user("ann", range(2)), *of_user("bob", range(2))]
        )
    )
    again = msgspec.structs.replace(one, tries=3)
    more = touches_of(of_user("ann", range(2, 4)))[0][0]
    found = merged([one, other, more, again])
    assert [touch.user for touch in found] == ["ann", "bob"]
    assert found[0].tries == 3
    assert {key for key, _ in found[0].events} == {f"evt_{n:08d}" for n in range(4)}
    assert found[0].session_ids == ("sess_ann",)
    assert inside(found[0].spans) == {T0 + n for n in range(1_001)} | {
        T0 + 2_000 + n for n in range(1_001)
    }


def test_touches_are_merged_up_to_a_size() -> None:
    parts: list[Touch] = [
        touches_of(of_user("ann", range(n, n + 150)))[0][0] for n in (0, 150, 300)
    ]
    assert [len(touch.events) for touch in merged(parts)] == [150, 150, 150]
    assert TOUCH_EVENTS < 300


def test_many_messages_go_in_calls_that_a_queue_takes(streaming: Streaming) -> None:
    bodies = [f"{n:060000d}" for n in range(7)] + [str(n) for n in range(15)]
    Queue(streaming.sqs, streaming.failures).send(bodies)
    taken: list[str] = []
    while found := streaming.messages(streaming.failures):
        taken += found
    assert sorted(taken) == sorted(bodies)


def test_a_record_too_large_for_a_message_is_said_by_its_key() -> None:
    record = {
        "dynamodb": {
            "Keys": {"event_id": {"S": "evt_large"}},
            "SequenceNumber": "7",
            "NewImage": {"junk": {"S": "x" * MESSAGE_BYTES}},
        }
    }
    body = poison_message(record, "KeyError: 'site'")
    assert len(body) < 1_000
    assert msgspec.json.decode(body)["record"]["dynamodb"] == {
        "Keys": {"event_id": {"S": "evt_large"}},
        "SequenceNumber": "7",
    }
