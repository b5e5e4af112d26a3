"""What both doors speak: a Request comes in, a Reply goes out.

A door turns its own form of HTTP into a Request and a Reply back into its own;
everything that has a rule is here and in the collector, so that the same bytes get
the same answer from every door.
"""

import zlib
from collections.abc import Mapping

import msgspec

from liveinsight.core import limits
from liveinsight.errors import PayloadError, StoreUnavailable

BODY_TYPES = ("application/json", "text/plain")
METHODS = "POST,OPTIONS"
JSON = "application/json"

_GZIP = 31
"""zlib's `wbits` for one gzip member with its header and checksum."""

_LENGTH_DIGITS = 20
_METHOD_NOT_ALLOWED = 405

Headers = tuple[tuple[str, str], ...]

PERMISSIONS: Headers = (
    ("Access-Control-Allow-Headers", "Content-Type"),
    ("Access-Control-Allow-Methods", METHODS),
    ("Access-Control-Max-Age", "7200"),
    ("Access-Control-Expose-Headers", "X-LiveInsight, Retry-After"),
)
"""On every reply, errors too; with the origin they are the whole of CORS here."""


class Request(msgspec.Struct, frozen=True):
    """One HTTP request; header names are lower case, `peer` is the connection's."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    peer: str


class Reply(msgspec.Struct, frozen=True):
    """One HTTP answer, without `Content-Length`, which each door adds itself."""

    status: int
    headers: Headers
    body: bytes = b""


class Refusal(msgspec.Struct, frozen=True, omit_defaults=True):
    """The body of an answer to a request that did not get through as a whole."""

    error: str
    field: str | None = None
    reason: str | None = None
    status: str | None = None
    event_id: str | None = None


ANY_ORIGIN: Headers = (("Access-Control-Allow-Origin", "*"), *PERMISSIONS)


def cors_for(origin: str) -> Headers:
    """The CORS headers that name one origin, as allowed origins are listed."""
    return (("Access-Control-Allow-Origin", origin), ("Vary", "Origin"), *PERMISSIONS)


def preflight(cors: Headers = ANY_ORIGIN) -> Reply:
    """The answer to OPTIONS."""
    return Reply(204, cors)


def refuse(
    error: PayloadError | StoreUnavailable,
    *,
    cors: Headers = ANY_ORIGIN,
    event_id: str | None = None,
) -> Reply:
    """The answer to a request that an error ended: the one table error → status."""
    if isinstance(error, StoreUnavailable):
        refusal = Refusal(error="The server is busy; send the same again later.")
        return _refusal(503, refusal, *cors, ("Retry-After", str(error.retry_after)))
    refusal = Refusal(
        error=f"{error.field}: {error.reason}",
        field=error.field,
        reason=error.reason,
        status="rejected",
        event_id=event_id,
    )
    headers = (*cors, ("X-LiveInsight", f"rejected: {error.field}"))
    if error.status == _METHOD_NOT_ALLOWED:
        headers = (*headers, ("Allow", "POST, OPTIONS"))
    return _refusal(error.status, refusal, *headers)


def fail() -> Reply:
    """The answer to our own mistake; it says nothing of what went wrong."""
    return _refusal(
        500, Refusal(error="The server failed; it is written in its log."), *ANY_ORIGIN
    )


def _refusal(status: int, refusal: Refusal, *more: tuple[str, str]) -> Reply:
    headers = (("Content-Type", JSON), *more)
    return Reply(status, headers, msgspec.json.encode(refusal))


def size_limit(headers: Mapping[str, str]) -> int:
    """The most bytes of body that a door reads."""
    encoding = headers.get("content-encoding")
    return limits.COMPRESSED_BYTES if encoding else limits.BODY_BYTES


def is_declared_larger(headers: Mapping[str, str], limit: int) -> bool:
    """Whether the sender itself says that the body is larger: no need to read it."""
    declared = headers.get("content-length", "")
    return declared.isdecimal() and int(declared[:_LENGTH_DIGITS]) > limit


def check_method(request: Request) -> None:
    """Raises PayloadError (405) unless the request is a POST."""
    if request.method != "POST":
        raise PayloadError("method", "must be POST or OPTIONS", _METHOD_NOT_ALLOWED)


def read_body(request: Request) -> bytes:
    """The body as it was before compression.

    The label says only that it is text: whether it is JSON, the body itself decides.
    No label is no wrong label.

    Raises:
        PayloadError: 413 too large, 415 another type or encoding, 400 bad gzip.
    """
    label = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if label and label not in BODY_TYPES:
        raise PayloadError("content-type", f"must be {' or '.join(BODY_TYPES)}", 415)
    limit = size_limit(request.headers)
    if len(request.body) > limit or is_declared_larger(request.headers, limit):
        raise PayloadError("body", f"must be at most {limit} bytes", 413)
    encoding = request.headers.get("content-encoding", "").strip().lower()
    if encoding in {"", "identity"}:
        return request.body
    if encoding not in {"gzip", "x-gzip"}:
        raise PayloadError("content-encoding", "must be gzip or absent", 415)
    return inflate(request.body)


def inflate(body: bytes) -> bytes:
    """The content of a body that is exactly one gzip member.

    Never holds more than limits.BODY_BYTES, whatever the body claims.
    """
    machine = zlib.decompressobj(_GZIP)
    try:
        content = machine.decompress(body, limits.BODY_BYTES + 1)
    except zlib.error:
        raise PayloadError("body", "must be valid gzip") from None
    if len(content) > limits.BODY_BYTES:
        raise PayloadError(
            "body", f"must be at most {limits.BODY_BYTES} bytes when inflated", 413
        )
    if not machine.eof:
        raise PayloadError("body", "must be valid gzip; this one is cut short")
    if machine.unused_data:
        raise PayloadError("body", "must be one gzip member and nothing after it")
    return content
