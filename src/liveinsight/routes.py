"""Which application answers which path of the one server."""

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


class Routes:
    """An ASGI application: whole paths first, then prefixes, then the dashboard.

    The collector's paths are one dictionary look-up away: no framework is on them.
    """

    def __init__(
        self, paths: Mapping[str, App], prefixes: Mapping[str, App], other: App
    ) -> None:
        self.paths = dict(paths)
        self.prefixes = tuple(prefixes.items())
        self.other = other

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hands the request on."""
        if scope["type"] != "http":
            return
        path = scope["path"]
        app = self.paths.get(path)
        if app is None:
            app = next(
                (each for prefix, each in self.prefixes if path.startswith(prefix)),
                self.other,
            )
        await app(scope, receive, send)
