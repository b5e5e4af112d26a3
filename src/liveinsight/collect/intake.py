"""The work on one request, until its batch is recorded: see collect.collector."""

import re
from collections.abc import Sequence
from operator import attrgetter

import msgspec

from liveinsight.collect.admit import Admission, read_hint
from liveinsight.collect.decode import Sent, decode_body
from liveinsight.collect.door import Door
from liveinsight.collect.enrich import (
    Moment,
    arrival_of,
    client_of,
    find_own,
    settle,
    stored_id,
    write_arrival,
    write_event,
    write_identity,
    write_screen,
    write_setting,
)
from liveinsight.collect.http import Reply, Request, read_body, refuse
from liveinsight.collect.identify import SESSION_PREFIX, Identifier, is_in_chain
from liveinsight.collect.recent import Copy, Key
from liveinsight.collect.replies import Result, answer_batch, answer_one
from liveinsight.collect.tally import Tally
from liveinsight.core import limits
from liveinsight.core.event import EncodedEvents, RawEvent
from liveinsight.core.outcome import DropReason, Outcome, Status
from liveinsight.core.ports import Batch, Store
from liveinsight.errors import PayloadError


class Taken(msgspec.Struct, frozen=True):
    """What is left of a request to record, and the answer once that is done."""

    batch: Batch
    stored: dict[Key, Copy]
    """The events by which the door knows a duplicate."""
    reply: Reply

    def finish(self, door: Door) -> Reply:
        """The answer, now that the batch is durable."""
        door.recent.add(self.stored)
        return self.reply


_IS_ID = re.compile(limits.EVENT_ID_PATTERN)


class _Visit(msgspec.Struct):
    """What the events of one visitor's session in a request have in common."""

    site: str
    reason: DropReason | None
    """Why they are dropped, if they are."""
    user: str | None
    """As sent."""
    session_id: str | None
    """As sent; without it, it is made or continued."""
    setting: bytes
    start: bytes | None
    """Setting and identity; None while user or session is to be found."""
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
        self._lines: list[bytes] = []
        self._sessions: set[tuple[str, str]] = set()
        self._stored: dict[Key, Copy] = {}
        self._visits: dict[tuple[object, ...], _Visit] = {}

    async def take_in(self, request: Request) -> Taken:
        """What becomes of the request's events.

        Raises:
            StoreUnavailable: nothing is promised.
        """
        try:
            sent = decode_body(read_body(request))
        except PayloadError as error:
            self._reject(request.body, error)
            return await self._end(refuse(error))
        moment = Moment(self._now, sent.sent_at, self._door.settings)
        together = self._take_together(sent, moment)
        if together is not None:
            return await self._end(answer_batch(together, self._admission.cors))
        results: list[Result] = []
        rejection: PayloadError | None = None
        for index in range(len(sent.events)):
            try:
                result = await self._take(sent, index, moment)
            except PayloadError as error:
                rejection = error
                result = self._reject(sent.raw(index), error)
            results.append(result)
        cors = self._admission.cors
        if sent.is_batch:
            return await self._end(answer_batch(results, cors))
        if rejection is not None:
            reply = refuse(rejection, cors=cors, event_id=results[0].event_id)
            return await self._end(reply)
        return await self._end(answer_one(results[0], cors))

    def _take_together(self, sent: Sent, moment: Moment) -> list[Result] | None:
        """What becomes of the usual batch; None if anything asks for a closer look.

        It is of one known visit, and all of its events are new and in time. Seen in
        nothing but its speed: 10 events take half as long as one by one.
        """
        events = sent.usual
        visit = self._visit_of_all(events)
        if visit is None or visit.start is None or visit.session_id is None:
            return None
        arrivals = [write_arrival(each.page_url, each.referrer) for each in events]
        timestamps = [each.timestamp or 0 for each in events]
        present = moment.plain_times(timestamps)
        site, session_id = visit.site, visit.session_id
        ids = [stored_id(each.event_id) for each in events]
        stored = {
            (site, event_id): Copy(hash(content), session_id)
            for event_id, content in zip(ids, sent.contents, strict=True)
        }
        is_new = len(stored) == len(ids) and not self._door.recent.knows_any(stored)
        if present is None or not is_new or None in arrivals:
            return None
        start, now, own = visit.start, self._now, 0
        for arrival, content, at in zip(arrivals, sent.contents, present, strict=True):
            own = find_own(content, own)
            head = start + (arrival or b"")
            self._lines.append(write_event(head, content[own:], at, now))
        self._stored = stored
        self._tally.receive(site, len(ids))
        for event, at in zip(events, timestamps, strict=True):
            if at > visit.last and is_in_chain(event):
                visit.last = at
        return [Result(event_id, session_id, Status.ACCEPTED) for event_id in ids]

    def _visit_of_all(self, events: Sequence[RawEvent]) -> _Visit | None:
        """The visit that all of these are of; None if they differ, or are dropped."""
        if not events or self._client.device.device is None:
            return None
        keys, find_site = list(map(_key_of, events)), self._admission.find_site
        if keys.count(keys[0]) < len(keys):
            return None
        try:
            visit = self._visit_of(events[0])
            if events[0].site != visit.site and any(
                find_site(each) != visit.site for each in events
            ):
                return None
        except PayloadError:
            return None
        return None if visit.reason else visit

    async def _take(self, sent: Sent, index: int, moment: Moment) -> Result:
        """What becomes of one event.

        Raises:
            PayloadError: it is rejected.
        """
        event = sent.events[index]
        if isinstance(event, PayloadError):
            raise event
        settled, content = settle(event, sent.contents[index], self._now)
        arrival = arrival_of(event)
        visit = self._visit_of(event)
        site = visit.site
        self._tally.receive(site)
        event_id = stored_id(settled.event_id)
        if visit.reason is not None:
            return self._drop(event_id, site, visit.reason, sent.raw(index))
        key = (site, event_id)
        copy = self._stored.get(key) or self._door.recent.get(key)
        if copy is not None:
            repeat = copy.compare(hash(sent.contents[index]))
            self._tally.count(site, Outcome.DUPLICATE, repeat)
            return Result(event_id, copy.session_id, Status.DUPLICATE, repeat)
        _, adjusted, at, present = moment.times_of(settled.timestamp)
        head, session_id = visit.start, visit.session_id
        if head is None or session_id is None:
            head, session_id = await self._identify(event, visit, event_id, at)
        elif at > visit.last and is_in_chain(event):
            visit.last = at
        head += arrival
        if event.screen_width and self._client.device.device is None:
            head += write_screen(event.screen_width)
        self._lines.append(
            write_event(
                head, content[find_own(content) :], present, self._now, adjusted
            )
        )
        if event.event_id is not None:
            self._stored[key] = Copy(hash(sent.contents[index]), session_id)
        return Result(event_id, session_id, Status.ACCEPTED)

    def _visit_of(self, event: RawEvent) -> _Visit:
        """What this event has in common with others of the request.

        Raises:
            PayloadError: it belongs to no site and to no host.
        """
        site = event.site
        if site is None or site not in self._sites:
            site = self._admission.find_site(event)
        key = (site, *_key_of(event))
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
        user, session_id, start = event.user_id, event.session_id, None
        if session_id is not None and not session_id.startswith(SESSION_PREFIX):
            session_id = SESSION_PREFIX + session_id
        setting = write_setting(event, self._door.sites.get(site), self._client)
        if user is not None and session_id is not None:
            start = setting + write_identity(user, None, session_id, sent=True)
            if reason is None:
                self._sessions.add((site, session_id))
        return _Visit(site, reason, user, session_id, setting, start)

    async def _identify(
        self, event: RawEvent, visit: _Visit, event_id: str, at: int
    ) -> tuple[bytes, str]:
        """Setting and identity, and session, of an event that lacks user or session."""
        site, user, session_id, visitor = visit.site, visit.user, visit.session_id, None
        if user is None:
            user = visitor = await self._identifier.visitor_of(site, at)
        is_sent = session_id is not None
        if session_id is None:
            session_id = await self._identifier.session_of(
                event, site, user, event_id, at
            )
        elif is_in_chain(event):
            self._identifier.extend(site, user, session_id, at)
        self._sessions.add((site, session_id))
        who = write_identity(visit.user, visitor, session_id, sent=is_sent)
        return visit.setting + who, session_id

    async def _end(self, reply: Reply) -> Taken:
        for visit in self._visits.values():
            if visit.user and visit.session_id and visit.last:
                self._identifier.extend(
                    visit.site, visit.user, visit.session_id, visit.last
                )
        await self._identifier.extend_sent()
        tally, lines = self._tally, self._lines
        events = EncodedEvents(
            lines=b"\n".join([*lines, b""]),
            count=len(lines),
            received_at=self._now,
            sessions=frozenset(self._sessions if lines else ()),
        )
        batch = Batch(events=events, ledger=tally.ledger, samples=tally.samples)
        return Taken(batch, self._stored, reply)

    def _drop(self, event_id: str, site: str, reason: DropReason, raw: bytes) -> Result:
        self._tally.refuse(site, Outcome.DROPPED, reason, raw)
        return Result(event_id, None, Status.DROPPED, reason)

    def _reject(self, raw: bytes, error: PayloadError) -> Result:
        hint = read_hint(raw)
        site = self._admission.site_of_rejected(hint)
        self._tally.receive(site)
        self._tally.refuse(site, Outcome.REJECTED, error.field, raw)
        is_id = isinstance(hint.event_id, str) and _IS_ID.match(hint.event_id)
        event_id = stored_id(str(hint.event_id)) if is_id else None
        reason = f"{error.field}: {error.reason}"
        return Result(event_id, None, Status.REJECTED, reason)


_key_of = attrgetter("site", "user_id", "session_id", "language", "timezone")
