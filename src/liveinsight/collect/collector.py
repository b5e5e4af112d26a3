"""The way of a request through the door.

decode → site → drop? → duplicate? → user → session → enrich → record → answer
"""

import re
from secrets import token_hex

import msgspec

from liveinsight.collect.decode import decode_event, split_body
from liveinsight.collect.door import Door
from liveinsight.collect.enrich import (
    Identity,
    Moment,
    client_of,
    enrich,
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
from liveinsight.collect.identify import Identifier
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


class _Verdict(msgspec.Struct, frozen=True):
    """What becomes of a request's events on one site."""

    reason: DropReason | None
    keeps_address: bool = False


_OF_BOTS = _Verdict(DropReason.BOT)
_OF_STRANGERS = _Verdict(DropReason.UNKNOWN_SITE)


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
        self._verdicts: dict[str, _Verdict] = {}
        self._cors = ANY_ORIGIN

    async def take_in(self, request: Request) -> Reply:
        """The answer, once all that it promises is durable.

        Raises:
            PayloadError: the body as a whole, or its single event, is rejected.
            StoreUnavailable: nothing is promised.
        """
        try:
            sent = split_body(read_body(request))
        except PayloadError as error:
            self._reject(request.body, error)
            await self._record()
            raise
        settings = self._door.settings
        moment = Moment(
            self._now, sent.sent_at, settings.clock_ahead, settings.clock_behind
        )
        results: list[Result] = []
        rejection: PayloadError | None = None
        for raw in sent.events:
            try:
                result = await self._take(raw, moment, has_escapes=sent.has_escapes)
            except PayloadError as error:
                rejection = error
                result = self._reject(raw, error)
            results.append(result)
        await self._record()
        if sent.is_batch:
            return answer_batch(results, self._cors)
        if rejection is not None:
            return refuse(rejection, cors=self._cors, event_id=results[0].event_id)
        return answer_one(results[0], self._cors)

    async def _take(self, raw: bytes, moment: Moment, *, has_escapes: bool) -> Result:
        """What becomes of one event.

        Raises:
            PayloadError: it is rejected.
        """
        decoded = decode_event(raw, has_escapes=has_escapes)
        event = decoded.event
        site, candidate = self._site_of(event)
        verdict = self._verdict_on(site)
        if site is None or verdict.reason is not None:
            return self._drop(raw, event, site, candidate)
        self._tally.receive(site)
        event_id = _event_id(event.event_id)
        key = (site, event_id)
        copy = self._stored.get(key) or self._door.recent.get(key)
        if copy is not None:
            repeat = copy.compare(decoded.fingerprint)
            self._tally.count(site, Outcome.DUPLICATE, repeat)
            return Result(event_id, copy.session_id, Status.DUPLICATE, repeat)
        times = moment.times_of(event.timestamp)
        identity = self._sent_identity(event, key, times.effective)
        if identity is None:
            identity = await self._identify(event, key, times.effective)
        self._events.append(enrich(event, identity, self._client, times, self._now))
        if event.event_id is not None:
            self._stored[key] = Copy(decoded.fingerprint, identity.session_id)
        return Result(event_id, identity.session_id, Status.ACCEPTED)

    def _sent_identity(self, event: RawEvent, key: Key, at: int) -> Identity | None:
        """The ids of an event that brought its user and its session, as most do."""
        user, sent = event.user_id, event.session_id
        if user is None or sent is None:
            return None
        site, event_id = key
        session_id = self._identifier.sent_session(event, sent, site, user, at)
        keeps_address = self._verdicts[site].keeps_address
        return Identity(site, event_id, None, session_id, True, keeps_address)  # noqa: FBT003

    async def _identify(self, event: RawEvent, key: Key, at: int) -> Identity:
        """The ids of an event that lacks one of them."""
        (site, event_id), visitor, sent = key, None, event.session_id
        if event.user_id is None:
            visitor = await self._identifier.visitor_of(site, at)
        user = event.user_id or visitor or ""
        if sent is not None:
            session_id = self._identifier.sent_session(event, sent, site, user, at)
        else:
            session_id = await self._identifier.session_of(
                event, site, user, event_id, at
            )
        return Identity(
            site,
            event_id,
            visitor,
            session_id,
            sent is not None,
            self._verdicts[site].keeps_address,
        )

    async def _record(self) -> None:
        """Makes all durable; only then are its ids known to the door."""
        await self._identifier.extend_sent()
        tally = self._tally
        await self._store.record(
            Batch(events=self._events, ledger=tally.ledger, samples=tally.samples)
        )
        self._door.recent.add(self._stored)

    def _site_of(self, event: RawEvent) -> tuple[str | None, str]:
        """The event's site, None where none will have it; and what it asked for.

        Raises:
            PayloadError: it names no site and has no page to find one by.
        """
        known = self._door.sites.by_id
        if event.site and event.site in known:  # the usual case; the rest is rarer
            return event.site, event.site
        named = None
        if event.site:
            named = site_id(event.site)
            if not named:
                raise PayloadError("site", "must be a domain")
        page = split_url(event.page_url) if event.page_url else None
        host = None if page is None else page.host
        candidate = named or host
        if candidate is None:
            raise PayloadError("site", "must be given, or else page_url")
        door = self._door
        if door.sites.configured:
            return door.sites.find(named, host), candidate
        is_kept = candidate in door.hosts or (
            not self._client.device.is_bot and door.hosts.admit(candidate)
        )
        return (candidate if is_kept else None), candidate

    def _verdict_on(self, site: str | None) -> _Verdict:
        """What becomes of events of this request on `site`."""
        if site is None:
            return _OF_BOTS if self._client.device.is_bot else _OF_STRANGERS
        verdict = self._verdicts.get(site)
        if verdict is None:
            verdict = self._verdicts[site] = self._judge(self._door.sites.get(site))
        return verdict

    def _judge(self, site: Site) -> _Verdict:
        client = self._client
        is_allowed = site.allows(client.origin)
        if site.allowed_origins:
            listed = client.origin if is_allowed else None
            self._cors = cors_for(listed or site.allowed_origins[0])
        if client.device.is_bot:
            return _OF_BOTS
        if site.excludes(client.address):
            return _Verdict(DropReason.EXCLUDED_ADDRESS)
        if not is_allowed:
            return _Verdict(DropReason.ORIGIN_NOT_ALLOWED)
        return _Verdict(None, site.keep_addresses)

    def _drop(
        self, raw: bytes, event: RawEvent, site: str | None, candidate: str
    ) -> Result:
        reason = self._verdict_on(site).reason or DropReason.UNKNOWN_SITE
        if site is None and reason is DropReason.UNKNOWN_SITE:
            site = self._door.hosts.knock(candidate)
        self._tally.receive(site or "")
        self._tally.refuse(site or "", Outcome.DROPPED, reason, raw)
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
