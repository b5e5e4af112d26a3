"""The settler, and in a list what the re-settle queue would hold."""

from collections.abc import Sequence
from typing import Any

import msgspec

from liveinsight.core.event import Event
from liveinsight.store.dynamodb.items import Item
from liveinsight.store.dynamodb.settle import Settler
from liveinsight.store.dynamodb.touch import (
    Touch,
    TouchMessage,
    messages_of,
    touches_of,
)
from tests.aws.dynamodb_local import Database
from tests.store.builders import T0
from tests.store.dynamodb.streaming import put_events


class Settling:
    """Stores events and settles their sessions, over any client of the tables."""

    def __init__(self, database: Database, client: Any = None) -> None:
        self.database = database
        self.settler = Settler(client or database.client, database.tables, lambda: T0)
        self.queue: list[Touch] = []

    def take(self, *events: Event, at_once: bool = True) -> None:
        """Takes a batch; without `at_once` its sessions are left to the queue."""
        put_events(self.database, events)
        for touch, hand in touches_of({e.event_id: e for e in events}.values()):
            if at_once:
                self._settle(touch, hand)
            self.queue.append(touch)

    def settle_next(self, place: int = 0) -> None:
        """Settles what the message at this place of the queue says."""
        [body] = messages_of([self.queue.pop(place)])
        [touch] = msgspec.json.decode(body, type=TouchMessage).touches
        if self._settle(touch, ()):
            self.queue.append(touch)

    def settle_all(self) -> None:
        """Settles until the queue is empty, as it must be at some time."""
        for _ in range(500):
            if not self.queue:
                return
            self.settle_next()
        raise AssertionError("one settling leads to the next for ever")

    def rows(self) -> list[Item]:
        return self.database.items_of(self.database.tables.sessions)

    def _settle(self, touch: Touch, hand: Sequence[Event]) -> bool:
        settled = self.settler.settle(touch, hand)
        self.queue += settled.again
        return settled.is_lagging
