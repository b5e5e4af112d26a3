"""An ASGI application behind a real port, for as long as a test needs it."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import uvicorn


@contextlib.contextmanager
def serving(
    app: Any,
    port: int = 0,
    tls: tuple[Path, Path] | None = None,
    http: "type[asyncio.Protocol] | Literal['auto']" = "auto",
) -> Iterator[str]:
    """The address (`http://127.0.0.1:PORT`) at which `app` answers, in a thread.

    With `port`, an address that was used before is taken up again; with `tls`,
    certificate and key, it is `https://localhost:PORT`.
    """
    certificate, key = tls or (None, None)
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind(("127.0.0.1", port))
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            log_level="error",
            http=http,
            lifespan="off",
            timeout_graceful_shutdown=1,
            ssl_certfile=certificate,
            ssl_keyfile=key,
        )
    )
    thread = threading.Thread(
        target=lambda: asyncio.run(server.serve(sockets=[listening])), daemon=True
    )
    thread.start()
    ready = threading.Event()
    while not server.started and thread.is_alive():
        ready.wait(0.01)
    try:
        origin = "https://localhost" if tls else "http://127.0.0.1"
        yield f"{origin}:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(timeout=5)
        listening.close()
