"""The way of a request through the door.

decode → site → drop? → duplicate? → user → session → enrich → record → answer
"""

import re
from secrets import token_hex

import msgspec

from liveinsight.collect.admit import Admission, Hint
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
from liveinsight.collect.identify import SESSION_PREFIX, Identifier, is_in_chain
from liveinsight.collect.recent import Copy, Key
from liveinsight.collect.replies import Result, answer_batch, answer_one
from liveinsight.collect.tally import Tally
from liveinsight.core import limits
from liveinsight.core.event import Event, RawEvent
from liveinsight.core.outcome import DropReason, Outcome, Status
from liveinsight.core.ports import Batch, Store
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


_HINT = msgspec.json.Decoder(Hint)
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
        self._sites = door.sites.by_id
        self._admission = Admission(door, client)
        self._identifier = Identifier(store, client, now)
        self._tally = Tally(now, door.samples, (client.address, client.user_agent))
        self._events: list[Event] = []
        self._stored: dict[Key, Copy] = {}
        self._visits: dict[tuple[object, ...], _Visit] = {}

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
            return answer_batch(results, self._admission.cors)
        if rejection is not None:
            return refuse(
                rejection, cors=self._admission.cors, event_id=results[0].event_id
            )
        return answer_one(results[0], self._admission.cors)

    async def _take(self, sent: Sent, index: int, moment: Moment) -> Result:
        """What becomes of one event.

        Raises:
            PayloadError: it is rejected.
        """
        event = sent.events[index]
        if isinstance(event, PayloadError):
            raise event
        visit = self._visit_of(event)
        site = visit.site
        self._tally.receive(site)
        if visit.reason is not None:
            return self._drop(event, site, visit.reason, sent.raw(index))
        event_id = _event_id(event.event_id)
        key = (site, event_id)
        copy = self._stored.get(key) or self._door.recent.get(key)
        if copy is not None:
            repeat = copy.compare(sent.fingerprints[index])
            self._tally.count(site, Outcome.DUPLICATE, repeat)
            return Result(event_id, copy.session_id, Status.DUPLICATE, repeat)
        times = moment.times_of(event.timestamp)
        at = times[2]
        visitor, session_id = None, visit.session_id
        if visit.user is None or session_id is None:
            visitor, session_id = await self._identify(event, visit, event_id, at)
        elif at > visit.last and is_in_chain(event):
            visit.last = at
        ids = (event_id, visitor, session_id)
        self._events.append(complete(visit.drafted, event, ids, times, self._now))
        if event.event_id is not None:
            self._stored[key] = Copy(sent.fingerprints[index], session_id)
        return Result(event_id, session_id, Status.ACCEPTED)

    def _visit_of(self, event: RawEvent) -> _Visit:
        """What this event has in common with others of the request.

        Raises:
            PayloadError: it belongs to no site and to no host.
        """
        site = event.site
        if site is None or site not in self._sites:
            site = self._admission.find_site(event)
        key = (site, event.user_id, event.session_id, event.language, event.timezone)
        visit = self._visits.get(key)
        if visit is None:
            visit = self._begin_visit(event, site)
            if site is not None:
                self._visits[key] = visit
        return visit

    def _begin_visit(self, event: RawEvent, site: str | None) -> _Visit:
        reason: DropReason | None
        if site is None:
            site, reason = self._admission.refuse_stranger(event)
        else:
            reason = self._admission.reason_on(site)
        session_id = event.session_id
        if session_id is not None and not session_id.startswith(SESSION_PREFIX):
            session_id = SESSION_PREFIX + session_id
        drafted = draft(event, self._door.sites.get(site), self._client)
        return _Visit(site, reason, event.user_id, session_id, drafted)

    async def _identify(
        self, event: RawEvent, visit: _Visit, event_id: str, at: int
    ) -> tuple[str | None, str]:
        """Visitor and session of an event that lacks user or session."""
        site, user, visitor = visit.site, visit.user, None
        if user is None:
            user = visitor = await self._identifier.visitor_of(site, at)
        session_id = visit.session_id
        if session_id is None:
            session_id = await self._identifier.session_of(
                event, site, user, event_id, at
            )
        elif is_in_chain(event):
            self._identifier.extend(site, user, session_id, at)
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

    def _drop(
        self, event: RawEvent, site: str, reason: DropReason, raw: bytes
    ) -> Result:
        self._tally.refuse(site, Outcome.DROPPED, reason, raw)
        return Result(_event_id(event.event_id), None, Status.DROPPED, reason)

    def _reject(self, raw: bytes, error: PayloadError) -> Result:
        hint = _read_hint(raw)
        site = self._admission.site_of_rejected(hint)
        self._tally.receive(site)
        self._tally.refuse(site, Outcome.REJECTED, error.field, raw)
        is_id = isinstance(hint.event_id, str) and _IS_ID.match(hint.event_id)
        event_id = _event_id(str(hint.event_id)) if is_id else None
        reason = f"{error.field}: {error.reason}"
        return Result(event_id, None, Status.REJECTED, reason)


def _event_id(sent: str | None) -> str:
    """The id as it is stored; a new one where none was sent."""
    if sent is None:
        return _EVENT_PREFIX + token_hex(16)
    return sent if sent.startswith(_EVENT_PREFIX) else _EVENT_PREFIX + sent


def _read_hint(raw: bytes) -> Hint:
    try:
        return _HINT.decode(raw)
    except (ValueError, RecursionError):  # both of msgspec's errors are ValueErrors
        return Hint()
