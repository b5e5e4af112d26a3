"""All that is kept of one visitor, as one document for that visitor."""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

import msgspec

from liveinsight.core.event import Event
from liveinsight.core.ports import Reader
from liveinsight.core.session import Run, fold, session_ids
from liveinsight.errors import StoreError
from liveinsight.store.archive import Archive
from liveinsight.store.export import json_object
from liveinsight.store.person import Person, find_events

_BLOCK_ROWS: Final = 100


class KeptSession(msgspec.Struct, frozen=True, kw_only=True):
    """A session that the events make."""

    session_id: str
    start_time: int
    last_activity: int
    entry_page: str | None
    exit_page: str | None
    page_views: int
    total_events: int
    conversions: int
    engagement_ms: int
    source: str | None
    channel: str
    country: str | None
    device: str | None
    browser: str | None
    os: str | None


class UserExport(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The document; all times are ms since 1970 UTC."""

    site: str
    user_id: str
    exported_at: int
    sessions: list[KeptSession]
    events: list[Event]
    """As they are stored, each once, in order of time."""
    tables: dict[str, list[dict[str, object]]] | None = None
    """On AWS: what the tables of sessions say of the visitor."""


def make_export(
    person: Person,
    events: Iterable[Event],
    now: int,
    tables: dict[str, list[dict[str, object]]] | None = None,
) -> UserExport:
    """The document of these copies; of an event's, the one received first."""
    first: dict[str, Event] = {}
    for event in sorted(events, key=lambda event: event.received_at):
        first.setdefault(event.event_id, event)
    kept = sorted(first.values(), key=lambda event: (event.time, event.event_id))
    runs = fold(kept)
    ids = session_ids([run.claim for run in runs])
    return UserExport(
        site=person.site,
        user_id=person.user,
        exported_at=now,
        sessions=[
            _session(run, session_id)
            for run, session_id in zip(runs, ids, strict=True)
            if run.is_session
        ],
        events=kept,
        tables=tables,
    )


def read_stores(inbox: Path, archive: Archive, person: Person) -> Iterator[Event]:
    """Every copy in the files of one machine, whether its server runs or not.

    Raises:
        StoreError: an object of the archive is broken, or the inbox is not readable.
    """
    # The inbox first: what leaves it meanwhile is in the archive by then.
    yield from find_events(_inbox_blocks(inbox), person)
    for found in archive.objects():
        yield from find_events(archive.blocks(found), person)


def read_warehouse(reader: Reader, person: Person) -> list[Event]:
    """The stored events.

    Raises:
        StoreUnavailable: the warehouse is closed or being replaced.
    """
    ((found,),) = reader.query(_EVENTS, [person.site, person.user])
    return msgspec.json.decode(str(found), type=list[Event]) if found else []


def _inbox_blocks(path: Path) -> list[bytes]:
    if not path.exists():
        return []
    try:
        with closing(
            sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
        ) as file:
            rows = file.execute("select body from inbox order by seq").fetchall()
    except sqlite3.Error as error:
        raise StoreError(f"the inbox cannot be read: {error}") from error
    return [body for (body,) in rows]


def _session(run: Run, session_id: str) -> KeptSession:
    origin = run.origin
    return KeptSession(
        session_id=session_id,
        start_time=run.start_time,
        last_activity=run.last_activity,
        entry_page=run.entry.page if run.entry else None,
        exit_page=run.exit.page if run.exit else None,
        page_views=run.page_views,
        total_events=run.total_events,
        conversions=run.conversions,
        engagement_ms=run.engagement_ms,
        source=origin.source,
        channel=origin.channel,
        country=origin.country,
        device=origin.device,
        browser=origin.browser,
        os=origin.os,
    )


_EVENTS: Final = f"""
select to_json(list({json_object()}))
from events
join users using (user_key)
left join runs using (session_key)
where events.user_key = md5_number_lower($1 || chr(0) || $2)
"""  # noqa: S608  # names of ours
