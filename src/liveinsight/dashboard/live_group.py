"""Those who watch the live page: a viewer is a stream, a group shares its panels."""

import asyncio
import threading
from collections import deque
from typing import Final

from liveinsight.core import limits
from liveinsight.dashboard.rights import Watch

FRESH_FOR: Final = 1 * limits.SECOND
"""Panels are not computed anew before, except for news."""
SOONEST: Final = limits.SECOND // 2
"""After news. With a second, the number would be up to 1.7 s behind the visitor."""
APPLIED_WITHIN: Final = limits.SECOND // 2
"""An event as new as that may not have been in the warehouse yet."""
COST_SHARE: Final = 10
"""News are asked for at most for a tenth of the time."""

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
        self.compute_ms = 0
        self.changed_at = 0
        """When the newest event of these viewers was committed."""
        self.computing = threading.Lock()

    def is_due(self, now: int) -> bool:
        """Whether to compute the panels: each second, sooner after an event."""
        age = now - self.computed_at
        if age >= FRESH_FOR:
            return True
        is_news = self.changed_at + APPLIED_WITHIN > self.computed_at
        return is_news and age >= max(SOONEST, self.compute_ms * COST_SHARE)
