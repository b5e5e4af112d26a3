"""Servers that are other programs: where they may listen, and from when they do."""

import contextlib
import socket
import subprocess
import time
from typing import Final

_START_S: Final = 60


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def wait_until_open(server: subprocess.Popen[bytes], port: int) -> None:
    """Returns when the server takes connections.

    Raises:
        RuntimeError: it has ended, or takes too long.
    """
    ends_at = time.monotonic() + _START_S
    while time.monotonic() < ends_at and server.poll() is None:
        with (
            contextlib.suppress(OSError),
            socket.create_connection(("127.0.0.1", port)),
        ):
            return
        time.sleep(0.05)
    raise RuntimeError(f"{server.args!r} does not listen on port {port}")
