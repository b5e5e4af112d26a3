"""Which user agents are crawlers. Source: monperrus/crawler-user-agents."""

import re
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import msgspec

_TOLERATED_TAG = "http-library"
"""curl, requests, okhttp…: they run no page script, so an event that comes from one
was sent on purpose, by somebody's server. All other listed crawlers are bots."""

_PATTERNS_AT_ONCE = 25
"""Alternations of more than about 25 patterns make Python's `re` slower, not faster."""

_PLAIN = re.compile(r"(?:[^\\^$.|?*+()\[\]{}]|\\[^A-Za-z0-9])*")
_ESCAPE = re.compile(r"\\(.)")


class _Crawler(msgspec.Struct, frozen=True):
    """What is read of an entry: its 2,000 examples would take ten times as long."""

    pattern: str
    tags: tuple[str, ...] = ()


class _Signs(msgspec.Struct, frozen=True):
    """What gives a crawler away.

    Nearly all patterns are plain texts: looking for 1,400 texts takes 0.15 ms and
    nothing to prepare; as patterns they take 25 ms to compile and 0.2 ms to search.
    """

    texts: tuple[str, ...]
    patterns: tuple[re.Pattern[str], ...]


def is_crawler(user_agent: str) -> bool:
    """Whether a user agent is that of a listed crawler. The first call reads the list."""
    signs = _signs()
    return any(text in user_agent for text in signs.texts) or any(
        pattern.search(user_agent) for pattern in signs.patterns
    )


@cache
def _signs() -> _Signs:
    crawlers = [one.pattern for one in _listed() if _TOLERATED_TAG not in one.tags]
    texts = [_text_of(pattern) for pattern in crawlers]
    rest = [one for one, text in zip(crawlers, texts, strict=True) if text is None]
    return _Signs(
        texts=tuple(text for text in texts if text is not None),
        patterns=tuple(
            re.compile("|".join(rest[at : at + _PATTERNS_AT_ONCE]))
            for at in range(0, len(rest), _PATTERNS_AT_ONCE)
        ),
    )


def _text_of(pattern: str) -> str | None:
    """The text that a pattern looks for, None if it is more than a text."""
    return _ESCAPE.sub(r"\1", pattern) if _PLAIN.fullmatch(pattern) else None


def _listed() -> list[_Crawler]:
    # Not imported: the package's own code reads all into dicts, 15 ms and 3 MB.
    spec = find_spec("crawleruseragents")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(name="crawleruseragents")
    path = Path(spec.origin).with_name("crawler-user-agents.json")
    return msgspec.json.decode(path.read_bytes(), type=list[_Crawler])
