"""Who visits during a load test: sessions as the tracker of a shop sends them.

Each visitor has a browser, a place and a way in, looks around as the demo's visitors
do, sends a request every few seconds, and makes room for somebody else after five.
"""

import secrets
from collections import deque
from collections.abc import Iterator
from typing import Final

import msgspec

from liveinsight.demo.journeys import Step, draw_journey
from liveinsight.demo.visitors import Entry, draw_entry, draw_visitor, seeded
from liveinsight.demo.visits import SentEvents, write_event

REQUESTS: Final = 5
"""Of one session; what docs/aws.md reckons with, too."""
PAUSE: Final = 2_000
"""Between two requests of one visitor, in ms."""
_SEED: Final = 1
_ONWARD: Final = Entry("/shop/")


class Post(msgspec.Struct, frozen=True):
    """What one request carries."""

    user_agent: str
    events: int
    body: bytes


class Visit:
    """One session under way."""

    def __init__(self, site: str, now: int, requests: int = REQUESTS) -> None:
        rng = seeded(secrets.randbits(32), secrets.randbits(32))
        self._rng = rng
        self._site = site
        self._visitor = draw_visitor(rng, _SEED, rng.randrange(1 << 20), 0)
        self._session = f"sess_{secrets.token_hex(16)}"
        self._entry: Entry | None = draw_entry(rng)
        self._steps = self._wander(self._entry)
        self._last = now - PAUSE
        self.left = requests
        """Requests that are still to come."""

    def _wander(self, entry: Entry) -> Iterator[Step]:
        yield from draw_journey(self._rng, entry)
        while True:
            yield from draw_journey(self._rng, _ONWARD)

    def next_post(self, events: int, now: int) -> Post:
        """What happened since the last request, until `now` (ms)."""
        begin, span = self._last, now - self._last
        written = []
        for number in range(1, events + 1):
            event = write_event(
                next(self._steps),
                self._visitor,
                self._session,
                self._entry,
                at=begin + span * number // events,
                site=self._site,
            )
            self._entry = None
            written.append(event)
        self._last = now
        self.left -= 1
        body = msgspec.json.encode(SentEvents(now, written))
        return Post(self._visitor.machine.user_agent, events, body)


class Audience:
    """The visitors of a test at `rate` requests a second of `batch` events each."""

    def __init__(self, site: str, rate: float, batch: int) -> None:
        self._site = site
        self._batch = batch
        self._at_once = max(1, round(rate * PAUSE / 1_000))
        self._visits: deque[Visit] = deque()
        self._met = 0

    def next_post(self, now: int) -> Post:
        """The request of whoever has waited longest, at `now` (ms)."""
        if self._met < self._at_once:
            # The first ones are in the middle of their visits, as on any day.
            visit = Visit(self._site, now, 1 + self._met % REQUESTS)
        elif len(self._visits) < self._at_once:
            visit = Visit(self._site, now)
        else:
            visit = self._visits.popleft()
        self._met += 1
        post = visit.next_post(self._batch, now)
        if visit.left:
            self._visits.append(visit)
        return post
