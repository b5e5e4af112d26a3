"""How the command line hands what it has read to the machine that keeps it."""

from collections.abc import Sequence
from typing import Final

import msgspec

from liveinsight.core.event import Event
from liveinsight.core.ports import Reader
from liveinsight.imports.plausible import Total
from liveinsight.store.inbox import Inbox
from liveinsight.store.warehouse import Warehouse

MOST_WAITING: Final = 100_000
"""Events that are not yet applied; with more, none is taken for a while."""

KNOWN = """
with asked as (
    select e.site, e.event_id
    from (
        select unnest(from_json($1, '[{"site":"VARCHAR","event_id":"VARCHAR"}]')) as e
    )
)
select site, event_id
from asked
where md5_number(site || chr(0) || event_id)::uhugeint in (
    select event_key from events
)
"""


class ImportedEvents(msgspec.Struct, frozen=True, kw_only=True):
    """Some of the events of an import."""

    events: list[Event]


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """How many events are durable, but not yet in the statistics."""

    events: int
    is_full: bool
    """Whether what was handed over is to be handed over again later."""


class Arrival(msgspec.Struct, frozen=True, kw_only=True):
    """How far the statistics are behind what was durable at a moment."""

    through: int = 0
    """Stands for that moment; 0, in a question, is now."""
    waiting: int = 0
    """Events that are not in the statistics yet."""
    is_complete: bool = False


class Identities(msgspec.Struct, frozen=True, kw_only=True):
    """Event ids by site."""

    event_ids: dict[str, list[str]]


class ImportedTotals(msgspec.Struct, frozen=True, kw_only=True):
    """Some of the totals of a site's days that another tool has counted."""

    site: str
    tool: str
    totals: Sequence[Total]
    is_dry: bool = False
    """Only tells what is there; keeps nothing."""


class KeptTotals(msgspec.Struct, frozen=True, kw_only=True):
    """What became of them."""

    there: int
    """Those that were there already, and have the counts now that came last."""


def take_events(inbox: Inbox, given: ImportedEvents) -> Waiting:
    """What waits when the events are durable, or too many wait for them to be taken.

    Raises:
        StoreUnavailable: nothing was taken.
    """
    is_full = inbox.backlog > MOST_WAITING
    if given.events and not is_full:
        inbox.append(given.events)
    return Waiting(events=inbox.backlog, is_full=is_full)


def find_arrival(inbox: Inbox, warehouse: Warehouse, asked: Arrival) -> Arrival:
    """How far the statistics are behind the moment that is asked about."""
    through = asked.through or inbox.rows.last_seq()
    return Arrival(
        through=through,
        waiting=inbox.backlog,
        is_complete=warehouse.mark() >= through,
    )


def find_known(reader: Reader, asked: Identities) -> Identities:
    """Those of the events that are stored."""
    identities = [
        {"site": site, "event_id": event_id}
        for site, event_ids in asked.event_ids.items()
        for event_id in event_ids
    ]
    known: dict[str, list[str]] = {}
    for site, event_id in reader.query(
        KNOWN, (msgspec.json.encode(identities).decode(),)
    ):
        known.setdefault(str(site), []).append(str(event_id))
    return Identities(event_ids=known)
