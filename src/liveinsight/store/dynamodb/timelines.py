"""One session, or one visitor, as of now: the warehouse and what it does not have yet."""

import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Final

from liveinsight.core.event import Event
from liveinsight.core.limits import SECOND, SESSION_SILENCE
from liveinsight.core.ports import Reader
from liveinsight.errors import StoreUnavailable
from liveinsight.store.dynamodb.live import LiveSessions
from liveinsight.store.dynamodb.reader import DynamoReader
from liveinsight.store.fresh_copy import fresh_copy
from liveinsight.store.warehouse import Warehouse

log = logging.getLogger(__name__)

ARCHIVE_DELAY: Final = 180 * SECOND
"""At most from an event to its archive object: the widest window is two minutes."""
SIBLINGS: Final = 5
"""Active sessions of one visitor that are looked at."""


class Timelines:
    """Reads the tables' indexes for whoever has been active lately, and for nobody else.

    Args:
        complete_through: when the archive was listed that has been applied in full, ms.
    """

    def __init__(
        self,
        warehouse: Warehouse,
        tables: DynamoReader,
        live: LiveSessions,
        clock: Callable[[], int],
        complete_through: Callable[[], int],
    ) -> None:
        self._warehouse = warehouse
        self._tables = tables
        self._live = live
        self._clock = clock
        self._complete_through = complete_through

    @contextmanager
    def of_session(self, site: str | None, session_id: str) -> Iterator[Reader]:
        """Reads the warehouse, and what has come for the session since.

        Raises:
            StoreUnavailable: the warehouse does not answer.
        """
        if self._is_past(site, session_id):
            yield self._warehouse
            return
        with self._reading(
            site, self._look_up(partial(self._around, session_id))
        ) as reader:
            yield reader

    @contextmanager
    def of_user(self, site: str | None, user: str) -> Iterator[Reader]:
        """Reads the warehouse, and what has come of the visitor since.

        Raises:
            StoreUnavailable: the warehouse does not answer.
        """
        events = self._look_up(partial(self._lately, site, user))
        with self._reading(site, [e for e in events if e.user == user]) as reader:
            yield reader

    def _around(self, session_id: str) -> list[Event]:
        now = self._clock()
        events = self._tables.events_of_session(session_id, now)
        users = list(dict.fromkeys(e.user_id for e in events if e.user_id))
        for user in users[:SIBLINGS]:
            # In another tab, a visitor may go on under another id.
            begun = min(event.timestamp for event in events if event.user_id == user)
            since = begun - SESSION_SILENCE
            events += self._tables.events_of_user(user, now, since=since)
        return events

    def _lately(self, site: str | None, user: str) -> list[Event]:
        now = self._clock()
        since = self._complete_through() - ARCHIVE_DELAY - SESSION_SILENCE
        events = self._tables.events_of_user(user, now, since=since)
        self._live.refresh()
        for session_id in self._live.sessions_of(site, user)[:SIBLINGS]:
            events += self._tables.events_of_session(session_id, now, since=since)
        return events

    def _look_up(self, work: Callable[[], list[Event]]) -> list[Event]:
        """What the tables know; nothing where they do not answer: the rest is there."""
        try:
            return work()
        except StoreUnavailable as error:
            log.warning("the tables cannot be read: %s", error)
            return []

    def _is_past(self, site: str | None, session_id: str) -> bool:
        """Whether the warehouse has all of the session: nothing can extend it any more.

        But for what comes late: that is seen when the archive has it.
        """
        rows = self._warehouse.query(_ENDED, [session_id, site])
        ended = int(str(rows[0][0])) if rows else None
        reliable = self._complete_through() - ARCHIVE_DELAY
        return ended is not None and ended + SESSION_SILENCE < reliable

    @contextmanager
    def _reading(self, site: str | None, events: Iterable[Event]) -> Iterator[Reader]:
        unique = {
            (event.site, event.event_id): event
            for event in events
            if site in (None, event.site)
        }
        if not unique:
            yield self._warehouse
            return
        with fresh_copy(self._warehouse, list(unique.values())) as reader:
            yield reader


_ENDED: Final = """
select max(present_at)
from (
    select present_at from runs
    where session_id = $1 and ($2::varchar is null or site = $2)
    union all
    select runs.present_at
    from given_ids as g
    join runs on runs.user_key = g.user_key and runs.site = g.site
        and runs.start_time <= g.time and runs.last_activity >= g.time
    where g.given_id = $1 and ($2::varchar is null or g.site = $2)
)
having max(present_at) is not null
"""
