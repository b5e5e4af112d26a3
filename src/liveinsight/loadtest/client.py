"""Kept-alive connections to one collector, as many as the load needs.

A client of our own: httptools parses, nothing is added to a measured time.
"""

import asyncio
import ssl
from typing import Final, cast
from urllib.parse import urlsplit

import httptools
import msgspec

from liveinsight.errors import ConfigError
from liveinsight.loadtest.audience import Post

BODY_KEPT: Final = 64 * 1024
"""Bytes of a reply that are looked at: more than those to 100 events."""
_CONTINUE_BELOW: Final = 200


class Target(msgspec.Struct, frozen=True):
    """The collector under test; `headers` go with every request."""

    url: str
    host: str
    port: int
    path: str
    is_tls: bool
    headers: tuple[tuple[str, str], ...] = ()

    def write(self, post: Post, site: str) -> bytes:
        """The bytes of one request, as a browser on a page of `site` would send it."""
        default = 443 if self.is_tls else 80
        host = f"[{self.host}]" if ":" in self.host else self.host
        lines = [
            f"POST {self.path} HTTP/1.1",
            f"Host: {host}" + ("" if self.port == default else f":{self.port}"),
            f"User-Agent: {post.user_agent}",
            "Accept: */*",
            f"Origin: https://{site}",
            "Content-Type: text/plain;charset=UTF-8",
            f"Content-Length: {len(post.body)}",
            *(f"{name}: {value}" for name, value in self.headers),
        ]
        return "\r\n".join([*lines, "", ""]).encode() + post.body


class Answer(msgspec.Struct, frozen=True):
    """One reply; `headers` in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def outcome(self) -> str | None:
        """What the collector says has become of the events; None if it says nothing."""
        return self.headers.get("x-liveinsight")


class LostError(ConnectionError):
    """The connection ended before the whole reply had come."""

    def __init__(self, *, is_stale: bool) -> None:
        super().__init__("the connection was closed before the reply")
        self.is_stale = is_stale
        """Not a byte of a reply had come: on an old connection, worth another try."""


def target_of(url: str, headers: tuple[str, ...] = ()) -> Target:
    """The collector that a person means by `url`; `/events` where it has no path.

    Args:
        url: http or https.
        headers: `NAME: VALUE` each.

    Raises:
        ConfigError: it is no such URL, or no such header.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ConfigError(f"{url!r} is not a URL") from None
    is_plain = url.isascii() and url.isprintable() and " " not in url
    if parts.scheme not in {"http", "https"} or not parts.hostname or not is_plain:
        raise ConfigError(f"{url!r} is not a URL of http or https")
    path = parts.path if parts.path.strip("/") else "/events"
    is_tls = parts.scheme == "https"
    return Target(
        url=f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{path}",
        host=parts.hostname,
        port=port or (443 if is_tls else 80),
        path=path + (f"?{parts.query}" if parts.query else ""),
        is_tls=is_tls,
        headers=tuple(_header(line) for line in headers),
    )


def _header(line: str) -> tuple[str, str]:
    name, colon, value = line.partition(":")
    if not colon or not name.strip() or not line.isprintable() or not line.isascii():
        raise ConfigError(f"{line!r} is not a header of the form NAME: VALUE")
    return name.strip(), value.strip()


class Connection(asyncio.Protocol):
    """One connection, one request at a time."""

    def __init__(self) -> None:
        self.is_open = False
        self._transport: asyncio.Transport
        self._parser = httptools.HttpResponseParser(self)
        self._waiting: asyncio.Future[Answer] | None = None
        self._forget()

    def _forget(self) -> None:
        self._headers: dict[str, str] = {}
        self._body = bytearray()
        self._has_begun = False

    async def ask(self, request: bytes) -> Answer:
        """The reply to one request.

        Raises:
            LostError: the connection ended before it.
        """
        self._waiting = asyncio.get_running_loop().create_future()
        if not self.is_open:
            raise LostError(is_stale=True)
        self._transport.write(request)
        return await self._waiting

    def close(self) -> None:
        """Gives the connection up."""
        self.is_open = False
        self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are none of asyncio's classes.
        self._transport = cast("asyncio.Transport", transport)
        self.is_open = True

    def data_received(self, data: bytes) -> None:
        self._has_begun = True
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self.close()
            self._fail()

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_open = False
        lengths = {"content-length", "transfer-encoding"}
        if exc is None and self._headers and not lengths & self._headers.keys():
            self._finish()  # a reply that ends with its connection
        else:
            self._fail()

    def on_header(self, name: bytes, value: bytes) -> None:
        """For the parser."""
        self._headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_body(self, body: bytes) -> None:
        """For the parser."""
        self._body += body[: BODY_KEPT - len(self._body)]

    def on_message_complete(self) -> None:
        """For the parser."""
        if self._parser.get_status_code() < _CONTINUE_BELOW:
            self._headers = {}
        else:
            self._finish()

    def _finish(self) -> None:
        answer = Answer(
            self._parser.get_status_code(), self._headers, bytes(self._body)
        )
        if not self._parser.should_keep_alive() and self.is_open:
            self.close()
        self._forget()
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(answer)

    def _fail(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(LostError(is_stale=not self._has_begun))


class Client:
    """At most `most` connections to a target, opened when none is free."""

    def __init__(self, target: Target, most: int) -> None:
        self.waited = 0
        """Requests for which no connection was free at first."""
        self.opened = 0
        self._target = target
        self._slots = asyncio.Semaphore(most)
        self._idle: list[Connection] = []
        self._tls = ssl.create_default_context() if target.is_tls else None

    async def ask(self, request: bytes) -> Answer:
        """The reply to one request.

        An idle connection that the server has closed meanwhile is replaced, as a
        browser would.

        Raises:
            OSError: no connection, or no whole reply.
        """
        self.waited += self._slots.locked()
        async with self._slots:
            idle = self._take_idle()
            if idle is not None:
                try:
                    return await self._exchange(idle, request)
                except LostError as error:
                    if not error.is_stale:
                        raise
            return await self._exchange(await self._open(), request)

    def close(self) -> None:
        """Ends the idle connections."""
        for connection in self._idle:
            connection.close()
        self._idle.clear()

    def _take_idle(self) -> Connection | None:
        while self._idle:
            connection = self._idle.pop()
            if connection.is_open:
                return connection
        return None

    async def _open(self) -> Connection:
        self.opened += 1
        _, connection = await asyncio.get_running_loop().create_connection(
            Connection, self._target.host, self._target.port, ssl=self._tls
        )
        return connection

    async def _exchange(self, connection: Connection, request: bytes) -> Answer:
        try:
            answer = await connection.ask(request)
        except BaseException:
            connection.close()
            raise
        if connection.is_open:
            self._idle.append(connection)
        return answer
