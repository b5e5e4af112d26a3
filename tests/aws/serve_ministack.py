"""Runs MiniStack as if TLS ended in front of it; for the Python that it is installed in.

Policies that refuse plain HTTP are enforced, and nobody here speaks TLS. A request
that names its protocol itself keeps it.
"""

import importlib
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Application = Callable[[Scope, Any, Any], Awaitable[None]]

_PROTOCOL = b"x-forwarded-proto"


def behind_tls(application: Application) -> Application:
    """The application, told of each request that it came by HTTPS."""

    async def told(scope: Scope, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            named = [name for name, _ in scope["headers"]]
            if _PROTOCOL not in named:
                scope["headers"] = [*scope["headers"], (_PROTOCOL, b"https")]
        await application(scope, receive, send)

    return told


if __name__ == "__main__":
    server: Any = importlib.import_module("ministack.app")
    server.app = behind_tls(server.app)
    server.main()
