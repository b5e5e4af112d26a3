"""Those who watch the live page: a viewer is a stream, a group shares its panels."""

import asyncio
import threading
from collections import deque
from typing import Final

from liveinsight.dashboard.rights import Watch

FEED_EVENTS: Final = 200
"""The newest events that one message, or one slow reader's buffer, holds."""


class Viewer:
    """One stream, and its buffer: the newest panels, and a bounded run of events."""

    def __init__(self) -> None:
        self.panels: bytes | None = None
        self.feed: deque[bytes] = deque(maxlen=FEED_EVENTS)
        self.ready = asyncio.Event()
        self.closed = False

    def close(self) -> None:
        """Ends the stream."""
        self.closed = True
        self.ready.set()


class Group:
    """All who watch the same."""

    def __init__(self, watch: Watch) -> None:
        self.watch = watch
        self.viewers: set[Viewer] = set()
        self.polled_until = 0
        self.recent: deque[tuple[int, bytes]] = deque(maxlen=FEED_EVENTS)
        self.panels: bytes | None = None
        self.computed_at = 0
        self.computing = threading.Lock()
