"""From bytes to events: the one decoder of the wire format.

The usual batch is decoded at once, in a third of the time. If anything about it asks
for a closer look, each event is decoded on its own, so that a bad one never spoils
its neighbours.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec

from liveinsight.collect.keys import repeats_a_key, repeats_a_key_at_top
from liveinsight.collect.wire import field_of, refused
from liveinsight.core import limits
from liveinsight.core.event import RawEvent, SentBatch, Timestamp
from liveinsight.errors import PayloadError

_BATCH = msgspec.json.Decoder(SentBatch)
_EVENT = msgspec.json.Decoder(RawEvent)
_encode = msgspec.json.Encoder().encode
_LARGEST_INTEGER = 2**63 - 1

_HALF_PAIR = re.compile(
    rb"(?<!\\)(?P<escapes>(?:\\\\)*)(?:"
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    rb"|(?P<half>\\u[dD][89a-fA-F][0-9a-fA-F]{2}))"
)
_MENDED = 10_000
"""Surrogates looked at: all of a body of 1 MiB would hold the event loop for 70 ms."""
_NUL_ESCAPE = b"\\u0000"
_EVENTS = b'"events"'
_ESCAPE = b"\\u"
_BARE_BODY = len(b'{"events":[]}')
_SENT_AT = len(b',"sent_at":')


class Sent(msgspec.Struct):
    """The events of one request, or what is wrong with them, and the sender's clock."""

    events: Sequence[RawEvent | PayloadError]
    contents: Sequence[bytes]
    """Each event in one spelling; empty where it is refused."""
    is_batch: bool
    sent_at: int | None
    body: bytes
    raws: list[bytes] | None = None
    usual: Sequence[RawEvent] = ()
    """All of the events, if they came in the form in which they are kept."""

    def raw(self, index: int) -> bytes:
        """One of the events as it was sent."""
        if self.raws is None:
            self.raws = _split(self.body).raws
        return self.raws[index]


class _Split(msgspec.Struct, frozen=True, gc=False):
    """A request's events, still as bytes."""

    raws: list[bytes]
    is_batch: bool
    sent_at: int | None


class _Plain(msgspec.Struct, frozen=True, gc=False):
    """The body of the usual batch, which holds nothing else."""

    events: list[RawEvent]
    sent_at: Timestamp | None = None


_PLAIN = msgspec.json.Decoder(_Plain)
_HEAD_BYTES = 64
_PLAIN_BYTES = 128 * 1024
"""Larger ones are unusual: no sender shall make us build 300,000 empty events."""


def decode_body(body: bytes) -> Sent:
    """The events of a body, each within all limits or with the error it gets.

    Raises:
        PayloadError: the body as a whole is not what it must be.
    """
    return _decode_at_once(body) or _decode_each(body)


def _decode_at_once(body: bytes) -> Sent | None:
    """The events of the usual batch; None if it asks for a closer look."""
    # The search for two bytes alone costs 4 µs, the one for one byte nearly nothing.
    has_escapes = b"\\" in body and _ESCAPE in body
    if has_escapes or _EVENTS not in body[:_HEAD_BYTES] or len(body) > _PLAIN_BYTES:
        return None
    try:
        batch = _PLAIN.decode(body)
        close = [
            event
            for event in batch.events
            if event.event_id is None
            or event.timestamp is None
            or event.properties is not None
            or event.revenue is not None
        ]
        if any(map(_check_event, close)):
            return None
    except (ValueError, RecursionError, PayloadError):
        return None
    events, sent_at = batch.events, batch.sent_at
    if not 1 <= len(events) <= limits.BATCH_EVENTS:
        return None
    contents = list(map(_encode, events))
    around = _BARE_BODY + len(events) - 1 + _length_of_clock(sent_at)
    # As in _decode_event(): as long as it was sent, it has lost nothing.
    if around + sum(map(len, contents)) != len(body):
        return None
    usual = events if all(map(is_settled, close)) else ()
    return Sent(events, contents, True, sent_at, body, usual=usual)  # noqa: FBT003


def _decode_each(body: bytes) -> Sent:
    """The events of any body, one by one."""
    split = _split(body)
    has_escapes = b"\\" in body
    beside = 0 if split.is_batch else _length_of_clock(split.sent_at)
    events: list[RawEvent | PayloadError] = []
    contents: list[bytes] = []
    for raw in split.raws:
        try:
            event, content = _decode_event(raw, has_escapes=has_escapes, beside=beside)
            events.append(event)
            contents.append(content)
        except PayloadError as error:
            events.append(error)
            contents.append(b"")
    return Sent(events, contents, split.is_batch, split.sent_at, body, split.raws)


def _split(body: bytes) -> _Split:
    """The events of a body, still as bytes.

    Raises:
        PayloadError: the body as a whole is not what it must be.
    """
    batch = _decode_batch(body)
    if isinstance(batch.events, msgspec.UnsetType):
        _check_encoding(body)
        return _Split([body.strip()], False, batch.sent_at)  # noqa: FBT003
    raws = list(map(bytes, batch.events))
    if not 1 <= len(raws) <= limits.BATCH_EVENTS:
        raise refused("events")
    rest = len(body) - sum(map(len, raws)) - len(raws) + 1
    if rest != _BARE_BODY + _length_of_clock(batch.sent_at):
        # There is more around the events than need be, if only spaces.
        _check_encoding(body)
        _check_keys(body, repeats_a_key_at_top, "body")
    return _Split(raws, True, batch.sent_at)  # noqa: FBT003


def _length_of_clock(sent_at: int | None) -> int:
    """The length of the least that can say the sender's clock."""
    return 0 if sent_at is None else _SENT_AT + len(str(sent_at))


def _check_encoding(body: bytes) -> None:
    if not body.isascii():
        try:
            body.decode()
        except UnicodeDecodeError:
            raise refused("body") from None


def _decode_batch(body: bytes, *, is_mended: bool = False) -> SentBatch:
    try:
        return _BATCH.decode(body)
    except msgspec.ValidationError as error:
        raise refused(field_of(error, "body")) from None
    except msgspec.DecodeError:
        if is_mended:
            raise refused("body") from None
    except RecursionError:
        raise PayloadError("body", "must not be nested so deeply") from None
    # JSON's grammar allows half a surrogate pair, our decoder refuses the whole body
    # for it. With a NUL in its place only the event that holds it is rejected.
    mended = _HALF_PAIR.sub(_as_nul, body, count=_MENDED)
    return _decode_batch(mended, is_mended=True)


def _as_nul(match: re.Match[bytes]) -> bytes:
    return match[0] if match["half"] is None else match["escapes"] + _NUL_ESCAPE


def _decode_event(
    raw: bytes, *, has_escapes: bool, beside: int
) -> tuple[RawEvent, bytes]:
    """The event in `raw`, within all limits, and its content in one spelling.

    `has_escapes`: whether there may be a backslash in it; `beside`: the length of what
    is known to stand in it and is not of the event.

    Raises:
        PayloadError: names the field and what it must be.
    """
    try:
        event = _EVENT.decode(raw)
    except (ValueError, RecursionError) as error:
        raise _explain(error) from None
    has_fraction = _check_event(event)
    if has_escapes and _ESCAPE in raw:
        _check_text(event)
    content = _encode(event)
    # Written again, a decoded event is never longer than it was sent, but for numbers
    # with a fraction or exponent. As long as before, it has lost nothing: no key stood
    # twice, nothing was skipped unread. This spares the usual event the slow look.
    is_whole = len(content) + beside == len(raw) and not has_fraction
    if not is_whole:
        _check_keys(raw, repeats_a_key, "event")
    return event, content


def is_settled(raw: RawEvent) -> bool:
    """Whether the event is in the form in which it is kept."""
    properties = raw.properties
    return bool(
        raw.event_id is not None
        and raw.timestamp is not None
        and raw.revenue is None
        and (properties is None or (properties and None not in properties.values()))
    )


def _check_event(event: RawEvent) -> bool:
    """Checks what the decoder cannot; whether there is a number with a fraction.

    Raises:
        PayloadError: names the field and what it must be.
    """
    has_fraction = event.revenue is not None
    if event.properties:
        has_fraction |= _check_properties(event.properties)
    return has_fraction


def _check_keys(text: bytes, repeats: Callable[[bytes], bool], field: str) -> None:
    try:
        if repeats(text):
            raise PayloadError(field, "must not hold a key twice")
    except (ValueError, RecursionError):
        raise refused(field) from None


def _explain(error: ValueError | RecursionError) -> PayloadError:
    """What the decoder found wrong, in our own words."""
    if isinstance(error, RecursionError):
        return PayloadError("event", "must not be nested so deeply")
    if isinstance(error, msgspec.ValidationError):
        return refused(field_of(error, "event"))
    return _textrefused("event")


def _check_properties(properties: Mapping[str, object]) -> bool:
    """Checks keys and values; whether there is a number with a fraction."""
    if len(properties) > limits.PROPERTY_KEYS:
        raise refused("properties")
    has_fraction = False
    for key, value in properties.items():
        if not 1 <= len(key) <= limits.PROPERTY_KEY_CHARS:
            raise refused("properties")
        if isinstance(value, str):
            if len(value) > limits.PROPERTY_CHARS:
                raise refused("properties")
        elif isinstance(value, float):
            has_fraction = True
        elif isinstance(value, int) and abs(value) > _LARGEST_INTEGER:
            raise PayloadError("properties", "integers must fit into 64 bits")
    return has_fraction


def _check_text(event: RawEvent) -> None:
    """Refuses NUL: it separates the parts of our keys, and databases cut at it."""
    plain = msgspec.to_builtins(event)
    for field, value in plain.items():
        parts: Iterable[object] = (
            (*value, *value.values()) if isinstance(value, dict) else (value,)
        )
        if any(isinstance(part, str) and "\0" in part for part in parts):
            raise _textrefused(field)


def _textrefused(field: str) -> PayloadError:
    return PayloadError(field, "must be UTF-8 without NUL and half surrogate pairs")
