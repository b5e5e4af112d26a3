"""Which sessions new events touch: what is settled now, and once more a little later."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import msgspec

from liveinsight.core.event import Event
from liveinsight.core.limits import SESSION_SILENCE
from liveinsight.core.session import in_chain
from liveinsight.store.dynamodb.spans import Span, clusters_of, united

TOUCH_EVENTS: Final = 200
"""Of a user, in one touch: so that none is too large for a message."""
MESSAGE_BYTES: Final = 60_000
"""Of the 64 KB that are charged as one request."""
MESSAGE_TOUCHES: Final = 25
"""A message that fails is taken up again as a whole."""

EventKey = tuple[str, int]
"""(event_id, timestamp): the key of the Events table."""

_encode = msgspec.json.Encoder().encode


class Touch(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A user, and when: the sessions there are to be folded again."""

    site: str
    user: str
    derived: bool = False
    """Whether the user is a `visitor_id`, which no index knows."""
    spans: tuple[Span, ...]
    """Effective times of the events, and their timestamps where these differ."""
    session_ids: tuple[str, ...] = ()
    """That the events carry."""
    events: tuple[EventKey, ...] = ()
    """A fold that lacks one of these was made too early."""
    tries: int = 0
    """How often it was settled in vain."""


def touches_of(events: Iterable[Event]) -> list[tuple[Touch, Sequence[Event]]]:
    """Each user's touches with the user's events; what is in no session touches nothing."""
    users: dict[tuple[str, str, bool], list[Event]] = {}
    for event in events:
        if in_chain(event):
            key = (event.site, event.user, not event.user_id)
            users.setdefault(key, []).append(event)
    found: list[tuple[Touch, Sequence[Event]]] = []
    for (site, user, derived), own in users.items():
        own.sort(key=lambda event: event.time)
        for begin in range(0, len(own), TOUCH_EVENTS):
            part = own[begin : begin + TOUCH_EVENTS]
            times = {event.time for event in part} | {e.timestamp for e in part}
            touch = Touch(
                site=site,
                user=user,
                derived=derived,
                spans=tuple(clusters_of(times, SESSION_SILENCE)),
                session_ids=tuple(dict.fromkeys(e.session_id for e in part)),
                events=tuple((e.event_id, e.timestamp) for e in part),
            )
            found.append((touch, own))
    return found


def merged(touches: Iterable[Touch]) -> list[Touch]:
    """One touch of each user for all of theirs, unless they are too many.

    A session's events come through all shards of the stream: settled once, not by each.
    """
    users: dict[tuple[str, str, bool], list[Touch]] = {}
    for touch in touches:
        own = users.setdefault((touch.site, touch.user, touch.derived), [])
        if own and len(own[-1].events) + len(touch.events) <= TOUCH_EVENTS:
            own[-1] = _both(own[-1], touch)
        else:
            own.append(touch)
    return [touch for own in users.values() for touch in own]


def _both(one: Touch, other: Touch) -> Touch:
    return Touch(
        site=one.site,
        user=one.user,
        derived=one.derived,
        spans=tuple(united([*one.spans, *other.spans])),
        session_ids=tuple(dict.fromkeys(one.session_ids + other.session_ids)),
        events=tuple(dict.fromkeys(one.events + other.events)),
        tries=max(one.tries, other.tries),
    )


class TouchMessage(msgspec.Struct, frozen=True):
    """The body of a message of the re-settle queue."""

    touches: Sequence[Touch]


def messages_of(touches: Iterable[Touch]) -> Iterator[str]:
    """As few message bodies as hold all touches."""
    parts: list[bytes] = []
    size = 0
    for touch in touches:
        part = _encode(touch)
        if parts and (
            size + len(part) > MESSAGE_BYTES or len(parts) == MESSAGE_TOUCHES
        ):
            yield _message(parts)
            parts, size = [], 0
        parts.append(part)
        size += len(part) + 1
    if parts:
        yield _message(parts)


def _message(parts: Iterable[bytes]) -> str:
    return '{"touches":[' + b",".join(parts).decode() + "]}"
