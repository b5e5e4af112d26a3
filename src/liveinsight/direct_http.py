"""The HTTP server's protocol, with a short way to the collector.

A request that has come whole is answered in the callbacks of parser and commit,
without a task, a future or ASGI's messages, which together take longer than ten
events. Whatever does not fit goes the long way, through ASGI.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, Final, cast
from weakref import WeakKeyDictionary

from uvicorn.protocols.http.httptools_impl import STATUS_LINE
from uvicorn.server import ServerState

from liveinsight.collect.asgi import CollectorApp, encode_headers
from liveinsight.http_limits import BoundedHttp
from liveinsight.routes import Routes

if TYPE_CHECKING:
    from uvicorn._types import ASGI3Application
    from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

    from liveinsight.collect.http import Headers, Reply
    from liveinsight.routes import Scope

NO_CONTENT: Final = 204
SLICE_S: Final = 0.005
"""Requests of 256 connections that came together held the loop for 80 ms; in slices,
whatever else is due waits for one slice."""


class Slices:
    """Work that is done on one event loop, a slice at a time."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.waiting: deque[Callable[[], None]] = deque()
        self.is_planned = False

    def add(self, work: Callable[[], None]) -> None:
        """Has the work done soon, in order."""
        self.waiting.append(work)
        self.plan()

    def plan(self) -> None:
        """Has the next slice done when the loop has looked at everything else."""
        if self.waiting and not self.is_planned:
            self.is_planned = True
            self.loop.call_soon(self.do_slice)

    def do_slice(self) -> None:
        """Does what is waiting, for as long as a slice lasts."""
        self.is_planned = False
        ends_at = time.perf_counter() + SLICE_S
        try:
            while self.waiting and time.perf_counter() < ends_at:
                self.waiting.popleft()()
        finally:
            self.plan()


OF_SERVERS: Final[WeakKeyDictionary[ServerState, Slices]] = WeakKeyDictionary()


class DirectHttp(BoundedHttp):
    """One connection of a server whose application is a `Routes`."""

    held: "RequestResponseCycle | None" = None
    """A request for the collector, until the bytes at hand are parsed."""

    def __init__(self, *args: Any, **named: Any) -> None:  # noqa: ANN401 uvicorn's
        super().__init__(*args, **named)
        routes = self.config.app
        self.paths = routes.paths if isinstance(routes, Routes) else {}
        self.slices = OF_SERVERS.setdefault(self.server_state, Slices(self.loop))

    def _start_asgi_task(
        self, cycle: "RequestResponseCycle", app: "ASGI3Application"
    ) -> None:
        scope = cycle.scope
        if (
            scope["method"] == "POST"
            and isinstance(self.paths.get(scope["path"]), CollectorApp)
            and not cycle.waiting_for_100_continue
            and not self.flow.write_paused
        ):
            self.held = cycle
            if not cycle.more_body:  # it waited for the answer to the one before
                self.take_held()
        else:
            super()._start_asgi_task(cycle, app)

    def on_message_complete(self) -> None:
        """The end of a request."""
        super().on_message_complete()
        if self.held is not None and self.held is self.cycle:
            self.take_held()

    def data_received(self, data: bytes) -> None:
        """Parses what came; a request whose end did not come goes the long way."""
        super().data_received(data)
        if self.held is not None:
            cycle, self.held = self.held, None
            super()._start_asgi_task(cycle, self.app)

    def take_held(self) -> None:
        """Has the held request answered when it is its turn."""
        cycle, self.held = self.held, None
        if cycle is not None:
            self.answering = cycle
            self.slices.add(partial(self.ask_collector, cycle))

    def ask_collector(self, cycle: "RequestResponseCycle") -> None:
        """Has the collector answer the request, unless its sender has gone."""
        if cycle.disconnected:
            return
        collector = self.paths[cycle.scope["path"]]
        is_answered = isinstance(collector, CollectorApp) and collector.answer_soon(
            cast("Scope", cycle.scope), bytes(cycle.body), partial(self.answer, cycle)
        )
        if not is_answered:
            super()._start_asgi_task(cycle, self.app)

    def answer(self, cycle: "RequestResponseCycle", reply: "Reply") -> None:
        """Writes the answer, as uvicorn does."""
        if cycle.disconnected:
            return
        parts = [STATUS_LINE[reply.status]]
        for name, value in cycle.default_headers:
            parts += [name, b": ", value, b"\r\n"]
        parts.append(write_headers(reply.headers))
        if reply.status != NO_CONTENT:
            parts.append(b"content-length: %d\r\n" % len(reply.body))
        if not cycle.keep_alive:
            parts.append(b"connection: close\r\n")
        parts += [b"\r\n", reply.body]
        cycle.response_started = cycle.response_complete = True
        self.transport.write(b"".join(parts))
        if not cycle.keep_alive:
            self.transport.close()
        self.on_response_complete()


@lru_cache(maxsize=256)
def write_headers(headers: "Headers") -> bytes:
    """The lines of these headers; nearly all replies share a few sets."""
    return b"".join(
        b"%b: %b\r\n" % (name, value) for name, value in encode_headers(headers)
    )
