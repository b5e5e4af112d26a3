"""Which user and which session the events of one request belong to."""

from liveinsight.collect.enrich import Client
from liveinsight.core.event import ENGAGEMENT, RawEvent
from liveinsight.core.ports import Salts, Store
from liveinsight.core.session import made_session_id
from liveinsight.core.user_id import visitor_id

SESSION_PREFIX = "sess_"


class Identifier:
    """Asks the store as seldom as the events of a request allow."""

    def __init__(self, store: Store, client: Client, now: int) -> None:
        self._store = store
        self._client = client
        self._now = now
        self._salts: Salts | None = None
        self._sent: dict[tuple[str, str, str], int] = {}

    async def visitor_of(self, site: str, at: int) -> str:
        """The id of a user who sent none.

        Today's; yesterday's while its salt exists and a session runs under it.
        """
        if self._salts is None:
            self._salts = await self._store.salts(self._now)
        salts, client = self._salts, self._client
        if salts.yesterday is not None:
            old = visitor_id(salts.yesterday, site, client.address, client.user_agent)
            if await self._store.is_running(site, old, at):
                return old
        return visitor_id(salts.today, site, client.address, client.user_agent)

    def extend(self, site: str, user: str, session_id: str, at: int) -> None:
        """Notes an event of a session that was sent, for extend_sent()."""
        key = (site, user, session_id)
        known = self._sent.get(key)
        if known is None or at > known:
            self._sent[key] = at

    async def extend_sent(self) -> None:
        """Tells the store of the sent sessions: once each, not once an event."""
        for (site, user, session_id), at in self._sent.items():
            await self._store.session_of(site, user, at, session_id, sent=True)

    async def session_of(
        self, event: RawEvent, site: str, user: str, event_id: str, at: int
    ) -> str:
        """The id of the running session, or of one that this event opens."""
        made = made_session_id(site, user, event_id)
        # What is in no session opens none; it may lie in a running one.
        if is_in_chain(event) or await self._store.is_running(site, user, at):
            return await self._store.session_of(site, user, at, made, sent=False)
        return made


def is_in_chain(event: RawEvent) -> bool:
    """Whether the event opens or extends a session; as core.session.in_chain."""
    return event.interactive is not False or event.event_type == ENGAGEMENT
