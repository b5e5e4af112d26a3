"""The way of a request through the door.

decode → site → drop? → duplicate? → user → session → enrich → record → answer
"""

import re
from secrets import token_hex

import msgspec

from liveinsight.collect.decode import Sent, decode_body
from liveinsight.collect.door import Door
from liveinsight.collect.enrich import (
    Moment,
    client_of,
    complete,
    draft,
)
from liveinsight.collect.http import (
    ANY_ORIGIN,
    Headers,
    Reply,
    Request,
    check_method,
    cors_for,
    preflight,
    read_body,
    refuse,
)
from liveinsight.collect.identify import Identifier, is_in_chain, sent_session
from liveinsight.collect.recent import Copy, Key
from liveinsight.collect.replies import Result, answer_batch, answer_one
from liveinsight.collect.tally import Tally
from liveinsight.core import limits
from liveinsight.core.event import Event, RawEvent
from liveinsight.core.outcome import DropReason, Outcome, Status
from liveinsight.core.ports import Batch, Store
from liveinsight.core.site import Site, site_id
from liveinsight.core.url import split_url
from liveinsight.errors import PayloadError, StoreUnavailable


async def collect(request: Request, store: Store, door: Door, now: int) -> Reply:
    """The answer to a request that was received at `now` (ms).

    An answer of 200 is given after its events have become durable, never before.
    """
    if request.method == "OPTIONS":
        return preflight(_cors_of_preflight(request, door))
    try:
        check_method(request)
        return await Intake(request, store, door, now).take_in(request)
    except (PayloadError, StoreUnavailable) as error:
        return refuse(error)


def _cors_of_preflight(request: Request, door: Door) -> Headers:
    """A preflight names no site: an origin that any site lists is echoed."""
    origin = request.headers.get("origin")
    if origin and door.sites.restricted_to(origin):
        return cors_for(origin)
    return ANY_ORIGIN


class _Hint(msgspec.Struct, frozen=True):
    """What can be read of an event that is rejected."""

    event_id: object = None
    site: object = None
    page_url: object = None


_HINT = msgspec.json.Decoder(_Hint)
_IS_ID = re.compile(limits.EVENT_ID_PATTERN)
_EVENT_PREFIX = "evt_"


class _Visit(msgspec.Struct):
    """What the events of one visitor's session in a request have in common."""

    site: str
    reason: DropReason | None
    """Why they are dropped, if they are."""
    user: str | None
    """As sent."""
    session_id: str | None
    """As sent; without it, it is made or continued."""
    drafted: Event
    last: int = 0
    """The latest effective time of those that extend the session."""


class Intake:
    """The work on one request, until its batch is recorded."""

    def __init__(self, request: Request, store: Store, door: Door, now: int) -> None:
        client = client_of(request, door)
        self._store = store
        self._door = door
        self._now = now
        self._client = client
        self._identifier = Identifier(store, client, now)
        self._tally = Tally(now, door.samples, (client.address, client.user_agent))
        self._events: list[Event] = []
        self._stored: dict[Key, Copy] = {}
        self._verdicts: dict[str, DropReason | None] = {}
        self._visits: dict[tuple[object, ...], _Visit] = {}
        self._cors = ANY_ORIGIN

    async def take_in(self, request: Request) -> Reply:
        """The answer, once all that it promises is durable.

        Raises:
            PayloadError: the body as a whole, or its single event, is rejected.
            StoreUnavailable: nothing is promised.
        """
        try:
            sent = decode_body(read_body(request))
        except PayloadError as error:
            self._reject(request.body, error)
            await self._record()
            raise
        moment = Moment(self._now, sent.sent_at, self._door.settings)
        results: list[Result] = []
        rejection: PayloadError | None = None
        for index in range(len(sent.events)):
            try:
                result = await self._take(sent, index, moment)
            except PayloadError as error:
                rejection = error
                result = self._reject(sent.raw(index), error)
            results.append(result)
        await self._record()
        if sent.is_batch:
            return answer_batch(results, self._cors)
        if rejection is not None:
            return refuse(rejection, cors=self._cors, event_id=results[0].event_id)
        return answer_one(results[0], self._cors)

    async def _take(self, sent: Sent, index: int, moment: Moment) -> Result:
        """What becomes of one event.

        Raises:
            PayloadError: it is rejected.
        """
        event = sent.events[index]
        if isinstance(event, PayloadError):
            raise event
        site = event.site
        if site is None or site not in self._door.sites.by_id:
            site = self._find_site(event)
            if site is None:
                return self._drop_stranger(event, sent.raw(index))
        visit = self._visit_of(event, site)
        if visit.reason is not None:
            return self._drop(event, site, visit.reason, sent.raw(index))
        self._tally.receive(site)
        event_id = _event_id(event.event_id)
        key = (site, event_id)
        copy = self._stored.get(key) or self._door.recent.get(key)
        if copy is not None:
            repeat = copy.compare(sent.fingerprints[index])
            self._tally.count(site, Outcome.DUPLICATE, repeat)
            return Result(event_id, copy.session_id, Status.DUPLICATE, repeat)
        times = moment.times_of(event.timestamp)
        visitor, session_id = await self._identify(event, visit, event_id, times[2])
        ids = (event_id, visitor, session_id)
        self._events.append(complete(visit.drafted, event, ids, times, self._now))
        if event.event_id is not None:
            self._stored[key] = Copy(sent.fingerprints[index], session_id)
        return Result(event_id, session_id, Status.ACCEPTED)

    def _visit_of(self, event: RawEvent, site: str) -> _Visit:
        """What this event has in common with others of the request."""
        key = (
            site,
            event.user_id,
            event.session_id,
            event.screen_width,
            event.language,
            event.timezone,
        )
        visit = self._visits.get(key)
        if visit is None:
            session_id = event.session_id
            visit = self._visits[key] = _Visit(
                site,
                self._verdict_on(site),
                event.user_id,
                None if session_id is None else sent_session(session_id),
                draft(event, self._door.sites.get(site), self._client),
            )
        return visit

    async def _identify(
        self, event: RawEvent, visit: _Visit, event_id: str, at: int
    ) -> tuple[str | None, str]:
        """The derived visitor, if no user was sent, and the session."""
        site, user, session_id, visitor = visit.site, visit.user, visit.session_id, None
        if user is None:
            user = visitor = await self._identifier.visitor_of(site, at)
        if session_id is None:
            session_id = await self._identifier.session_of(
                event, site, user, event_id, at
            )
        elif is_in_chain(event):
            if visitor is not None:
                self._identifier.extend(site, visitor, session_id, at)
            elif at > visit.last:
                visit.last = at
        return visitor, session_id

    async def _record(self) -> None:
        """Makes all durable; only then are its ids known to the door."""
        for visit in self._visits.values():
            if visit.user and visit.session_id and visit.last:
                self._identifier.extend(
                    visit.site, visit.user, visit.session_id, visit.last
                )
        await self._identifier.extend_sent()
        tally = self._tally
        await self._store.record(
            Batch(events=self._events, ledger=tally.ledger, samples=tally.samples)
        )
        self._door.recent.add(self._stored)

    def _find_site(self, event: RawEvent) -> str | None:
        """The site of an event that names no configured one; None if none has it.

        Raises:
            PayloadError: it names no site and has no page to find one by.
        """
        named, host = _asked_for(event)
        door = self._door
        if door.sites.configured:
            return door.sites.find(named, host)
        candidate = named or host or ""
        is_kept = candidate in door.hosts or (
            not self._client.device.is_bot and door.hosts.admit(candidate)
        )
        return candidate if is_kept else None

    def _verdict_on(self, site: str) -> DropReason | None:
        """Why events of this request on `site` are dropped; None if they are not."""
        if site not in self._verdicts:
            self._verdicts[site] = self._judge(self._door.sites.get(site))
        return self._verdicts[site]

    def _judge(self, site: Site) -> DropReason | None:
        client = self._client
        is_allowed = site.allows(client.origin)
        if site.allowed_origins:
            listed = client.origin if is_allowed else None
            self._cors = cors_for(listed or site.allowed_origins[0])
        if client.device.is_bot:
            return DropReason.BOT
        if site.excludes(client.address):
            return DropReason.EXCLUDED_ADDRESS
        return None if is_allowed else DropReason.ORIGIN_NOT_ALLOWED

    def _drop_stranger(self, event: RawEvent, raw: bytes) -> Result:
        """Drops an event that no site will have; its host is counted as a site."""
        if self._client.device.is_bot:
            return self._drop(event, "", DropReason.BOT, raw)
        named, host = _asked_for(event)
        knocked = self._door.hosts.knock(named or host or "")
        return self._drop(event, knocked, DropReason.UNKNOWN_SITE, raw)

    def _drop(
        self, event: RawEvent, site: str, reason: DropReason, raw: bytes
    ) -> Result:
        self._tally.receive(site)
        self._tally.refuse(site, Outcome.DROPPED, reason, raw)
        return Result(_event_id(event.event_id), None, Status.DROPPED, reason)

    def _reject(self, raw: bytes, error: PayloadError) -> Result:
        hint = _read_hint(raw)
        site = self._site_of_rejected(hint)
        self._tally.receive(site)
        self._tally.refuse(site, Outcome.REJECTED, error.field, raw)
        is_id = isinstance(hint.event_id, str) and _IS_ID.match(hint.event_id)
        event_id = _event_id(str(hint.event_id)) if is_id else None
        reason = f"{error.field}: {error.reason}"
        return Result(event_id, None, Status.REJECTED, reason)

    def _site_of_rejected(self, hint: _Hint) -> str:
        """The known site to count a rejected event under; "" if there is none."""
        named = site_id(hint.site) if isinstance(hint.site, str) else None
        page = split_url(hint.page_url) if isinstance(hint.page_url, str) else None
        host = None if page is None else page.host
        door = self._door
        if door.sites.configured:
            return door.sites.find(named, host) or ""
        candidate = named or host or ""
        return candidate if candidate in door.hosts else ""


def _asked_for(event: RawEvent) -> tuple[str | None, str | None]:
    """The site that an event names, and the host of its page.

    Raises:
        PayloadError: it names no site and has no page to find one by.
    """
    named = None
    if event.site:
        named = site_id(event.site)
        if not named:
            raise PayloadError("site", "must be a domain")
    page = split_url(event.page_url) if event.page_url else None
    host = None if page is None else page.host
    if named is None and host is None:
        raise PayloadError("site", "must be given, or else page_url")
    return named, host


def _event_id(sent: str | None) -> str:
    """The id as it is stored; a new one where none was sent."""
    if sent is None:
        return _EVENT_PREFIX + token_hex(16)
    return sent if sent.startswith(_EVENT_PREFIX) else _EVENT_PREFIX + sent


def _read_hint(raw: bytes) -> _Hint:
    try:
        return _HINT.decode(raw)
    except (ValueError, RecursionError):  # both of msgspec's errors are ValueErrors
        return _Hint()
