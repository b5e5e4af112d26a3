"""The built tracker, in memory, and the small ASGI application that serves it."""

import gzip
import hashlib
from collections.abc import Awaitable, Callable, MutableMapping
from functools import cache
from importlib.resources import files
from typing import Any, Final

import msgspec

from liveinsight.errors import ConfigError

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

# Short, since an update must reach pages soon; never `no-store`, which would
# disable the back/forward cache. A stale copy is used while a new one is fetched.
CACHE_CONTROL: Final = b"public, max-age=3600, stale-while-revalidate=86400"


class Script(msgspec.Struct, frozen=True, kw_only=True):
    """The script's bytes, plain and compressed, and their strong validator."""

    body: bytes
    gzipped: bytes
    etag: str


@cache
def tracker_script() -> Script:
    """The minified tracker, read once.

    Raises:
        ConfigError: the front end has not been built.
    """
    built = files("liveinsight.tracker").joinpath("build", "liveinsight.js")
    try:
        body = built.read_bytes()
    except OSError as error:
        raise ConfigError(
            "The tracker is not built: run `make setup` (or `pip install .`)."
        ) from error
    digest = hashlib.blake2b(body, digest_size=8).hexdigest()
    return Script(
        body=body,
        gzipped=gzip.compress(body, compresslevel=9, mtime=0),
        etag=f'"{digest}"',
    )


async def tracker_app(scope: Scope, _receive: Receive, send: Send) -> None:
    """Answers GET and HEAD with the tracker, whatever the path; an ASGI application."""
    script = tracker_script()
    headers = {key.lower(): value for key, value in scope["headers"]}
    if scope["method"] not in {"GET", "HEAD"}:
        await answer(send, 405, [(b"allow", b"GET, HEAD")])
        return
    common = [
        (b"cache-control", CACHE_CONTROL),
        (b"vary", b"Accept-Encoding"),
        (b"access-control-allow-origin", b"*"),
        (b"cross-origin-resource-policy", b"cross-origin"),
        (b"x-content-type-options", b"nosniff"),
    ]
    is_gzip = accepts_gzip(headers.get(b"accept-encoding", b""))
    # The two codings are two representations: a strong validator names one.
    tag = f'{script.etag[:-1]}-gzip"' if is_gzip else script.etag
    common.append((b"etag", tag.encode()))
    if tag.encode() in headers.get(b"if-none-match", b""):
        await answer(send, 304, common)
        return
    body = script.gzipped if is_gzip else script.body
    common.append((b"content-type", b"text/javascript; charset=utf-8"))
    if is_gzip:
        common.append((b"content-encoding", b"gzip"))
    common.append((b"content-length", str(len(body)).encode()))
    await answer(send, 200, common, body if scope["method"] == "GET" else b"")


def accepts_gzip(header: bytes) -> bool:
    """Whether an Accept-Encoding header asks for gzip, and not with `q=0`."""
    for coding in header.lower().split(b","):
        name, _, quality = coding.partition(b";")
        if name.strip() in {b"gzip", b"*"}:
            return quality.replace(b" ", b"").rstrip(b"0.") != b"q="
    return False


async def answer(
    send: Send, status: int, headers: list[tuple[bytes, bytes]], body: bytes = b""
) -> None:
    """Sends one whole reply."""
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
