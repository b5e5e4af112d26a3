"""The running sessions, in memory: which session a request without one belongs to."""

from collections import OrderedDict

import msgspec

from liveinsight.core.limits import SESSION_SILENCE

SESSIONS = 100_000
"""Up to 650 bytes each with the longest ids: 65 MB of the 500 that a server may use."""


class RunningSession(msgspec.Struct, kw_only=True, gc=False):
    """A user's latest session on a site, as far as the door knows."""

    site: str
    user: str
    session_id: str
    start: int
    last: int

    def reaches(self, at: int) -> bool:
        """Whether an event at `at` (ms) belongs to it."""
        return self.start - SESSION_SILENCE <= at <= self.last + SESSION_SILENCE


class RunningSessions:
    """At most `limit` of them; the one longest unused is forgotten.

    Forgetting costs nothing but the provisional id: the fold decides.
    """

    def __init__(self, limit: int = SESSIONS) -> None:
        self._limit = limit
        self._by_user: OrderedDict[tuple[str, str], RunningSession] = OrderedDict()

    def __len__(self) -> int:
        return len(self._by_user)

    def is_running(self, site: str, user: str, at: int) -> bool:
        """Whether the user's latest session reaches `at` (ms)."""
        running = self._by_user.get((site, user))
        return running is not None and running.reaches(at)

    def session_of(
        self, site: str, user: str, at: int, proposed: str, *, sent: bool
    ) -> str:
        """The id of the user's session at `at` (ms), which is extended to `at`."""
        key = (site, user)
        running = self._by_user.get(key)
        if running is None or (not running.reaches(at) and at > running.last):
            self._remember(
                key,
                RunningSession(
                    site=site, user=user, session_id=proposed, start=at, last=at
                ),
            )
            return proposed
        if not running.reaches(at):  # long before: the later one stays the latest
            return proposed
        self._by_user.move_to_end(key)
        running.start = min(running.start, at)
        running.last = max(running.last, at)
        if sent:
            running.session_id = proposed
        return running.session_id

    def seed(self, running: RunningSession) -> None:
        """Takes in a session known from before the start, if it is the user's latest."""
        key = (running.site, running.user)
        known = self._by_user.get(key)
        if known is None or known.last <= running.last:
            self._remember(key, running)

    def forget(self, site: str, user: str) -> None:
        """Forgets the user's latest session."""
        self._by_user.pop((site, user), None)

    def _remember(self, key: tuple[str, str], running: RunningSession) -> None:
        self._by_user[key] = running
        self._by_user.move_to_end(key)
        if len(self._by_user) > self._limit:
            self._by_user.popitem(last=False)
