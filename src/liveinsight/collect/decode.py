"""From bytes to events: the one decoder of the wire format.

Each event of a batch is decoded on its own, so that a bad one never spoils its
neighbours.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping

import msgspec

from liveinsight.collect.wire import rules
from liveinsight.core import limits
from liveinsight.core.event import RawEvent, SentBatch
from liveinsight.core.url import split_url
from liveinsight.errors import PayloadError

_BATCH = msgspec.json.Decoder(SentBatch)
_EVENT = msgspec.json.Decoder(RawEvent)
_ENCODER = msgspec.json.Encoder()
_LARGEST_INTEGER = 2**63 - 1

_PATH = re.compile(r"at `\$\.?([a-z_.]*)")
_MISSING = re.compile(r"required field `(\w+)`")
_HALF_PAIR = re.compile(
    rb"(?<!\\)(?P<escapes>(?:\\\\)*)(?:"
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    rb"|(?P<half>\\u[dD][89a-fA-F][0-9a-fA-F]{2}))"
)
_MENDED = 10_000
"""Surrogates looked at: all of a body of 1 MiB would hold the event loop for 70 ms."""
_NUL_ESCAPE = b"\\u0000"


_BARE_BODY = len(b'{"events":[]}')
_SENT_AT = len(b',"sent_at":')


class Sent(msgspec.Struct, frozen=True, gc=False):
    """The events of one request, undecoded, and the sender's clock."""

    events: list[bytes]
    is_batch: bool
    sent_at: int | None
    has_escapes: bool


class Decoded(msgspec.Struct, frozen=True, gc=False):
    """One event, and the fingerprint of its content within this process."""

    event: RawEvent
    fingerprint: int


def split_body(body: bytes) -> Sent:
    """The events of a body, still as bytes.

    Raises:
        PayloadError: the body as a whole is not what it must be.
    """
    batch = _decode_batch(body)
    has_escapes = b"\\" in body
    if isinstance(batch.events, msgspec.UnsetType):
        _check_encoding(body)
        return Sent([body.strip()], False, batch.sent_at, has_escapes)  # noqa: FBT003
    events = list(map(bytes, batch.events))
    if not 1 <= len(events) <= limits.BATCH_EVENTS:
        raise _refused("events")
    rest = len(body) - sum(map(len, events)) - len(events) + 1
    if rest != _length_around(batch.sent_at):
        # There is more around the events than need be, if only spaces.
        _check_encoding(body)
        _check_top(body)
    return Sent(events, True, batch.sent_at, has_escapes)  # noqa: FBT003


def _length_around(sent_at: int | None) -> int:
    """The length of the least that can stand around the events."""
    return _BARE_BODY + (0 if sent_at is None else _SENT_AT + len(str(sent_at)))


def _check_encoding(body: bytes) -> None:
    if not body.isascii():
        try:
            body.decode()
        except UnicodeDecodeError:
            raise _refused("body") from None


def _decode_batch(body: bytes, *, is_mended: bool = False) -> SentBatch:
    try:
        return _BATCH.decode(body)
    except msgspec.ValidationError as error:
        raise _refused(_field_of(error, "body")) from None
    except msgspec.DecodeError:
        if is_mended:
            raise _refused("body") from None
    except RecursionError:
        raise PayloadError("body", "must not be nested so deeply") from None
    # JSON's grammar allows half a surrogate pair, our decoder refuses the whole body
    # for it. With a NUL in its place only the event that holds it is rejected.
    mended = _HALF_PAIR.sub(_as_nul, body, count=_MENDED)
    return _decode_batch(mended, is_mended=True)


def _as_nul(match: re.Match[bytes]) -> bytes:
    return match[0] if match["half"] is None else match["escapes"] + _NUL_ESCAPE


def decode_event(raw: bytes, *, has_escapes: bool = True) -> Decoded:
    """The event in `raw`, within all limits.

    `has_escapes`: whether there may be a backslash in it.

    Raises:
        PayloadError: names the field and what it must be.
    """
    try:
        event = _EVENT.decode(raw)
    except (ValueError, RecursionError) as error:
        raise _explain(error) from None
    has_fraction = event.revenue is not None
    if event.properties:
        has_fraction |= _check_properties(event.properties)
    if event.page_url is not None and split_url(event.page_url) is None:
        raise _refused("page_url")
    if event.referrer and split_url(event.referrer) is None:
        raise _refused("referrer")
    if has_escapes and b"\\u" in raw:
        _check_text(event)
    content = _ENCODER.encode(event)
    # Written again, a decoded event is never longer than it was sent, but for numbers
    # with a fraction or exponent. As long as before, it has lost nothing: no key stood
    # twice, nothing was skipped unread. This spares the usual event the slow look.
    if (has_fraction or len(content) != len(raw)) and _repeats_a_key(raw):
        raise PayloadError("event", "must not hold a key twice")
    return Decoded(event, hash(content))


def _explain(error: ValueError | RecursionError) -> PayloadError:
    """What the decoder found wrong, in our own words."""
    if isinstance(error, RecursionError):
        return PayloadError("event", "must not be nested so deeply")
    if isinstance(error, msgspec.ValidationError):
        return _refused(_field_of(error, "event"))
    return _text_refused("event")


def _check_properties(properties: Mapping[str, object]) -> bool:
    """Checks keys and values; whether there is a number with a fraction."""
    if len(properties) > limits.PROPERTY_KEYS:
        raise _refused("properties")
    has_fraction = False
    for key, value in properties.items():
        if not 1 <= len(key) <= limits.PROPERTY_KEY_CHARS:
            raise _refused("properties")
        if isinstance(value, str):
            if len(value) > limits.PROPERTY_CHARS:
                raise _refused("properties")
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
            raise _text_refused(field)


def _text_refused(field: str) -> PayloadError:
    return PayloadError(field, "must be UTF-8 without NUL and half surrogate pairs")


def _refused(field: str) -> PayloadError:
    return PayloadError(field, f"must be {rules()[field]}")


def _field_of(error: msgspec.ValidationError, otherwise: str) -> str:
    """The field that msgspec's message points at, as far as the table knows it."""
    message = str(error)
    path = _PATH.search(message)
    field = path[1].strip(".") if path else ""
    missing = _MISSING.search(message)
    if missing and f"{field}.{missing[1]}" in rules():
        return f"{field}.{missing[1]}"
    return field if field in rules() else otherwise


# Keys that stand twice. JSON leaves open which one counts, so neither does.


class _RepeatedKeyError(ValueError):
    pass


def _repeats_a_key(raw: bytes) -> bool:
    """Whether any object in `raw` holds a key twice."""
    try:
        _load(raw, _refuse_repeats)
    except _RepeatedKeyError:
        return True
    except (ValueError, RecursionError):
        raise PayloadError("event", f"must be {rules()['event']}") from None
    return False


def _refuse_repeats(pairs: list[tuple[str, object]]) -> None:
    if len(pairs) > 1 and len({key for key, _ in pairs}) != len(pairs):
        raise _RepeatedKeyError


def _check_top(body: bytes) -> None:
    """Refuses a key that stands twice in the object around the events."""
    try:
        pairs = _load(body, list)
    except (ValueError, RecursionError):
        raise _refused("body") from None
    names = [key for key, _ in pairs] if isinstance(pairs, list) else []
    if len(set(names)) != len(names):
        raise PayloadError("body", "must not hold a key twice")


def _load(text: bytes, hook: Callable[[list[tuple[str, object]]], object]) -> object:
    # Numbers stay text: Python refuses integers of over 4300 digits.
    return json.loads(text, object_pairs_hook=hook, parse_int=str, parse_float=str)
