"""The HTTP server's protocol, with bounds on what one sender can make it keep.

uvicorn and httptools have none but on bodies. Measured: a header line of 100 MB was
kept whole, trailers too, and 20 MB of requests that did not wait for their answers
took 0.6 GB; a connection that sent nothing was kept for ever.
"""

import asyncio
from typing import Final

from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.httptools_impl import (
    HttpToolsProtocol,
    RequestResponseCycle,
)

HEAD_BYTES: Final = 64 * 1024
"""Of the request line and headers, or of trailers, beyond what one read brings."""
HEAD_SECONDS: Final = 15
"""From the connection, or from a head's first bytes, to its end."""
WAITING_REQUESTS: Final = 64
"""On one connection, sent before the answers to those before them."""
CONNECTIONS: Final = 20_000


class TooMuchError(Exception):
    """In a callback of the parser: the request is answered 400 and the line closed."""


class BoundedHttp(HttpToolsProtocol):
    """One connection; answers 400 and hangs up beyond its bounds."""

    answering: RequestResponseCycle | None = None
    head_timer: asyncio.TimerHandle | None = None
    head_is_open = False
    headers_bytes = 0
    progress = 0
    """Grows with each begin, head, part of a body and end."""
    bytes_without_progress = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        """Takes the connection, or closes it where there are too many."""
        super().connection_made(transport)
        self.head_timer = self.loop.call_later(HEAD_SECONDS, self.transport.close)
        if len(self.connections) > CONNECTIONS:
            self.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection has ended."""
        self.stop_head_timer()
        self.forget_answers()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parses what came."""
        before = self.progress
        super().data_received(data)
        if self.progress == before:
            self.bytes_without_progress += len(data)
            is_open = not self.transport.is_closing()
            if is_open and self.bytes_without_progress > HEAD_BYTES:
                self.send_400_response("The head of the request is too long.")
        else:
            self.bytes_without_progress = 0
        if not self.head_is_open:
            self.stop_head_timer()
        elif self.head_timer is None:
            self.head_timer = self.loop.call_later(HEAD_SECONDS, self.transport.close)

    def send_400_response(self, msg: str) -> None:
        """Answers 400, and closes the connection."""
        self.forget_answers()
        super().send_400_response(msg)

    def forget_answers(self) -> None:
        """Has no application write where nobody reads: uvicorn knows the last alone."""
        self.pipeline.clear()
        if self.answering is not None:
            self.answering.disconnected = True
            self.answering.message_event.set()

    def _start_asgi_task(
        self, cycle: RequestResponseCycle, app: ASGI3Application
    ) -> None:
        self.answering = cycle
        super()._start_asgi_task(cycle, app)

    def stop_head_timer(self) -> None:
        """The head has come."""
        if self.head_timer is not None:
            self.head_timer.cancel()
            self.head_timer = None

    def on_message_begin(self) -> None:
        """A request's first byte."""
        super().on_message_begin()
        self.progress += 1
        self.head_is_open = True
        self.headers_bytes = 0

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header, or a trailer."""
        self.headers_bytes += len(name) + len(value)
        if self.headers_bytes > HEAD_BYTES:
            raise TooMuchError
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The end of a request's head."""
        self.progress += 1
        self.head_is_open = False
        if len(self.pipeline) >= WAITING_REQUESTS:
            raise TooMuchError
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A part of a body."""
        self.progress += 1
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The end of a request."""
        self.progress += 1
        super().on_message_complete()
