"""A session's steps and a visitor's sessions, before the archive has them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from liveinsight.core.event import Event
from liveinsight.core.limits import SESSION_SILENCE
from liveinsight.query.sessions import read_timeline
from liveinsight.query.visitor import Visit, read_visits
from liveinsight.store.dynamodb.live import LiveSessions
from liveinsight.store.dynamodb.reader import DynamoReader
from liveinsight.store.dynamodb.timelines import Timelines
from liveinsight.store.live_tables import LiveTables
from liveinsight.store.warehouse import Warehouse
from tests.aws.dynamodb_local import Database
from tests.store.builders import MINUTE, SITE, T0, an_event
from tests.store.dynamodb.stores import a_door
from tests.store.dynamodb.test_live import a_view

NOW = T0 + 40 * MINUTE


class Asked:
    """A dashboard whose warehouse is complete through two minutes ago."""

    def __init__(self, folder: Path, database: Database) -> None:
        self.warehouse = Warehouse.open(folder / "warehouse.duckdb", memory_mb=100)
        reader = DynamoReader(database.client, database.tables)
        self.live = LiveSessions(reader, LiveTables(self.warehouse), lambda: NOW)
        self.timelines = Timelines(
            self.warehouse, reader, self.live, lambda: NOW, lambda: NOW - 2 * MINUTE
        )

    def steps(self, session_id: str) -> list[str] | None:
        """The pages of the session; None where there is none."""
        with self.timelines.of_session(SITE, session_id) as reader:
            steps = read_timeline(SITE, session_id, reader)
        return None if steps is None else [str(step.page) for step in steps]

    def visits(self, user: str) -> list[Visit]:
        with self.timelines.of_user(SITE, user) as reader:
            return read_visits(SITE, user, NOW, reader)

    def databases(self) -> set[object]:
        rows = self.warehouse.query("select database_name from duckdb_databases()")
        return {name for (name,) in rows}


@pytest.fixture
def asked(tmp_path: Path, dynamodb: Database) -> Iterator[Asked]:
    opened = Asked(tmp_path, dynamodb)
    yield opened
    opened.live.close()
    opened.warehouse.close()


def anna(*pages: str, at: int) -> list[Event]:
    """A visit, a minute a page."""
    return [
        a_view(at // 1_000 % 10**7 + n, "anna", at + n * MINUTE, page)
        for n, page in enumerate(pages)
    ]


def test_a_session_that_began_just_now_has_its_steps(
    asked: Asked, dynamodb: Database
) -> None:
    with a_door(dynamodb) as door:
        door.record(*anna("/", "/cart", at=NOW - 2 * MINUTE))
    assert asked.steps("sess_anna") == ["/", "/cart"]
    assert asked.steps("sess_nobody") is None
    assert asked.warehouse.query("select * from events") == []
    assert not any(str(name).startswith("fresh") for name in asked.databases())


def test_a_session_goes_on_from_what_the_warehouse_has(
    asked: Asked, dynamodb: Database
) -> None:
    visit = anna("/", "/a", "/b", "/paid", at=NOW - 4 * MINUTE)
    with a_door(dynamodb) as door:
        door.record(*visit)
    asked.warehouse.apply(visit[:2])
    assert asked.steps("sess_anna") == ["/", "/a", "/b", "/paid"]
    asked.warehouse.apply(visit)
    assert asked.steps("sess_anna") == ["/", "/a", "/b", "/paid"]


def test_a_visit_that_goes_on_under_another_id_is_one_timeline(
    asked: Asked, dynamodb: Database
) -> None:
    first = a_view(1, "anna", NOW - 5 * MINUTE, "/")
    second = an_event(
        2,
        user_id="anna",
        session_id="sess_othertab",
        session_sent=True,
        timestamp=NOW - MINUTE,
        page="/tab",
    )
    asked.warehouse.apply([first])
    with a_door(dynamodb) as door:
        door.record(first, second)
    assert asked.steps("sess_othertab") == ["/", "/tab"]
    assert asked.steps("sess_anna") == ["/", "/tab"]


def test_a_session_that_is_over_is_the_warehouses_alone(
    asked: Asked, dynamodb: Database
) -> None:
    old = anna("/", "/end", at=NOW - SESSION_SILENCE - 20 * MINUTE)
    asked.warehouse.apply(old)  # and the tables have nothing of it any more
    assert asked.steps("sess_anna") == ["/", "/end"]
    assert dynamodb.items_of(dynamodb.tables.events) == []


def test_a_visitors_sessions_are_those_of_the_warehouse_and_the_one_of_now(
    asked: Asked, dynamodb: Database
) -> None:
    old = an_event(
        1, user_id="anna", session_id="sess_old", session_sent=True, page="/long-ago"
    )
    now = anna("/", "/now", at=NOW - MINUTE)
    asked.warehouse.apply([old])
    with a_door(dynamodb) as door:
        door.record(*now)
    found = asked.visits("anna")
    assert [(visit.session_id, visit.exit_page) for visit in found] == [
        ("sess_anna", "/now"),
        ("sess_old", "/long-ago"),
    ]
    assert [visit.is_active for visit in found] == [True, False]
    assert asked.visits("nobody") == []


def test_a_visitor_without_user_id_is_found_by_the_active_session(
    asked: Asked, dynamodb: Database
) -> None:
    event = an_event(
        1,
        user_id=None,
        visitor_id="derived",
        session_id="sess_made",
        timestamp=NOW - MINUTE,
        received_at=NOW - MINUTE,
        present_at=NOW - MINUTE,
        page="/quiet",
    )
    with a_door(dynamodb) as door:
        door.record(event)
    (visit,) = asked.visits("derived")
    assert (visit.exit_page, visit.is_active) == ("/quiet", True)
