"""Patterns of pages: `*` is any text inside one part of a path, `**` any text at all.

`/blog/*` is `/blog/a` and not `/blog/a/b`, `/blog/**` is both. All else means itself.
"""

import re
from typing import Final

from liveinsight.query.model import Filter, Operator

PAGE: Final = "page"
ANY: Final = "*"

_STARS: Final = re.compile(r"\*+")
# Not re.escape: RE2 refuses a backslash before what it gives no meaning to.
_SPECIAL: Final = re.compile(r"[\\.^$+?()\[\]{}|]")


def pattern_filter(pattern: str, dimension: str = PAGE) -> Filter:
    """The filter that holds for the pages of the pattern."""
    if ANY not in pattern:
        return Filter(dimension, Operator.IS, (pattern,))
    return Filter(dimension, Operator.MATCHES, (pattern_regex(pattern),))


def pattern_regex(pattern: str) -> str:
    """The pattern as an expression (RE2) that is found in its pages alone."""
    parts = _STARS.split(pattern)
    stars = [
        "[^/]*" if found == ANY else "(?s:.*)" for found in _STARS.findall(pattern)
    ]
    text = _escape(parts[0])
    for star, part in zip(stars, parts[1:], strict=True):
        text += star + _escape(part)
    return f"^{text}$"


def _escape(text: str) -> str:
    return _SPECIAL.sub(r"\\\g<0>", text)
