"""Sessions: the one pure fold of a user's events, for every store.

The chain of a user on a site is their interactive and their `engagement` events,
ordered by (effective time, event_id). It is cut where the silence exceeds 30
minutes; each piece is a `Run`. What is not interactive is in no run. A run without
any interactive event that is not engagement (`total_events` = 0) is no session,
but is kept: a later event may make it one, or it may join two.

Source: design, semantics.md, "Sessions: one pure fold".
"""

from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from hashlib import blake2b

import msgspec

from liveinsight.core.event import CONVERSION, ENGAGEMENT, PAGE_VIEW, Event
from liveinsight.core.limits import SESSION_SILENCE


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """What the first event says of a whole run; then fixed."""

    host: str | None = None
    referrer: str | None = None
    source: str | None = None
    channel: str = "Direct"
    utm_source: str | None = None
    utm_medium: str | None = None
    utm_campaign: str | None = None
    utm_term: str | None = None
    utm_content: str | None = None
    country: str | None = None
    region: str | None = None
    city: str | None = None
    language: str | None = None
    device: str | None = None
    browser: str | None = None
    browser_version: str | None = None
    os: str | None = None
    os_version: str | None = None
    screen_width: int | None = None


class View(msgspec.Struct, frozen=True, order=True):
    """One page view of a run: its entry, or its exit."""

    time: int
    event_id: str
    page: str | None = None


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """What decides by which id a run goes."""

    made_id: str
    sent_id: str | None
    start_time: int
    start_event: str


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """A user's run of events without a silence over 30 minutes, summed up."""

    site: str
    user: str
    sent_id: str | None
    """The sender's session id, if it came with the first event."""
    start_time: int
    start_event: str
    last_activity: int
    last_event: str
    present_at: int
    """The latest, on our clock."""
    entry: View | None
    exit: View | None
    page_views: int
    total_events: int
    """Interactive events, engagement left out."""
    conversions: int
    engagement_ms: int
    origin: Origin

    @property
    def made_id(self) -> str:
        """The session id where the sender's is missing or belongs to another run."""
        return made_session_id(self.site, self.user, self.start_event)

    @property
    def claim(self) -> Claim:
        """What decides by which id it goes."""
        return Claim(
            made_id=self.made_id,
            sent_id=self.sent_id,
            start_time=self.start_time,
            start_event=self.start_event,
        )

    @property
    def is_session(self) -> bool:
        """Whether it holds anything but engagement."""
        return self.total_events > 0

    def merge(self, other: "Run") -> "Run":
        """The run over the events of both; associative and commutative.

        The two belong to one user and share no event. Whether they belong into
        one run is decided by `join`.
        """
        first, second = self, other
        if (other.start_time, other.start_event) < (self.start_time, self.start_event):
            first, second = other, self
        last = max(first, second, key=_end)
        return Run(
            site=first.site,
            user=first.user,
            sent_id=first.sent_id,
            start_time=first.start_time,
            start_event=first.start_event,
            last_activity=last.last_activity,
            last_event=last.last_event,
            present_at=max(first.present_at, second.present_at),
            entry=_earlier(first.entry, second.entry),
            exit=_later(first.exit, second.exit),
            page_views=first.page_views + second.page_views,
            total_events=first.total_events + second.total_events,
            conversions=first.conversions + second.conversions,
            engagement_ms=first.engagement_ms + second.engagement_ms,
            origin=first.origin,
        )


def made_session_id(site: str, user: str, event_id: str) -> str:
    """`sess_` and the hash of (site, user, first event_id), 32 hex digits."""
    said = f"{site}\0{user}\0{event_id}".encode()
    return f"sess_{blake2b(said, digest_size=16).hexdigest()}"


def in_chain(event: Event) -> bool:
    """Whether the event opens, extends and belongs to runs."""
    return event.interactive or event.event_type == ENGAGEMENT


def run_of(event: Event) -> Run:
    """The run of one event alone, which is in the chain."""
    return _sum_up([event])


def fold(events: Iterable[Event]) -> list[Run]:
    """The runs of these events, in order of site, user and start.

    Each event comes once; what is in no chain is left out.
    """
    chains: dict[tuple[str, str], list[Event]] = {}
    for event in events:
        if event.interactive or event.event_type == ENGAGEMENT:
            chains.setdefault((event.site, event.user), []).append(event)
    return [_sum_up(piece) for key in sorted(chains) for piece in _cut(chains[key])]


def join(runs: Iterable[Run]) -> list[Run]:
    """The runs of one user on a site, merged wherever the silence allows it.

    `join(fold(a) + fold(b)) == fold(a + b)` for one user's events.
    """
    joined: list[Run] = []
    for run in sorted(runs, key=_start):
        if joined and run.start_time - joined[-1].last_activity <= SESSION_SILENCE:
            joined[-1] = joined[-1].merge(run)
        else:
            joined.append(run)
    return joined


def session_ids(
    claims: Sequence[Claim], made: AbstractSet[str] = frozenset()
) -> list[str]:
    """The session ids of these runs of one site, in their order; unique in the site.

    A sent id goes to the run that starts earliest among all that claim it, whoever
    the user; the others go by their made id. A made id is its own run's alone: a
    sender who sends one of another run does not get it.

    Args:
        claims: of every run of the site that claims a sent id found among them.
        made: made ids of runs of the site that are not among `claims`.
    """
    reserved = made | {claim.made_id for claim in claims}
    owners: dict[str, Claim] = {}
    for claim in sorted(claims, key=_claim, reverse=True):
        if claim.sent_id is not None:
            owners[claim.sent_id] = claim
    return [
        claim.sent_id
        if claim.sent_id is not None
        and claim.sent_id not in reserved
        and owners[claim.sent_id] is claim
        else claim.made_id
        for claim in claims
    ]


def _cut(chain: list[Event]) -> Iterator[list[Event]]:
    chain.sort(key=_moment)
    begin, before = 0, chain[0].time
    for index, event in enumerate(chain):
        time = event.time
        if time - before > SESSION_SILENCE:
            yield chain[begin:index]
            begin = index
        before = time
    yield chain[begin:]


def _sum_up(piece: Sequence[Event]) -> Run:
    first, last = piece[0], piece[-1]
    counted = [event for event in piece if event.event_type != ENGAGEMENT]
    views = [event for event in counted if event.event_type == PAGE_VIEW]
    return Run(
        site=first.site,
        user=first.user,
        sent_id=first.session_id if first.session_sent else None,
        start_time=first.time,
        start_event=first.event_id,
        last_activity=last.time,
        last_event=last.event_id,
        present_at=max(event.present_at for event in piece),
        entry=_view(views[0]) if views else None,
        exit=_view(views[-1]) if views else None,
        page_views=len(views),
        total_events=len(counted),
        conversions=sum(event.event_type == CONVERSION for event in counted),
        engagement_ms=sum(event.engagement_ms or 0 for event in piece),
        origin=_origin(first),
    )


def _origin(event: Event) -> Origin:
    return Origin(
        host=event.host,
        referrer=event.referrer,
        source=event.source,
        channel=event.channel,
        utm_source=event.utm_source,
        utm_medium=event.utm_medium,
        utm_campaign=event.utm_campaign,
        utm_term=event.utm_term,
        utm_content=event.utm_content,
        country=event.country,
        region=event.region,
        city=event.city,
        language=event.language,
        device=event.device,
        browser=event.browser,
        browser_version=event.browser_version,
        os=event.os,
        os_version=event.os_version,
        screen_width=event.screen_width,
    )


def _view(event: Event) -> View:
    return View(event.time, event.event_id, event.page)


def _moment(event: Event) -> tuple[int, str]:
    return event.time, event.event_id


def _start(run: Run) -> tuple[int, str]:
    return run.start_time, run.start_event


def _end(run: Run) -> tuple[int, str]:
    return run.last_activity, run.last_event


def _claim(claim: Claim) -> tuple[int, str, str]:
    return claim.start_time, claim.start_event, claim.made_id


def _earlier(one: View | None, other: View | None) -> View | None:
    if one is None or other is None:
        return one or other
    return one if (one.time, one.event_id) < (other.time, other.event_id) else other


def _later(one: View | None, other: View | None) -> View | None:
    if one is None or other is None:
        return one or other
    return one if (one.time, one.event_id) > (other.time, other.event_id) else other
