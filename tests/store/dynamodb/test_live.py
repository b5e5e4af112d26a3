"""Who is active, read from the live table; and the feed that follows from it."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from liveinsight.core.event import EncodedEvents, Event
from liveinsight.core.limits import SESSION_SILENCE
from liveinsight.errors import StoreUnavailable
from liveinsight.query.lists import active_sessions
from liveinsight.store.dynamodb.live import LiveSessions
from liveinsight.store.dynamodb.reader import DynamoReader, Snapshot
from liveinsight.store.live_tables import LiveTables
from liveinsight.store.warehouse import Warehouse
from tests.aws.dynamodb_local import Database
from tests.store.builders import MINUTE, SITE, T0, an_event
from tests.store.dynamodb.stores import a_door


def a_view(number: int, user: str, at: int, page: str = "/", **fields: object) -> Event:
    """A page view, as the tracker sends it."""
    return an_event(
        number,
        user_id=user,
        session_id=f"sess_{user}",
        session_sent=True,
        **{"timestamp": at, "received_at": at, "present_at": at, "page": page},
        **fields,
    )


class Watching:
    """Somebody who looks at the live page; time is in our hands."""

    def __init__(self, folder: Path, reader: DynamoReader, now: int = T0) -> None:
        self.now = now
        self.warehouse = Warehouse.open(folder / "warehouse.duckdb", memory_mb=100)
        self.live = LiveSessions(reader, LiveTables(self.warehouse), lambda: self.now)
        self.fed: list[Event] = []
        self.live.publish = self.feed
        self.live.watched = lambda: {SITE}

    def feed(self, committed: Sequence[EncodedEvents]) -> None:
        for events in committed:
            self.fed.extend(events)

    def users(self) -> set[str]:
        found = active_sessions(SITE, (), self.now, self.live)
        return {session.user_id for session in found}

    def close(self) -> None:
        self.live.close()
        self.warehouse.close()


class Counting(DynamoReader):
    """A reader that counts its readings, and may be told to fail."""

    readings = 0
    fails = False

    def active(self, now: int) -> Snapshot:
        self.readings += 1
        if self.fails:
            raise StoreUnavailable("the table does not answer")
        return super().active(now)


def test_only_running_sessions_are_read_and_no_pointers_or_salts(
    dynamodb: Database,
) -> None:
    with a_door(dynamodb) as door:
        door.record(a_view(1, "anna", T0))
        door.record(a_view(2, "ben", T0 - SESSION_SILENCE - 1_000))
        door.session_of(an_event(3, user_id=None, visitor_id="v"), proposed="sess_p")
    # Deletion is late: what has expired is still there.
    keys = {
        item["session_id"]["S"] for item in dynamodb.items_of(dynamodb.tables.active)
    }
    assert {"sess_anna", "user#shop.example#v"} <= keys
    reader = DynamoReader(dynamodb.client, dynamodb.tables)
    snapshot = reader.active(T0 + 1_000)
    assert [session.session_id for session in snapshot.sessions] == ["sess_anna"]
    assert snapshot.is_complete
    assert reader.active(T0 + SESSION_SILENCE + 1).sessions == []


def test_a_scan_reads_no_more_than_its_pages(dynamodb: Database) -> None:
    long = "/" + "a" * 900
    with a_door(dynamodb) as door:
        for number in range(0, 1_200, 100):
            door.record(
                *(
                    a_view(each, f"u{each:05d}", T0, long)
                    for each in range(number, number + 100)
                )
            )
    whole = DynamoReader(dynamodb.client, dynamodb.tables).active(T0)
    assert (len(whole.sessions), whole.is_complete) == (1_200, True)
    one_page = DynamoReader(dynamodb.client, dynamodb.tables, most_pages=1).active(T0)
    assert not one_page.is_complete
    assert 0 < len(one_page.sessions) < 1_200
    assert one_page.read_units <= 129


def test_the_table_is_read_while_somebody_asks_and_every_two_seconds(
    dynamodb: Database, tmp_path: Path
) -> None:
    reader = Counting(dynamodb.client, dynamodb.tables)
    watching = Watching(tmp_path, reader)
    with a_door(dynamodb) as door:
        assert reader.readings == 0
        assert watching.users() == set()
        door.record(a_view(1, "anna", T0))
        assert watching.users() == set()
        assert reader.readings == 1
        watching.now += 2_000
        assert watching.users() == {"anna"}
        assert watching.users() == {"anna"}
        assert reader.readings == 2
    watching.close()


def test_an_old_picture_serves_for_a_while_when_the_table_does_not_answer(
    dynamodb: Database, tmp_path: Path
) -> None:
    reader = Counting(dynamodb.client, dynamodb.tables)
    watching = Watching(tmp_path, reader)
    with a_door(dynamodb) as door:
        door.record(a_view(1, "anna", T0))
    assert watching.users() == {"anna"}
    reader.fails = True
    watching.now += 10_000
    assert watching.users() == {"anna"}
    watching.now += 11_000
    with pytest.raises(StoreUnavailable):
        watching.users()
    reader.fails = False
    watching.now += 2_000
    assert watching.users() == {"anna"}
    watching.close()


def test_the_feed_has_each_event_once_and_only_of_watched_sites(
    dynamodb: Database, tmp_path: Path
) -> None:
    watching = Watching(tmp_path, DynamoReader(dynamodb.client, dynamodb.tables))
    with a_door(dynamodb) as door:
        door.record(a_view(1, "anna", T0))
        watching.users()
        assert watching.fed == []  # what was before the page was opened
        watching.now += 3_000
        click = {"event_type": "click", "site": SITE}
        door.record(
            a_view(2, "anna", T0 + 1_500, "/cart"),
            a_view(3, "anna", T0 + 2_000, "/cart", **click),
            a_view(4, "ben", T0 + 2_500),
            a_view(5, "eve", T0 + 2_600, site="other.example"),
        )
        for _ in range(3):
            watching.users()
            watching.now += 3_000
        shown = [(e.user, e.event_type, e.page) for e in watching.fed]
        assert shown == [
            ("anna", "page_view", "/cart"),
            ("anna", "click", "/cart"),
            ("ben", "page_view", "/"),
        ]
        watching.live.watched = set
        door.record(a_view(6, "anna", T0 + 12_000, "/paid"))
        watching.now += 3_000
        watching.users()
        assert len(watching.fed) == 3
    watching.close()


def test_a_minute_of_silence_later_nobody_is_lost(
    dynamodb: Database, tmp_path: Path
) -> None:
    watching = Watching(tmp_path, DynamoReader(dynamodb.client, dynamodb.tables))
    with a_door(dynamodb) as door:
        door.record(a_view(1, "anna", T0))
        watching.now = T0 + 29 * MINUTE
        assert watching.users() == {"anna"}
        watching.now = T0 + 31 * MINUTE
        assert watching.users() == set()
    watching.close()
