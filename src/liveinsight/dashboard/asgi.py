"""The dashboard behind ASGI: Django, run synchronously in a bounded set of threads.

Django's own ASGI handler makes a thread for each request and hops into it once per
middleware; this one hops once, into one of a few threads that stay. A slow sender
or reader holds none of them: the body is read before, the answer sent after.
"""

import asyncio
import io
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import msgspec
from django.core import signals
from django.core.handlers.asgi import ASGIRequest
from django.core.handlers.base import BaseHandler
from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase

from liveinsight.asgi_body import BodyTooLargeError, SenderLeftError, read_body
from liveinsight.core import limits
from liveinsight.core.address import client_address, trusts
from liveinsight.dashboard.asgi_stream import Pieces
from liveinsight.dashboard.asgi_types import Receive, Scope, Send
from liveinsight.dashboard.configuration import Configuration, chosen
from liveinsight.dashboard.static_files import StaticFiles

THREADS: Final = 8
MAX_WAITING: Final = 256
"""Requests beyond those in the threads; above it the answer is 503."""
BODY_SECONDS: Final = 15
SECURE_SCHEMES: Final = ("https", "wss")


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """An HTTP answer, complete in memory unless it has `pieces`."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes = b""
    pieces: Pieces | None = None


def refusal(
    status: int, field: str, reason: str, *headers: tuple[bytes, bytes]
) -> Answer:
    """An error before there is a request for Django, in the words of `answer_error`."""
    problem = {"error": {"field": field, "reason": reason}}
    return Answer(
        status=status,
        headers=[(b"content-type", b"application/json"), *headers],
        body=msgspec.json.encode(problem),
    )


BUSY: Final = refusal(503, "server", "is busy", (b"retry-after", b"1"))
TOO_LARGE: Final = refusal(413, "body", f"has over {limits.BODY_BYTES} bytes")
TOO_SLOW: Final = refusal(408, "body", f"did not come in {BODY_SECONDS} seconds")


class Dashboard(BaseHandler):
    """An ASGI application: built files, and Django for everything else."""

    def __init__(self, configuration: Configuration) -> None:
        super().__init__()
        self.load_middleware(is_async=False)
        self.configuration = configuration
        self.files = StaticFiles()
        self.threads = ThreadPoolExecutor(THREADS, "dashboard")
        self.under_way = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        if scope["type"] != "http":
            raise RuntimeError("the dashboard speaks HTTP only")
        if self.under_way >= THREADS + MAX_WAITING:
            await send_answer(BUSY, send)
            return
        self.under_way += 1
        try:
            answer = await self.find_answer(scope, receive)
        except SenderLeftError:
            return
        finally:
            self.under_way -= 1
        if answer.pieces is None:
            await send_answer(answer, send)
        else:
            await send_start(answer, answer.headers, send)
            await answer.pieces.send(receive, send)

    async def find_answer(self, scope: Scope, receive: Receive) -> Answer:
        """The answer; computed in a thread."""
        try:
            async with asyncio.timeout(BODY_SECONDS):
                body = await read_body(receive, limits.BODY_BYTES)
        except BodyTooLargeError:
            return TOO_LARGE
        except TimeoutError:
            return TOO_SLOW
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self.threads, self.answer, scope, body)

    def answer(self, scope: Scope, body: bytes) -> Answer:
        """The answer, computed here; closes the database connection it opened."""
        found = self.files.find(scope["path"], scope["method"], scope["headers"])
        if found is not None:
            return Answer(status=found.status, headers=found.headers, body=found.body)
        signals.request_started.send(sender=type(self), scope=scope)
        request = ASGIRequest(
            see_through_proxy(scope, self.configuration), io.BytesIO(body)
        )
        response = self.get_response(request)
        if isinstance(response, StreamingHttpResponse) and request.method != "HEAD":
            # What is streamed asks no database: this thread's connection closes now.
            signals.request_finished.send(sender=type(self))
            return Answer(
                status=response.status_code,
                headers=headers_of(response),
                pieces=Pieces(response, self.threads),
            )
        content = b"" if request.method == "HEAD" else b"".join(response)
        # Also sends request_finished, which closes this thread's connection.
        response.close()
        return Answer(
            status=response.status_code, headers=headers_of(response), body=content
        )

    def close(self) -> None:
        """Waits for the requests under way."""
        self.threads.shutdown()


def application() -> Dashboard:
    """The dashboard, after `configure`."""
    return Dashboard(chosen())


def see_through_proxy(scope: Scope, configuration: Configuration) -> Scope:
    """The scope with the scheme and the address of the client.

    Where `https` is set, a trusted proxy that does not name the scheme spoke https
    with its client; from anybody else the header means nothing.
    """
    proxies = configuration.trusted_proxies
    peer, port = scope["client"] or ("", 0)
    if not trusts(peer, proxies):
        return scope
    named = header_of(scope, b"x-forwarded-proto").rpartition(",")[2].strip().lower()
    if named:
        secure = named in SECURE_SCHEMES
    else:
        secure = configuration.https or scope["scheme"] in SECURE_SCHEMES
    address = client_address(peer, header_of(scope, b"x-forwarded-for"), proxies)
    changed = dict(scope)
    changed["scheme"] = "https" if secure else "http"
    changed["client"] = (address or peer, port or 0)
    return changed


def header_of(scope: Scope, name: bytes) -> str:
    """The header's values, joined as one list; "" where it is absent."""
    return ",".join(
        value.decode("latin-1") for key, value in scope["headers"] if key == name
    )


async def send_answer(answer: Answer, send: Send) -> None:
    """Sends the answer whole."""
    headers = answer.headers
    if not any(name.lower() == b"content-length" for name, _ in headers):
        headers = [*headers, (b"content-length", str(len(answer.body)).encode())]
    await send_start(answer, headers, send)
    await send({"type": "http.response.body", "body": answer.body, "more_body": False})


async def send_start(
    answer: Answer, headers: list[tuple[bytes, bytes]], send: Send
) -> None:
    """Sends what comes before the body."""
    await send(
        {
            "type": "http.response.start",
            "status": answer.status,
            "headers": headers,
            "trailers": False,
        }
    )


def headers_of(response: HttpResponseBase) -> list[tuple[bytes, bytes]]:
    """The headers and cookies as ASGI wants them."""
    headers = [
        (name.lower().encode("ascii"), value.encode("latin-1"))
        for name, value in response.items()
    ]
    cookies = [
        (b"set-cookie", cookie.OutputString().encode("latin-1"))
        for cookie in response.cookies.values()
    ]
    return headers + cookies
