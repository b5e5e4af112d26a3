"""The command line's word with a running server, by a token only the owner can read.

`POST /control/NAME` with JSON has the command NAME done, and answers with JSON. Long
work is one command that begins it, and another that tells how far it is.
"""

import asyncio
import hmac
import logging
from collections.abc import Callable, Mapping
from contextlib import closing
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from liveinsight.asgi_body import BodyTooLargeError, SenderLeftError, read_body
from liveinsight.config.settings import Config
from liveinsight.data_dir import DataDir, write_owner_only
from liveinsight.errors import (
    FieldError,
    LiveInsightError,
    QueryError,
    StoreUnavailable,
)
from liveinsight.routes import Receive, Scope, Send

log = logging.getLogger(__name__)

PREFIX: Final = "/control/"
BODY_BYTES: Final = 1024 * 1024
ANSWER_SECONDS: Final = 60
LOOPBACK: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 (not bound here)
"""Where this machine reaches a server that listens on every interface."""

T = TypeVar("T")
Command = Callable[[bytes], object]
"""Does what the JSON asks; its answer is encoded as JSON. Called in a thread."""


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """Where the running server is, and the token that it takes."""

    host: str
    port: int
    token: str


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """Why a command was not done; `field` where one thing that was sent is wrong."""

    reason: str
    field: str = ""


class Refusal(msgspec.Struct, frozen=True):
    """The body of every answer but 200."""

    error: Problem


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How far long work is: 0-1, None when none runs."""

    done: float | None


def takes(request: type[T], work: Callable[[T], object]) -> Command:
    """The command that gives `work` what was sent, as a `request`."""

    def command(body: bytes) -> object:
        try:
            given = msgspec.json.decode(body, type=request)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise QueryError("body", str(error)) from None
        return work(given)

    return command


class Control:
    """An ASGI application: has the commands of the table done, each in a thread."""

    def __init__(self, token: str, commands: Mapping[str, Command]) -> None:
        self.expected = f"Bearer {token}".encode()
        self.commands = dict(commands)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request; without the token there is nothing here."""
        given = next((v for k, v in scope["headers"] if k == b"authorization"), b"")
        command = self.commands.get(scope["path"].removeprefix(PREFIX))
        is_ours = hmac.compare_digest(given, self.expected)
        if not is_ours or command is None or scope["method"] != "POST":
            status, answer = 404, refusal("not found")
        else:
            try:
                body = await read_body(receive, BODY_BYTES)
            except SenderLeftError:
                return
            except BodyTooLargeError:
                status, answer = 413, refusal(f"send at most {BODY_BYTES} bytes")
            else:
                status, answer = await asyncio.to_thread(answer_to, command, body)
        await send(
            {
                "type": "http.response.start",
                "status": status,
                "headers": [(b"content-type", b"application/json")],
            }
        )
        await send({"type": "http.response.body", "body": answer})


def answer_to(command: Command, body: bytes) -> tuple[int, bytes]:
    """Status and body after the command has been done, or refused."""
    try:
        return 200, msgspec.json.encode(command(body))
    except FieldError as error:
        return 400, refusal(error.reason, error.field)
    except LiveInsightError as error:
        return 400, refusal(str(error))
    except Exception:
        log.exception("a command failed")
        return 500, refusal("it failed; the server has logged why")


def refusal(reason: str, field: str = "") -> bytes:
    """The body of an answer that says why not."""
    return msgspec.json.encode(Refusal(Problem(reason=reason, field=field)))


def read_answer(status: int, body: bytes, answer: type[T]) -> T:
    """What the command answered.

    Raises:
        QueryError: one thing that was sent is wrong.
        LiveInsightError: the command was not done.
    """
    if status == 200:
        return msgspec.json.decode(body, type=answer)
    problem = msgspec.json.decode(body, type=Refusal).error
    if problem.field:
        raise QueryError(problem.field, problem.reason)
    raise LiveInsightError(problem.reason)


def announce(data: DataDir, config: Config, port: int) -> Path:
    """Writes where the server is; returns the file, which is removed when it ends."""
    path = data.control_address
    path.unlink(missing_ok=True)
    host = LOOPBACK.get(config.host, config.host)
    address = Address(host=host, port=port, token=data.secret("control"))
    write_owner_only(path, msgspec.json.encode(address).decode())
    return path


def ask_server(data: DataDir, name: str, request: object, answer: type[T]) -> T:
    """What the running server answers to the command.

    Raises:
        QueryError: one thing that was sent is wrong.
        LiveInsightError: the command was not done.
        StoreUnavailable: the server does not answer.
    """
    try:
        address = msgspec.json.decode(data.control_address.read_bytes(), type=Address)
        server = HTTPConnection(address.host, address.port, timeout=ANSWER_SECONDS)
        with closing(server):
            server.request(
                "POST",
                PREFIX + name,
                msgspec.json.encode(request),
                {"Authorization": f"Bearer {address.token}"},
            )
            response = server.getresponse()
            return read_answer(response.status, response.read(), answer)
    except (OSError, HTTPException, msgspec.MsgspecError) as error:
        raise StoreUnavailable(f"the running server does not answer: {error}") from None
