"""JSON from outside as a struct, and its errors as fields and reasons."""

import re
from typing import Final, TypeVar

import msgspec

from liveinsight.errors import QueryError

_PLACE: Final = re.compile(r"(?P<reason>.*) - at `\$\.?(?P<field>.*)`", re.DOTALL)
_FIELD: Final = re.compile(r"Object (missing|contains).* field `(?P<field>.*)`")

T = TypeVar("T")


def decode_question(text: bytes | str, form: type[T]) -> T:
    """The question that the JSON spells.

    Raises:
        QueryError: it spells none; names the field.
    """
    try:
        return msgspec.json.decode(text, type=form)
    except msgspec.ValidationError as error:
        raise _locate(str(error)) from None
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise QueryError("question", "is not JSON") from None


def _locate(said: str) -> QueryError:
    """The decoder's sentence, with the field that it is about."""
    place = _PLACE.fullmatch(said)
    field, reason = (place["field"], place["reason"]) if place else ("", said)
    named = _FIELD.fullmatch(reason)
    if named:
        field = f"{field}.{named['field']}" if field else named["field"]
    return QueryError(field or "question", reason)
