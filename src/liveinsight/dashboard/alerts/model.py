"""What an alert watches, and what it remembers, as values kept in its row."""

from enum import StrEnum
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from liveinsight.core import limits
from liveinsight.dashboard import models

METRICS: Final = ("visitors", "sessions", "page_views", "conversions", "revenue")
"""What is compared with the same hour of recent weeks."""
MOST_ALERTS: Final = 100
MOST_EMAILS: Final = 10
NAME_CHARS: Final = 100


class Direction(StrEnum):
    """Which way out is worth a message."""

    ABOVE = "above"
    BELOW = "below"


class Visitors(
    msgspec.Struct, frozen=True, kw_only=True, tag="visitors", tag_field="kind"
):
    """Current visitors are more, or fewer, than a number."""

    direction: Direction = Direction.ABOVE
    than: Annotated[int, Meta(ge=0, le=10_000_000)]


class Change(msgspec.Struct, frozen=True, kw_only=True, tag="change", tag_field="kind"):
    """A metric of the last full hour is far from the same hour of recent weeks."""

    metric: str = "visitors"
    direction: Direction = Direction.BELOW
    percent: Annotated[int, Meta(ge=1, le=100_000)]
    least: Annotated[int, Meta(ge=1, le=1_000_000_000)] = 20
    """The usual value has to be this much: of few, chance alone doubles or halves."""


class Quiet(msgspec.Struct, frozen=True, kw_only=True, tag="quiet", tag_field="kind"):
    """No event has come for some time."""

    minutes: Annotated[int, Meta(ge=5, le=7 * 24 * 60)]


class Refused(
    msgspec.Struct, frozen=True, kw_only=True, tag="refused", tag_field="kind"
):
    """The share of dropped and rejected events is far above that of the week before."""

    points: Annotated[int, Meta(ge=1, le=100)]
    """Percentage points."""


Watched = Visitors | Change | Quiet | Refused


class Definition(msgspec.Struct, frozen=True, kw_only=True):
    """What the row's `definition` holds."""

    watched: Watched
    language: str = "en"
    """Of the messages."""


class State(msgspec.Struct, frozen=True, kw_only=True):
    """What the row's `state` holds; times in ms."""

    is_firing: bool = False
    since: int = 0
    """When it began or ended last; 0: it has not yet."""
    held: int = 0
    """Looks in a row at which the condition held."""
    judged: int = 0
    """The end of the last hour that was judged, for what is judged once an hour."""
    looked_at: int = 0
    value: float | None = None
    """What was found at the last look that found something."""


def read_definition(row: models.Alert) -> Definition:
    """What the alert watches."""
    return msgspec.convert(row.definition, Definition)


def read_state(row: models.Alert) -> State:
    """What the alert remembers."""
    return msgspec.convert(row.state, State)


FLAPPING: Final = 15 * limits.MINUTE
"""After an end, no new beginning is told for this long."""
MARGIN: Final = 0.1
"""Of the limit: so far back on the right side ends it."""
