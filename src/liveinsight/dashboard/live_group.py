"""Those who watch the live page: a viewer is a stream, a group shares its panels."""

import asyncio
import threading
from collections import deque
from collections.abc import Mapping
from typing import Final

from liveinsight.core import limits
from liveinsight.dashboard.rights import TooManyWatchesError, Watch

FRESH_FOR: Final = 1 * limits.SECOND
"""Panels are not computed anew before, except for news."""
SOONEST: Final = limits.SECOND // 4
"""After news. With a second, the number would be up to 1.7 s behind the visitor."""
COST_SHARE: Final = 4
"""News is asked for at most for a quarter of the time."""

MAX_GROUPS: Final = 500
MAX_GROUPS_OF_A_LINK: Final = 10
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


def find_group(groups: dict[Watch, Group], watch: Watch) -> Group:
    """The group, made if need be; the lock that guards the groups is held.

    Raises:
        TooManyWatchesError: there are as many as this process keeps.
    """
    group = groups.get(watch)
    if group is None:
        by_link = [each for each in groups if each.link_id == watch.link_id]
        most = MAX_GROUPS if watch.link_id is None else MAX_GROUPS_OF_A_LINK
        if len(groups) >= MAX_GROUPS or len(by_link) >= most:
            raise TooManyWatchesError
        group = groups[watch] = Group(watch)
    return group


def check_link(groups: Mapping[Watch, Group], watch: Watch, max_streams: int) -> None:
    """Returns if one more may watch by the link: strangers leave room for others.

    Raises:
        TooManyWatchesError: strangers have half of all streams already.
    """
    if watch.link_id is None:
        return
    viewers = sum(
        len(group.viewers)
        for group in groups.values()
        if group.watch.link_id is not None
    )
    if viewers >= max_streams // 2:
        raise TooManyWatchesError
