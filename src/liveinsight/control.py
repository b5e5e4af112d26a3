"""The command line's word with a running server, by a token only the owner can read."""

import hmac
from collections.abc import Callable
from contextlib import closing
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Final

import msgspec

from liveinsight.config import Config
from liveinsight.data_dir import DataDir, write_owner_only
from liveinsight.errors import LiveInsightError, StoreUnavailable
from liveinsight.routes import Receive, Scope, Send

PATH: Final = "/control/rebuild"
LOOPBACK: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 (not bound here)
"""Where this machine reaches a server that listens on every interface."""


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """Where the running server is, and the token that it takes."""

    host: str
    port: int
    token: str


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How far a rebuild is: 0-1, None when none runs; `error` where it was refused."""

    done: float | None = None
    error: str = ""


class Control:
    """An ASGI application: POST begins a rebuild, GET tells how far it is."""

    def __init__(
        self,
        token: str,
        begin: Callable[[], None],
        progress: Callable[[], float | None],
    ) -> None:
        self.expected = f"Bearer {token}".encode()
        self.begin = begin
        self.progress = progress

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        """Answers one request; without the token there is nothing here."""
        given = next((v for k, v in scope["headers"] if k == b"authorization"), b"")
        status, body = 404, Progress(error="not found")
        if hmac.compare_digest(given, self.expected):
            status, body = 200, self.answer(scope["method"])
        await send(
            {
                "type": "http.response.start",
                "status": status,
                "headers": [(b"content-type", b"application/json")],
            }
        )
        await send({"type": "http.response.body", "body": msgspec.json.encode(body)})

    def answer(self, method: str) -> Progress:
        """What to say of the rebuild, which POST begins."""
        try:
            if method == "POST":
                self.begin()
        except LiveInsightError as error:
            return Progress(error=str(error))
        return Progress(done=self.progress())


def announce(data: DataDir, config: Config, port: int) -> Path:
    """Writes where the server is; returns the file, which is removed when it ends."""
    path = data.control_address
    path.unlink(missing_ok=True)
    host = LOOPBACK.get(config.host, config.host)
    address = Address(host=host, port=port, token=data.secret("control"))
    write_owner_only(path, msgspec.json.encode(address).decode())
    return path


def ask_server(data: DataDir, method: str) -> Progress:
    """The running server's answer.

    Raises:
        StoreUnavailable: it does not answer.
    """
    try:
        address = msgspec.json.decode(data.control_address.read_bytes(), type=Address)
        with closing(HTTPConnection(address.host, address.port, timeout=10)) as server:
            server.request(
                method, PATH, headers={"Authorization": f"Bearer {address.token}"}
            )
            return msgspec.json.decode(server.getresponse().read(), type=Progress)
    except (OSError, HTTPException, msgspec.MsgspecError) as error:
        raise StoreUnavailable(f"the running server does not answer: {error}") from None
