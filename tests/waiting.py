"""Waiting for what happens.

No test asks how fast: the machine may be slow or busy, and bench/ measures. A limit
here is one of patience, and ends nothing but a test that hangs.
"""

import contextlib
import socket
import subprocess
import time
from collections.abc import Callable
from typing import Final

PATIENCE_S: Final = 120


def wait_until(holds: Callable[[], bool], what: str = "it") -> None:
    """Returns when it holds; asks again every 20 ms."""
    ends_at = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < ends_at, f"{what} does not hold"
        time.sleep(0.02)


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
    ends_at = time.monotonic() + PATIENCE_S
    while time.monotonic() < ends_at and server.poll() is None:
        with (
            contextlib.suppress(OSError),
            socket.create_connection(("127.0.0.1", port)),
        ):
            return
        time.sleep(0.05)
    raise RuntimeError(f"{server.args!r} does not listen on port {port}")
