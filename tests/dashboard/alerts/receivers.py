"""Receivers of webhooks and mail, at real ports of this machine."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from functools import cache

import msgspec
import trustme

from liveinsight.dashboard.alerts.webhook import Webhook, connect_to
from tests.waiting import PATIENCE_S

HOST = "hooks.example.com"
PUBLIC = "93.184.216.34"
OK = b"HTTP/1.1 204 No Content\r\n\r\n"


class Got(msgspec.Struct, kw_only=True):
    """What the receiver was sent, and how often it was connected to."""

    port: int = 0
    connections: int = 0
    requests: list[bytes] = msgspec.field(default_factory=list)

    @property
    def headers(self) -> dict[str, str]:
        """Of the last request."""
        head = self.requests[-1].partition(b"\r\n\r\n")[0].decode()
        pairs = (line.partition(": ") for line in head.split("\r\n")[1:])
        return {name.lower(): value for name, _, value in pairs}

    @property
    def body(self) -> bytes:
        """Of the last request."""
        return self.requests[-1].partition(b"\r\n\r\n")[2]


@cache
def authority() -> trustme.CA:
    """Who signs the receivers' certificates."""
    return trustme.CA()


@cache
def trusting() -> ssl.SSLContext:
    """Takes the certificates of the receivers."""
    context = ssl.create_default_context()
    authority().configure_trust(context)
    return context


@contextlib.contextmanager
def receiving(
    answer: Callable[[socket.socket], None] | bytes = OK, name: str = HOST
) -> Iterator[Got]:
    """A receiver over TLS whose certificate is of `name`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority().issue_cert(name).configure_cert(context)
    got = Got()

    def serve(plain: socket.socket) -> None:
        with (
            contextlib.suppress(OSError),
            context.wrap_socket(plain, server_side=True) as secure,
        ):
            got.requests.append(read_request(secure))
            if callable(answer):
                answer(secure)
            else:
                secure.sendall(answer)

    with listening(serve, got):
        yield got


@contextlib.contextmanager
def listening(serve: Callable[[socket.socket], None], got: Got) -> Iterator[None]:
    """Serves one connection after the other, until the end."""
    listener = socket.create_server(("127.0.0.1", 0))
    got.port = listener.getsockname()[1]
    ended = threading.Event()

    def accept() -> None:
        while not ended.is_set():
            try:
                plain, _ = listener.accept()
            except OSError:
                return
            got.connections += 1
            plain.settimeout(PATIENCE_S)
            with plain:
                serve(plain)

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(PATIENCE_S)


def read_request(connection: socket.socket) -> bytes:
    """Head and body."""
    got = b""
    while b"\r\n\r\n" not in got:
        part = connection.recv(4096)
        if not part:
            return got
        got += part
    head, _, body = got.partition(b"\r\n\r\n")
    lengths = [
        line for line in head.split(b"\r\n") if line.lower().startswith(b"content-l")
    ]
    length = int(lengths[0].partition(b":")[2])
    while len(body) < length:
        body += connection.recv(4096)
    return head + b"\r\n\r\n" + body


def a_webhook(got: Got, *addresses: str) -> Webhook:
    """A webhook for whom every name has these addresses, and they lead to the receiver.

    Only the last step is another: what is asked for is a public address, what is
    connected to is this machine.
    """
    known = addresses or (PUBLIC,)

    def connect(address: str, port: int, seconds: float) -> socket.socket:
        assert address in known
        assert port == 443
        return connect_to("127.0.0.1", got.port, seconds)

    return Webhook(resolve=lambda *_: list(known), connect=connect, context=trusting())


@contextlib.contextmanager
def receiving_mail(refuses: bytes = b"") -> Iterator[Got]:
    """A mail server without TLS; it refuses the command that begins with `refuses`."""
    got = Got()

    def serve(plain: socket.socket) -> None:
        with plain.makefile("rwb") as lines:
            say(lines, b"220 here")
            for line in lines:
                command = line.strip().upper()
                if refuses and command.startswith(refuses):
                    say(lines, b"550 no")
                elif command == b"DATA":
                    say(lines, b"354 go on")
                    got.requests.append(read_mail(lines))
                    say(lines, b"250 taken")
                elif command == b"QUIT":
                    say(lines, b"221 bye")
                    return
                else:
                    say(lines, b"250 ok")

    with listening(serve, got):
        yield got


def say(lines: "contextlib.AbstractContextManager[object]", text: bytes) -> None:
    """One line of the mail server."""
    lines.write(text + b"\r\n")  # type: ignore[attr-defined]
    lines.flush()  # type: ignore[attr-defined]


def read_mail(lines: "Iterator[bytes]") -> bytes:
    """What stands before the single dot."""
    got = b""
    for line in lines:
        if line == b".\r\n":
            break
        got += line
    return got
