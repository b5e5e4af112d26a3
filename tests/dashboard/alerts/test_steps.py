"""Somebody is told once when it begins and once when it is over."""

from hypothesis import given, settings
from hypothesis import strategies as st

from liveinsight.core.limits import MINUTE
from liveinsight.dashboard.alerts.model import FLAPPING, State
from liveinsight.dashboard.alerts.steps import Reading, Turn, step

Looks = list[tuple[int, str]]


def a_reading(found: str, looks: int = 1) -> Reading | None:
    """`over`, `between`, `calm`, or nothing found."""
    if found == "nothing":
        return None
    return Reading(
        value=1, is_over=found == "over", is_calm=found == "calm", looks=looks
    )


def tell_all(looks: Looks, needed: int = 1) -> list[tuple[int, Turn]]:
    """What is told at which minute."""
    state, told = State(), []
    for minute, found in looks:
        now = 10**12 + minute * MINUTE
        state, turn = step(state, a_reading(found, needed), now)
        if turn is not None:
            told.append((minute, turn))
    return told


def test_it_is_told_once_however_long_it_lasts() -> None:
    looks = [(minute, "over") for minute in range(100)]
    assert tell_all(looks) == [(0, Turn.BEGAN)]


def test_it_is_over_only_by_a_margin() -> None:
    looks = [(0, "over"), (1, "between"), (2, "over"), (3, "between"), (4, "calm")]
    assert tell_all(looks) == [(0, Turn.BEGAN), (4, Turn.ENDED)]


def test_what_has_to_hold_twice_is_not_told_after_one_look() -> None:
    once = [(0, "over"), (1, "calm"), (2, "over"), (3, "nothing"), (4, "between")]
    assert tell_all(once, needed=2) == []
    assert tell_all([*once, (5, "over"), (6, "over")], needed=2) == [(6, Turn.BEGAN)]


def test_what_flaps_is_told_a_quarter_of_an_hour_later() -> None:
    looks = [(0, "over"), (1, "calm"), *((each, "over") for each in range(2, 30))]
    assert tell_all(looks) == [(0, Turn.BEGAN), (1, Turn.ENDED), (16, Turn.BEGAN)]


@settings(max_examples=200)
@given(
    st.lists(st.sampled_from(["over", "between", "calm", "nothing"]), max_size=120),
    st.integers(1, 3),
)
def test_messages_alternate_and_beginnings_keep_their_distance(
    found: list[str], needed: int
) -> None:
    told = tell_all(list(enumerate(found)), needed)
    turns = [turn for _, turn in told]
    assert turns == [Turn.BEGAN, Turn.ENDED] * (len(turns) // 2) + [Turn.BEGAN] * (
        len(turns) % 2
    )
    ends = [minute for minute, turn in told if turn is Turn.ENDED]
    begins = [minute for minute, turn in told if turn is Turn.BEGAN]
    assert all(
        (after - before) * MINUTE >= FLAPPING
        for before, after in zip(ends, begins[1:], strict=False)
    )
