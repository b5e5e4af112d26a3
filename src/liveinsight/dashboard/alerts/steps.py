"""When somebody is told: once when it begins, once when it is over, never in between."""

from enum import StrEnum

import msgspec

from liveinsight.dashboard.alerts.model import FLAPPING, State, Watched


class Turn(StrEnum):
    """What is told."""

    BEGAN = "began"
    ENDED = "ended"
    TEST = "test"


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """What one look found."""

    value: float | None
    """None: looked at, and too little to tell."""
    usual: float | None = None
    """What `value` was compared with, where that is not in the definition."""
    at: int = 0
    """The moment, or the end of the hour, that the value is of; ms."""
    is_over: bool
    """The condition holds."""
    is_calm: bool
    """It does not, by a margin: between the two nothing changes."""
    looks: int = 1
    """How many looks in a row it has to hold."""


class News(msgspec.Struct, frozen=True, kw_only=True):
    """What a message tells; kept, so that each reader has it in their own language."""

    turn: Turn
    watched: Watched
    reading: Reading | None = None
    """None: a test has found nothing."""
    timezone: str = "UTC"
    """Of the site, whose clock the message speaks of."""


def step(state: State, reading: Reading | None, now: int) -> tuple[State, Turn | None]:
    """The state after a look, and what to tell; a look that found nothing changes little."""
    if reading is None:
        return msgspec.structs.replace(state, looked_at=now), None
    held = state.held + 1 if reading.is_over else 0
    seen = msgspec.structs.replace(
        state, held=held, looked_at=now, judged=reading.at, value=reading.value
    )
    if state.is_firing:
        if not reading.is_calm:
            return seen, None
        return msgspec.structs.replace(seen, is_firing=False, since=now), Turn.ENDED
    rests = state.since and now < state.since + FLAPPING
    if held < reading.looks or rests:
        return seen, None
    return msgspec.structs.replace(seen, is_firing=True, since=now), Turn.BEGAN
