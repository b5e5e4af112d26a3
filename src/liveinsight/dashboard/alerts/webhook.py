"""A message as a signed POST of JSON, after the Standard Webhooks specification.

Source: https://github.com/standard-webhooks/standard-webhooks, spec/standard-webhooks.md
"""

import base64
import hashlib
import hmac
import http.client
import secrets
import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Final

import msgspec

from liveinsight import __version__
from liveinsight.dashboard.alerts.destination import (
    Destination,
    Resolve,
    UndeliveredError,
    find_public_addresses,
    read_destination,
    resolve_name,
)
from liveinsight.errors import ConfigError

SECRET_PREFIX: Final = "whsec_"  # noqa: S105 (what every key begins with)
SECRET_BYTES: Final = 24
CONNECT_SECONDS: Final = 4.0
WHOLE_SECONDS: Final = 8.0
"""From the first byte to the status: a peer that drips cannot hold the thread."""
FINE: Final = range(200, 300)
REDIRECTS: Final = range(300, 400)


class Payload(msgspec.Struct, frozen=True, kw_only=True):
    """What the receiver gets."""

    type: str
    """`alert.began`, `alert.ended` or `alert.test`."""
    timestamp: str
    """ISO 8601, UTC."""
    data: dict[str, object]


def make_secret() -> str:
    """A new key, in the form that receivers' libraries take."""
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def sign(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """The value of `webhook-signature`; `timestamp` is in seconds."""
    key = base64.b64decode(secret.removeprefix(SECRET_PREFIX))
    signed = b"%b.%d.%b" % (message_id.encode(), timestamp, body)
    digest = hmac.new(key, signed, hashlib.sha256).digest()
    return "v1," + base64.b64encode(digest).decode()


class Webhook:
    """Posts to public addresses; everything about the way there can be replaced."""

    def __init__(
        self,
        *,
        resolve: Resolve = resolve_name,
        connect: Callable[[str, int, float], socket.socket] | None = None,
        context: ssl.SSLContext | None = None,
    ) -> None:
        self.resolve = resolve
        self.connect = connect or connect_to
        self.context = context or ssl.create_default_context()

    def post(self, url: str, headers: dict[str, str], body: bytes) -> str:
        """Posts the body; returns what to note of the success.

        Raises:
            UndeliveredError: nobody there has taken it; redirects are not followed.
        """
        try:
            to = read_destination(url)
        except ConfigError as error:
            raise UndeliveredError(error.text, **error.values) from None
        addresses = find_public_addresses(to, self.resolve)
        status = self.ask(to, addresses, headers, body)
        if status in REDIRECTS:
            raise UndeliveredError(
                "it answered %(number)s; redirects are not followed", number=status
            )
        if status not in FINE:
            raise UndeliveredError("it answered %(number)s", number=status)
        return f"it answered {status}"

    def ask(
        self,
        to: Destination,
        addresses: list[str],
        headers: dict[str, str],
        body: bytes,
    ) -> int:
        """The status of the answer; the rest of it is not read."""
        timer = Deadline(WHOLE_SECONDS)
        connection = http.client.HTTPSConnection(to.host, to.port)
        connection.auto_open = 0  # it would look the name up once more
        try:
            with timer:
                connection.sock = timer.guard(self.open(to, addresses))
                connection.sock.do_handshake()
                connection.request("POST", to.target, body, {**COMMON, **headers})
                return connection.getresponse().status
        except ssl.SSLCertVerificationError:
            raise UndeliveredError("its certificate does not prove the host") from None
        except TimeoutError:
            raise UndeliveredError("it did not answer in time") from None
        except (OSError, http.client.HTTPException, ValueError):
            if timer.is_over:
                raise UndeliveredError("it did not answer in time") from None
            raise UndeliveredError("no connection") from None
        finally:
            connection.close()

    def open(self, to: Destination, addresses: list[str]) -> ssl.SSLSocket:
        """A connection to one of the addresses; the certificate is to be of the name."""
        plain = None
        for address in addresses[:2]:
            with suppress(OSError):
                plain = self.connect(address, to.port, CONNECT_SECONDS)
                break
        if plain is None:
            raise UndeliveredError("no connection")
        try:
            return self.context.wrap_socket(
                plain, server_hostname=to.host, do_handshake_on_connect=False
            )
        except BaseException:
            plain.close()
            raise


COMMON: Final = {
    "Content-Type": "application/json",
    "User-Agent": f"LiveInsight/{__version__}",
    "Connection": "close",
}


def connect_to(address: str, port: int, seconds: float) -> socket.socket:
    """A plain connection to this very address: no name is looked up."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        made.settimeout(seconds)
        made.connect((address, port))
    except BaseException:
        made.close()
        raise
    return made


class Deadline:
    """Shuts the guarded socket down when the time is over, whatever it waits for."""

    def __init__(self, seconds: float) -> None:
        self.timer = threading.Timer(seconds, self.end)
        self.timer.daemon = True
        self.guarded: socket.socket | None = None
        self.is_over = False

    def __enter__(self) -> None:
        """Starts the clock."""
        self.timer.start()

    def __exit__(self, *_: object) -> None:
        """Stops it."""
        self.timer.cancel()

    def guard(self, made: ssl.SSLSocket) -> ssl.SSLSocket:
        """Watches over this socket from now on."""
        self.guarded = made
        return made

    def end(self) -> None:
        """The time is over."""
        self.is_over = True
        if self.guarded is not None:
            with suppress(OSError):
                self.guarded.shutdown(socket.SHUT_RDWR)
