"""Sessions stated naively: sort all events, cut at silences, count. The oracle."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b

from liveinsight.core.event import Event

SILENCE = 30 * 60 * 1000


@dataclass(frozen=True)
class NaiveRun:
    """What a run must be, by the words of the design."""

    site: str
    user: str
    session_id: str
    start_time: int
    start_event: str
    last_activity: int
    last_event: str
    present_at: int
    entry_page: str | None
    exit_page: str | None
    page_views: int
    total_events: int
    conversions: int
    engagement_ms: int
    source: str | None
    country: str | None
    events: tuple[str, ...]


def first_copies(events: Iterable[Event]) -> list[Event]:
    """The copy received first of each (site, event_id)."""
    kept: dict[tuple[str, str], Event] = {}
    for event in sorted(events, key=lambda event: event.received_at):
        kept.setdefault((event.site, event.event_id), event)
    return list(kept.values())


def naive_runs(events: Iterable[Event]) -> list[NaiveRun]:
    """The runs of all events, whatever order and however often they come."""
    chains: dict[tuple[str, str], list[Event]] = {}
    for event in first_copies(events):
        if event.interactive or event.event_type == "engagement":
            chains.setdefault((event.site, event.user), []).append(event)
    pieces = []
    for chain in chains.values():
        chain.sort(key=lambda event: (event.time, event.event_id))
        piece = [chain[0]]
        for event in chain[1:]:
            if event.time - piece[-1].time > SILENCE:
                pieces.append(piece)
                piece = []
            piece.append(event)
        pieces.append(piece)
    return sorted(
        (_run(piece, pieces) for piece in pieces),
        key=lambda run: (run.site, run.user, run.start_time),
    )


def made_id(event: Event) -> str:
    """The id of a run that begins with this event."""
    said = f"{event.site}\0{event.user}\0{event.event_id}".encode()
    return "sess_" + blake2b(said, digest_size=16).hexdigest()


def _session_id(piece: Sequence[Event], pieces: Sequence[Sequence[Event]]) -> str:
    first = piece[0]
    if not first.session_sent:
        return made_id(first)
    firsts = [other[0] for other in pieces if other[0].site == first.site]
    if any(made_id(other) == first.session_id for other in firsts):
        return made_id(first)
    claiming = [
        other
        for other in firsts
        if other.session_sent and other.session_id == first.session_id
    ]
    earliest = min(claiming, key=lambda event: (event.time, event.event_id))
    return first.session_id if earliest is first else made_id(first)


def _run(piece: Sequence[Event], pieces: Sequence[Sequence[Event]]) -> NaiveRun:
    counted = [event for event in piece if event.event_type != "engagement"]
    views = [event for event in counted if event.event_type == "page_view"]
    first, last = piece[0], piece[-1]
    return NaiveRun(
        site=first.site,
        user=first.user,
        session_id=_session_id(piece, pieces),
        start_time=first.time,
        start_event=first.event_id,
        last_activity=last.time,
        last_event=last.event_id,
        present_at=max(event.present_at for event in piece),
        entry_page=views[0].page if views else None,
        exit_page=views[-1].page if views else None,
        page_views=len(views),
        total_events=len(counted),
        conversions=len([e for e in counted if e.event_type == "conversion"]),
        engagement_ms=sum(event.engagement_ms or 0 for event in piece),
        source=first.source,
        country=first.country,
        events=tuple(event.event_id for event in piece),
    )
