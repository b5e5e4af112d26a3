"""The AWS door: what API Gateway passes on, turned into a Request, and a Reply back.

Source: API Gateway, "Input format of a Lambda function for proxy integration".
"""

import logging
import sys
from binascii import a2b_base64
from collections.abc import Callable, Coroutine, Mapping
from typing import Protocol

import msgspec

from liveinsight.collect.collector import collect
from liveinsight.collect.counting import CountingStore
from liveinsight.collect.door import Door
from liveinsight.collect.http import Reply, Request, fail
from liveinsight.core.emf import metric_line
from liveinsight.core.metric_names import Metric
from liveinsight.core.ports import Store
from liveinsight.log import without_text

_log = logging.getLogger(__name__)

ANSWER_MS = 300
"""Kept of the time left, for the answer: who runs out of time answers nothing."""

_BUSY = 503


class TimedStore(Store, Protocol):
    """A store that can be told when to give up."""

    def start_request(self, remaining_ms: float) -> None:
        """Says how long the calls that follow may take, all together."""


class Context(Protocol):
    """What is used of Lambda's context."""

    @property
    def aws_request_id(self) -> str:
        """The id that Lambda's own lines have, too."""

    def get_remaining_time_in_millis(self) -> int:
        """Until Lambda ends the call."""


class _Identity(msgspec.Struct, frozen=True, rename="camel"):
    source_ip: str


class _RequestContext(msgspec.Struct, frozen=True):
    identity: _Identity


class _ProxyEvent(msgspec.Struct, frozen=True, rename="camel"):
    http_method: str
    path: str
    request_context: _RequestContext
    headers: dict[str, str] | None = None
    multi_value_headers: dict[str, list[str]] | None = None
    body: str | None = None
    is_base64_encoded: bool = False


class GatewayDoor:
    """Answers events of API Gateway. `clock` tells the time, in ms."""

    def __init__(self, store: TimedStore, door: Door, clock: Callable[[], int]) -> None:
        self._store = store
        self._door = door
        self._clock = clock

    def answer(self, event: object, context: Context) -> dict[str, object]:
        """The answer to one event, whatever happens."""
        try:
            reply = self._answer(read_event(event), context)
        except Exception as error:  # noqa: BLE001 no mistake of ours gets past the door
            fields = {"request_id": context.aws_request_id} | without_text(error)
            _log.error("the collector failed", extra=fields)
            reply = fail()
        return write_reply(reply)

    def _answer(self, request: Request, context: Context) -> Reply:
        now = self._clock()
        left = context.get_remaining_time_in_millis() - ANSWER_MS
        self._store.start_request(max(0, left))
        store = CountingStore(self._store, write_line, now)
        reply = run_at_once(collect(request, store, self._door, now))
        if reply.status == _BUSY:
            write_line(metric_line({Metric.UNAVAILABLE: 1}, now))
        return reply


def read_event(event: object) -> Request:
    """The request that an event of API Gateway stands for."""
    proxied = msgspec.convert(event, _ProxyEvent)
    body = (proxied.body or "").encode("utf-8", "surrogatepass")
    if proxied.is_base64_encoded:
        body = a2b_base64(body)
    headers = _without_undone_encoding(_headers_of(proxied), body)
    peer = proxied.request_context.identity.source_ip
    return Request(proxied.http_method, proxied.path, headers, body, peer)


_GZIP_MAGIC = b"\x1f\x8b"


def _without_undone_encoding(headers: dict[str, str], body: bytes) -> Mapping[str, str]:
    """The headers, less an encoding that the gateway has undone.

    It unpacks gzip by itself and leaves the header; what it cannot unpack it refuses.
    A length that is right says that the body is as it was sent.
    """
    is_as_sent = headers.get("content-length") == str(len(body))
    if headers.get("content-encoding") == "gzip" and not (
        is_as_sent or body.startswith(_GZIP_MAGIC)
    ):
        undone = ("content-encoding", "content-length")
        return {name: value for name, value in headers.items() if name not in undone}
    return headers


def _headers_of(proxied: _ProxyEvent) -> dict[str, str]:
    """The headers; repeated ones, also by another spelling, joined as HTTP says."""
    several = proxied.multi_value_headers
    if several is None:
        several = {name: [value] for name, value in (proxied.headers or {}).items()}
    joined: dict[str, str] = {}
    for name, values in several.items():
        key, value = name.lower(), _sound(",".join(values))
        joined[key] = f"{joined[key]},{value}" if key in joined else value
    return joined


def _sound(text: str) -> str:
    """Text that can be written: JSON may hold half a surrogate pair."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def write_reply(reply: Reply) -> dict[str, object]:
    """The result that API Gateway makes its answer of; all our bodies are text."""
    return {
        "statusCode": reply.status,
        "headers": dict(reply.headers),
        "body": reply.body.decode(),
        "isBase64Encoded": False,
    }


def run_at_once(work: Coroutine[object, None, Reply]) -> Reply:
    """The result of a coroutine that never waits: no event loop, 35 ms less to load."""
    try:
        work.send(None)
    except StopIteration as end:
        reply: Reply = end.value
        return reply
    work.close()
    raise RuntimeError("the store waited, but there is no event loop to wait in")


def write_line(line: str) -> None:
    """Writes one line to the log, whole."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
