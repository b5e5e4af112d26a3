"""Those who watch the live page: a viewer is a stream, a group shares its panels."""

import asyncio
import threading
from collections import deque
from typing import Final

from liveinsight.core import limits
from liveinsight.dashboard.rights import Watch

FRESH_FOR: Final = 1 * limits.SECOND
"""Panels are not computed anew before, except for news."""
SOONEST: Final = limits.SECOND // 4
"""After news. With a second, the number would be up to 1.7 s behind the visitor."""
COST_SHARE: Final = 4
"""News is asked for at most for a quarter of the time."""

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
        self.has_news = False
        """Whether an event was committed that the panels do not have yet."""
        self.computing = threading.Lock()

    def is_due(self, now: int, *, is_applied: bool) -> bool:
        """Whether to compute the panels: each second, sooner if there is news.

        News is worth no question before all that was committed `is_applied`.
        """
        age = now - self.computed_at
        soonest = max(SOONEST, self.compute_ms * COST_SHARE)
        is_news = self.has_news and is_applied and age >= soonest
        return is_news or age >= FRESH_FOR
