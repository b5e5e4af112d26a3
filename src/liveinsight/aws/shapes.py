"""What the template's tables have: keys, indexes, stream and expiry."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, Literal

import msgspec

if TYPE_CHECKING:
    from types_boto3_dynamodb.literals import ScalarAttributeTypeType

Key = tuple[tuple[str, "ScalarAttributeTypeType"], ...]
"""Name and type of the hash attribute, and of the range attribute if there is one."""


class Index(msgspec.Struct, frozen=True):
    """A global secondary index."""

    key: Key
    projection: Literal["ALL", "KEYS_ONLY"]


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """What a table of the template has."""

    key: Key
    indexes: Mapping[str, Index] = {}
    has_stream: bool = False
    expires_by: str = ""


SHAPES: Final = {
    "Events": Shape(
        key=(("event_id", "S"), ("timestamp", "N")),
        indexes={
            "UserIndex": Index((("user_id", "S"), ("timestamp", "N")), "ALL"),
            "SessionIndex": Index((("session_id", "S"), ("timestamp", "N")), "ALL"),
        },
        has_stream=True,
    ),
    "Sessions": Shape(
        key=(("session_id", "S"),),
        indexes={
            "UserIndex": Index((("user_id", "S"), ("start_time", "N")), "KEYS_ONLY")
        },
    ),
    "ActiveSessions": Shape(key=(("session_id", "S"),), expires_by="expires_at"),
}
"""By the logical ids of the template; a test compares them with it."""
