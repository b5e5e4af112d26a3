"""The live page's engine: who watches what, and one computation for all of them.

Threads: `publish` comes from the inbox's writer, `poll` from Django's threads, the
rest runs on the event loop. `lock` guards groups, beginnings and the outbox; it is
never held during a question, a wait or a send.
"""

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import msgspec

from liveinsight.core import limits
from liveinsight.core.event import EncodedEvents
from liveinsight.core.ports import Reader
from liveinsight.dashboard.asgi_types import Receive, Scope, Send
from liveinsight.dashboard.live_feed import (
    Beginnings,
    describe,
    is_shown,
    passes,
)
from liveinsight.dashboard.live_group import (
    FRESH_FOR,
    Group,
    Viewer,
    check_link,
    find_group,
)
from liveinsight.dashboard.live_panels import LivePanels
from liveinsight.dashboard.live_stream import stream
from liveinsight.dashboard.rights import TooManyWatchesError, Watch

MAX_STREAMS: Final = 1_000
COMPUTED_A_SECOND: Final = 50
"""Panels of a (site, filters) a second; with more, the groups take turns."""
TICK: Final = 0.1
"""Seconds between two looks at what is due."""
OUTBOX_EVENTS: Final = 1_000
POLLED_FOR: Final = 5 * limits.SECOND
THREADS: Final = 2


class LiveHub:
    """Takes committed events and the warehouse's reader; feeds streams and polls.

    Args:
        read_at: when what the reader knows of now was read, where that is not now.
    """

    def __init__(
        self,
        reader: Reader,
        clock: Callable[[], int],
        *,
        backlog: Callable[[], int] = lambda: 0,
        read_at: Callable[[], int] | None = None,
        max_streams: int = MAX_STREAMS,
    ) -> None:
        self.clock = clock
        self.backlog = backlog
        self.panels = LivePanels(reader, clock, backlog, read_at or clock)
        self.max_streams = max_streams
        self.lock = threading.Lock()
        self.groups: dict[Watch, Group] = {}
        self.beginnings = Beginnings()
        self.outbox: deque[tuple[int, EncodedEvents]] = deque()
        self.waiting_events = 0
        self.stamp = 0
        self.streams = 0
        self.loop: asyncio.AbstractEventLoop | None = None
        self.wake = asyncio.Event()
        self.flush_is_planned = False
        self.flushed_at = 0.0
        self.flushed_events = 0
        self.closed = False
        self.threads = ThreadPoolExecutor(THREADS, "live")

    def sites(self) -> set[str]:
        """The sites that somebody watches."""
        with self.lock:
            return {group.watch.site for group in self.groups.values()}

    # --- events in -----------------------------------------------------------

    def publish(self, committed: Sequence[EncodedEvents]) -> None:
        """Takes events that are durable now; from any thread, in microseconds."""
        with self.lock:
            self.stamp = stamp = max(self.clock(), self.stamp + 1)
            for events in committed:
                if not self.beginnings.knows(events.sessions):
                    self.beginnings.note(events)
            if not self.groups:
                return
            for events in committed:
                self.outbox.append((stamp, events))
                self.waiting_events += events.count
            while self.waiting_events - self.outbox[0][1].count >= OUTBOX_EVENTS:
                self.waiting_events -= self.outbox.popleft()[1].count
            if self.flush_is_planned or self.loop is None:
                return
            self.flush_is_planned = True
            loop = self.loop
        try:
            loop.call_soon_threadsafe(self.plan_flush)
        except RuntimeError:  # the loop has closed: nobody watches any more
            self.flush_is_planned = False

    def plan_flush(self) -> None:
        """Flushes now, or as soon as the last flush is long enough ago."""
        loop = asyncio.get_running_loop()
        loop.call_at(
            max(loop.time(), self.flushed_at + self.flush_interval()), self.flush
        )

    def flush_interval(self) -> float:
        """Seconds between two messages of events: 50 ms, more where there is much.

        Nobody reads 1,000 events at once, and writing one costs the loop 5 us.
        """
        return min(0.25, 0.05 + self.streams / 1_000 + self.flushed_events / 4_000)

    def flush(self) -> None:
        """Hands the waiting events to all whose filters they pass."""
        self.flushed_at = asyncio.get_running_loop().time()
        for group, items in self.sort_outbox():
            for viewer in group.viewers:
                viewer.feed.extend(items)
                viewer.ready.set()

    def sort_outbox(self) -> list[tuple[Group, list[bytes]]]:
        """Empties the outbox into the groups; returns what is new for each."""
        with self.lock:
            self.flush_is_planned = False
            waiting = [
                (stamp, event)
                for stamp, events in self.outbox
                for event in events
                if is_shown(event)
            ][-OUTBOX_EVENTS:]
            self.flushed_events = len(waiting)
            self.outbox.clear()
            self.waiting_events = 0
            sites = {group.watch.site for group in self.groups.values()}
            items = [
                (stamp, event, start, msgspec.json.encode(describe(event, start)))
                for stamp, event in waiting
                if event.site in sites
                for start in (self.beginnings.of(event),)
            ]
            sorted_items = []
            for group in self.groups.values():
                watch = group.watch
                passed = [
                    (stamp, item)
                    for stamp, event, start, item in items
                    if event.site == watch.site and passes(event, start, watch.filters)
                ]
                if not passed:
                    continue
                group.has_news = True
                if watch.link_id is None:
                    group.recent.extend(passed)
                    sorted_items.append((group, [item for _, item in passed]))
            return sorted_items

    def forget(self, site: str, sessions: Iterable[str]) -> None:
        """Forgets these sessions of a site, and what it has lately said of the site."""
        with self.lock:
            for session_id in sessions:
                self.beginnings.known.pop((site, session_id), None)
            for group in self.groups.values():
                if group.watch.site == site:
                    group.recent.clear()
                    group.panels = None

    # --- panels --------------------------------------------------------------

    async def run(self) -> None:
        """Sends panels until cancelled; then ends all streams."""
        loop = self.loop = asyncio.get_running_loop()
        try:
            while True:
                began = loop.time()
                due = self.choose_due()
                await asyncio.gather(*(self.refresh(group) for group in due))
                took = loop.time() - began
                # Slow questions leave the engine time for others.
                pace = max(TICK, len(due) / COMPUTED_A_SECOND)
                await self.rest(max(pace - took, took / 2))
        finally:
            self.close()

    async def rest(self, seconds: float) -> None:
        """Waits; a new group ends it early."""
        try:
            async with asyncio.timeout(seconds):
                await self.wake.wait()
        except TimeoutError:
            return
        finally:
            self.wake.clear()

    def choose_due(self) -> list[Group]:
        """The groups to compute now, the longest waiting first; forgets the unwatched."""
        now, is_applied = self.clock(), not self.backlog()
        with self.lock:
            for group in list(self.groups.values()):
                if not group.viewers and group.polled_until < now:
                    del self.groups[group.watch]
            due = [
                group
                for group in self.groups.values()
                if group.viewers and group.is_due(now, is_applied=is_applied)
            ]
        due.sort(key=lambda group: group.computed_at)
        return due[:COMPUTED_A_SECOND]

    async def refresh(self, group: Group) -> None:
        """Computes the panels in a thread, and gives them to every viewer."""
        loop = asyncio.get_running_loop()
        panels = await loop.run_in_executor(self.threads, self.panels.compute, group)
        if panels is not None:
            for viewer in group.viewers:
                viewer.panels = panels
                viewer.ready.set()

    # --- viewers -------------------------------------------------------------

    def join(self, watch: Watch) -> Viewer:
        """A new stream's viewer; its first panels are computed at once.

        Raises:
            TooManyWatchesError: there are as many streams as this process keeps.
        """
        if self.streams >= self.max_streams:
            raise TooManyWatchesError
        viewer = Viewer()
        with self.lock:
            check_link(self.groups, watch, self.max_streams)
            group = find_group(self.groups, watch)
            group.viewers.add(viewer)
        self.streams += 1
        if group.panels is not None and self.clock() - group.computed_at < FRESH_FOR:
            viewer.panels = group.panels
            viewer.ready.set()
        else:
            self.wake.set()
        return viewer

    def leave(self, watch: Watch, viewer: Viewer) -> None:
        """The stream has ended."""
        self.streams -= 1
        with self.lock:
            group = self.groups.get(watch)
            if group is not None:
                group.viewers.discard(viewer)

    def poll(self, watch: Watch, since: int) -> bytes:
        """What a stream would have said after `since`, the `now` of the last poll (ms).

        Raises:
            TooManyWatchesError: too many distinct filters are watched.
        """
        if self.loop is None:
            self.sort_outbox()
        with self.lock:
            now = max(self.clock(), self.stamp)
            if self.outbox:  # the next poll gets what has not been handed out yet
                now = self.outbox[0][0] - 1
            self.stamp = max(now, self.stamp)
            group = find_group(self.groups, watch)
            group.polled_until = self.stamp + POLLED_FOR
        panels = self.panels.compute(group) or b"null"
        with self.lock:
            items = [item for stamp, item in group.recent if since < stamp <= now]
        feed = b'{"sent_at":%d,"events":[%b]}' % (self.clock(), b",".join(items))
        return b'{"now":%d,"feed":%b,"panels":%b}' % (now, feed, panels)

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI application of `/live/stream`."""
        await stream(self, scope, receive, send)

    def close(self) -> None:
        """Ends all streams and the threads."""
        self.closed = True
        self.loop = None
        with self.lock:
            viewers = [each for group in self.groups.values() for each in group.viewers]
        for viewer in viewers:
            viewer.close()
        self.threads.shutdown(wait=False, cancel_futures=True)
