"""Warehouse and active sessions together, asked as the warehouse is asked."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from liveinsight.core.event import Event
from liveinsight.core.session import fold
from liveinsight.query.live import Panels, live_panels
from liveinsight.query.model import Filter, Operator
from liveinsight.store.dynamodb.items import ActiveSession, active_session
from liveinsight.store.live_tables import LiveTables
from liveinsight.store.warehouse import Warehouse
from tests.store.builders import MINUTE, SITE, T0, an_event

NOW = T0 + 20 * MINUTE


@pytest.fixture
def warehouse(tmp_path: Path) -> Iterator[Warehouse]:
    opened = Warehouse.open(tmp_path / "warehouse.duckdb", memory_mb=100)
    yield opened
    opened.close()


def a_visit(user: str, *pages: str, at: int = T0, **fields: object) -> list[Event]:
    """Page views of one user, a minute apart, under one session id."""
    return [
        an_event(
            number,
            event_id=f"evt_{user}{at}_{number:04d}",
            timestamp=at + number * MINUTE,
            received_at=at + number * MINUTE,
            present_at=at + number * MINUTE,
            user_id=user,
            session_id=f"sess_{user}",
            session_sent=True,
            page=page,
            **fields,
        )
        for number, page in enumerate(pages)
    ]


def active(events: list[Event], **changes: object) -> ActiveSession:
    """The live item after these events of one session."""
    (run,) = fold(events)
    return replace(active_session(run, events[0].session_id), **changes)


def panels_of(reader: LiveTables | Warehouse, *filters: Filter) -> Panels:
    return live_panels(SITE, filters, NOW, reader)


def test_sessions_that_the_warehouse_has_look_as_the_warehouse_shows_them(
    warehouse: Warehouse,
) -> None:
    anna = a_visit("anna", "/", "/cart", at=NOW - 4 * MINUTE, country="KR")
    ben = a_visit("ben", "/", at=NOW - 20 * MINUTE, source="Google")
    warehouse.apply([*anna, *ben])
    tables = LiveTables(warehouse)
    tables.take([active(anna), active(ben)])
    assert panels_of(tables) == panels_of(warehouse)


def test_a_session_that_the_warehouse_does_not_have_is_shown_from_its_item(
    warehouse: Warehouse,
) -> None:
    anna = a_visit(
        "anna",
        *("/", "/shop", "/cart"),
        at=NOW - 4 * MINUTE,
        **{"country": "KR", "source": "Google", "channel": "Organic Search"},
        **{"device": "Mobile", "browser": "Safari", "os": "iOS"},
    )
    tables = LiveTables(warehouse)
    tables.take([active(anna)])
    shown = panels_of(tables)
    warehouse.apply(anna)
    assert shown.sessions == panels_of(warehouse).sessions
    for name in ("current_visitors", "active_sessions", "pages", "sources"):
        assert getattr(shown, name) == getattr(panels_of(warehouse), name)
    assert [minute for minute in shown.per_minute if minute.page_views] == [
        minute for minute in panels_of(warehouse).per_minute if minute.page_views
    ]


def test_what_has_come_since_the_archive_goes_on_from_the_warehouse(
    warehouse: Warehouse,
) -> None:
    visit = a_visit("anna", "/", "/a", "/b", "/c", at=NOW - 5 * MINUTE)
    warehouse.apply(visit[:2])
    tables = LiveTables(warehouse)
    tables.take([active(visit)])
    (session,) = panels_of(tables).sessions
    assert (session.page, session.page_views, session.events) == ("/c", 4, 4)
    assert session.last_activity == visit[-1].present_at
    assert session.since == visit[0].present_at
    assert sum(minute.page_views for minute in panels_of(tables).per_minute) == 4
    warehouse.apply(visit[2:])
    tables.note_applied()
    assert panels_of(tables) == panels_of(warehouse)


def test_a_visit_that_goes_on_in_another_tab_is_one_session(
    warehouse: Warehouse,
) -> None:
    warehouse.apply(a_visit("anna", "/", at=NOW - 10 * MINUTE))
    second = a_visit("anna", "/tab", at=NOW - MINUTE)
    tables = LiveTables(warehouse)
    tables.take([active(second, session_id="sess_othertab")])
    shown = panels_of(tables)
    assert [session.page for session in shown.sessions] == ["/tab"]
    assert shown.current_visitors == 1


def test_activity_that_is_no_page_view_is_presence_and_no_view(
    warehouse: Warehouse,
) -> None:
    visit = a_visit("anna", "/", at=NOW - 10 * MINUTE)
    warehouse.apply(visit)
    tables = LiveTables(warehouse)
    assert panels_of(tables).current_visitors == 0
    tables.take([active(visit, last_activity=NOW - MINUTE, last_event="evt_click")])
    shown = panels_of(tables)
    assert shown.current_visitors == 1
    assert shown.pages[0].name == "/"
    assert sum(minute.page_views for minute in shown.per_minute) == 1


def test_filters_hold_for_what_only_the_items_know(warehouse: Warehouse) -> None:
    korean = a_visit("anna", "/", at=NOW - MINUTE, country="KR", browser="Chrome")
    german = a_visit("ben", "/", at=NOW - MINUTE, country="DE", browser="Firefox")
    tables = LiveTables(warehouse)
    tables.take([active(korean), active(german)])
    for dimension, value in (("country", "KR"), ("browser", "Chrome")):
        only = Filter(dimension=dimension, operator=Operator.IS, values=(value,))
        shown = panels_of(tables, only)
        assert [session.user_id for session in shown.sessions] == ["anna"]
        assert shown.current_visitors == 1


def test_a_warehouse_that_is_opened_anew_is_asked_with_the_same_sessions(
    warehouse: Warehouse,
) -> None:
    tables = LiveTables(warehouse)
    tables.take([active(a_visit("anna", "/", at=NOW - MINUTE))])
    before = panels_of(tables)
    warehouse.close()
    warehouse.reopen()
    assert panels_of(tables) == before
    assert before.current_visitors == 1


def test_what_is_asked_while_sessions_are_replaced_is_whole(
    warehouse: Warehouse,
) -> None:
    tables = LiveTables(warehouse)
    visits = [
        active(a_visit(f"user{number}", "/", at=NOW - MINUTE)) for number in range(200)
    ]
    tables.take(visits)
    done = threading.Event()

    def replace_them() -> None:
        for size in [200, 100] * 4:
            tables.take(visits[:size])
        done.set()

    replacing = threading.Thread(target=replace_them)
    replacing.start()
    seen = set()
    while not done.is_set():
        seen.add(len(tables.query("select * from sessions")))
    replacing.join()
    assert seen <= {100, 200}
