"""The HTTP server's protocol, with a short way to the collector.

A request that has come whole is answered in the callbacks of parser and commit,
without a task, a future or ASGI's messages, which together take longer than ten
events. Whatever does not fit goes the long way, through ASGI.
"""

from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, Final, cast

from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from liveinsight.collect.asgi import CollectorApp, encode_headers
from liveinsight.http_limits import BoundedHttp
from liveinsight.routes import Routes

if TYPE_CHECKING:
    from uvicorn._types import ASGI3Application
    from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

    from liveinsight.collect.http import Headers, Reply
    from liveinsight.routes import Scope

NO_CONTENT: Final = 204


class DirectHttp(BoundedHttp):
    """One connection of a server whose application is a `Routes`."""

    held: "RequestResponseCycle | None" = None
    """A request for the collector, until the bytes at hand are parsed."""

    def __init__(self, *args: Any, **named: Any) -> None:  # noqa: ANN401 uvicorn's
        super().__init__(*args, **named)
        routes = self.config.app
        self.paths = routes.paths if isinstance(routes, Routes) else {}

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
                self.answer_held()
        else:
            super()._start_asgi_task(cycle, app)

    def on_message_complete(self) -> None:
        """The end of a request."""
        super().on_message_complete()
        if self.held is not None and self.held is self.cycle:
            self.answer_held()

    def data_received(self, data: bytes) -> None:
        """Parses what came; a request whose end did not come goes the long way."""
        super().data_received(data)
        if self.held is not None:
            cycle, self.held = self.held, None
            super()._start_asgi_task(cycle, self.app)

    def answer_held(self) -> None:
        """Has the collector answer the held request."""
        cycle, self.held = self.held, None
        if cycle is None:
            return
        collector = self.paths[cycle.scope["path"]]
        self.answering = cycle
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
