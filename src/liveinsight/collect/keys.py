"""Keys that stand twice in an object.

JSON leaves open which one counts, so neither does.
"""

import json
from collections.abc import Callable


class _RepeatedKeyError(ValueError):
    pass


def repeats_a_key(raw: bytes) -> bool:
    """Whether any object in `raw` holds a key twice.

    Raises:
        ValueError, RecursionError: it is not JSON that Python can read.
    """
    try:
        _load(raw, _refuse_repeats)
    except _RepeatedKeyError:
        return True
    return False


def repeats_a_key_at_top(raw: bytes) -> bool:
    """Whether the object that `raw` is holds a key twice.

    Raises:
        ValueError, RecursionError: it is not JSON that Python can read.
    """
    pairs = _load(raw, list)
    names = [key for key, _ in pairs] if isinstance(pairs, list) else []
    return len(set(names)) != len(names)


def _refuse_repeats(pairs: list[tuple[str, object]]) -> None:
    if len(pairs) > 1 and len({key for key, _ in pairs}) != len(pairs):
        raise _RepeatedKeyError


def _load(text: bytes, hook: Callable[[list[tuple[str, object]]], object]) -> object:
    # Numbers stay text: Python refuses integers of over 4300 digits.
    return json.loads(text, object_pairs_hook=hook, parse_int=str, parse_float=str)
