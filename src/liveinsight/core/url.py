"""A URL in the parts that matter here, split without raising."""

from functools import lru_cache
from string import ascii_letters, digits
from urllib.parse import unquote

import msgspec

_SCHEME = frozenset(ascii_letters + digits + "+.-")
_NOT_PAGES = frozenset(
    {"javascript", "vbscript", "data", "blob", "file", "about"}
    | {"ftp", "ftps", "ws", "wss", "mailto", "tel"}
)
_HOST = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-_.")
_IPV6 = frozenset("0123456789abcdef:.")
_HOST_CHARS = 253
_LABEL_CHARS = 63
_PORT_DIGITS = 5


class Url(msgspec.Struct, frozen=True):
    """An absolute URL; `host` is lower case, without `www.` and port.

    `authority` has both as they were sent; an account (`name:word@`) is in neither.
    """

    scheme: str
    authority: str
    host: str
    path: str
    query: str


def host_of(authority: str) -> str:
    """The host of `host[:port]`, lower case without `www.`; "" if it is none."""
    host = authority.lower()
    if host.startswith("["):
        return _ipv6_of(host)
    host, _, port = host.partition(":")
    if port and not (port.isdecimal() and len(port) <= _PORT_DIGITS):
        return ""
    host = host.rstrip(".")
    if not host.isascii():
        host = _ascii_of(host)
    host = host.removeprefix("www.")
    if not host or len(host) > _HOST_CHARS or not _HOST.issuperset(host):
        return ""
    if any(not label or len(label) > _LABEL_CHARS for label in host.split(".")):
        return ""
    return host


def _ipv6_of(host: str) -> str:
    inner, bracket, port = host[1:].partition("]")
    if not bracket or (port and not port[1:].isdecimal()):
        return ""
    return f"[{inner}]" if ":" in inner and _IPV6.issuperset(inner) else ""


def _ascii_of(host: str) -> str:
    """The host as DNS knows it: browsers send it so, people type it in their script."""
    try:
        return host.encode("idna").decode("ascii")
    except UnicodeError:
        return ""


@lru_cache(maxsize=4096)
def split_url(text: str) -> Url | None:
    """The parts of an absolute URL (http, https, app schemes); None if it is none.

    Own code, as urlsplit() raises on some input, silently removes tabs and line
    breaks from other, and costs five times as much.
    """
    scheme, separator, rest = text.partition("://")
    scheme = scheme.lower()
    if not separator or not _is_scheme(scheme) or not text.isprintable():
        return None
    rest, _, _ = rest.partition("#")
    rest, _, query = rest.partition("?")
    authority, _, path = rest.partition("/")
    authority = authority.rpartition("@")[2].lower()
    host = host_of(authority)
    if not host:
        return None
    return Url(scheme, authority, host, "/" + path, query)


def _is_scheme(scheme: str) -> bool:
    return (
        scheme[:1].isalpha() and _SCHEME.issuperset(scheme) and scheme not in _NOT_PAGES
    )


def readable_path(path: str) -> str:
    """The path as people read it; as it was sent where that is not printable text."""
    if "%" not in path:
        return path
    try:
        text = unquote(path, errors="strict")
    except UnicodeDecodeError:
        return path
    return text if text.isprintable() else path
