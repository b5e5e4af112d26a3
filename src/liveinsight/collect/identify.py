"""Which user and which session the events of one request belong to."""

from liveinsight.collect.enrich import Client
from liveinsight.core.event import ENGAGEMENT, RawEvent
from liveinsight.core.ports import Salts, Store
from liveinsight.core.session import made_session_id
from liveinsight.core.user_id import visitor_id

_SESSION_PREFIX = "sess_"


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

    async def session_of(
        self, event: RawEvent, site: str, user: str, event_id: str, at: int
    ) -> str:
        """The session id for the reply: the sender's, the running one's, or made."""
        in_chain = event.interactive is not False or event.event_type == ENGAGEMENT
        sent = event.session_id
        if sent is None:
            made = made_session_id(site, user, event_id)
            # What is in no session opens none; it may lie in a running one.
            if in_chain or await self._store.is_running(site, user, at):
                return await self._store.session_of(site, user, at, made, sent=False)
            return made
        if not sent.startswith(_SESSION_PREFIX):
            sent = _SESSION_PREFIX + sent
        if in_chain:
            await self._extend(site, user, sent, at)
        return sent

    async def _extend(self, site: str, user: str, session_id: str, at: int) -> None:
        """Tells the store of a sent session once, and again only where it grows."""
        key = (site, user, session_id)
        known = self._sent.get(key)
        if known is None or at > known:
            self._sent[key] = at
            await self._store.session_of(site, user, at, session_id, sent=True)
