"""The applier: what becomes of events, and what does not stop it."""

from pathlib import Path

import pytest

from liveinsight.core.event import Revenue
from liveinsight.core.limits import HOUR
from liveinsight.store.applier import Applier
from liveinsight.store.archive import archive_closed_hours
from liveinsight.store.source import InboxSource
from tests.store.builders import MINUTE, SITE, T0, Machine, an_event
from tests.waiting import wait_until


def ledger_of(machine: Machine) -> dict[tuple[str, str], int]:
    return {
        (line.outcome.value, line.reason): line.count
        for line in machine.warehouse.ledger()
    }


def test_copies_are_stored_once_and_counted_by_what_they_say(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    machine.take(an_event(1), an_event(1))
    machine.take(an_event(1), an_event(1, page_title="Another"), an_event(2))
    assert machine.event_ids() == ["evt_00000001", "evt_00000002"]
    assert ledger_of(machine) == {
        ("stored", ""): 2,
        ("duplicate", "repeated"): 2,
        ("duplicate", "conflict"): 1,
    }
    machine.close()


def test_the_same_id_on_two_sites_is_two_events(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    machine.take(an_event(1), an_event(1, site="other.example"))
    assert len(machine.event_ids()) == 2
    machine.close()


def test_an_earlier_copy_takes_the_place_of_a_later_one(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    machine.take(an_event(1, user_id="bob", received_at=T0 + 9, page="/late"))
    machine.take(an_event(1, user_id="ann", received_at=T0 + 5, page="/early"))
    assert machine.warehouse.query("select page from events") == [("/early",)]
    assert machine.warehouse.query("select user_id from users") == [("ann",)]
    assert machine.warehouse.query("select entry_page from runs") == [("/early",)]
    assert ledger_of(machine)["stored", ""] == 1
    machine.close()


def test_a_late_event_joins_two_sessions(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    first = an_event(1, user_id="ann", timestamp=T0)
    last = an_event(2, user_id="ann", timestamp=T0 + 50 * MINUTE)
    bridge = an_event(3, user_id="ann", timestamp=T0 + 25 * MINUTE)
    machine.take(first, last)
    assert len(machine.warehouse.query("select * from sessions")) == 2
    machine.take(bridge)
    assert machine.warehouse.query(
        "select start_event, last_event, page_views from sessions"
    ) == [(first.event_id, last.event_id, 3)]
    assert machine.warehouse.query(
        "select count(distinct session_key), count(session_key) from events"
    ) == [(1, 3)]
    machine.close()


def test_every_id_that_a_reply_gave_leads_to_an_event(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    machine.take(an_event(5, session_id="sess_given"), an_event(6, session_id="sess_b"))
    rows = machine.warehouse.query(
        "select given_id, event_id from given_ids order by given_id"
    )
    assert rows == [("sess_b", "evt_00000006"), ("sess_given", "evt_00000005")]
    machine.close()


@pytest.mark.parametrize(
    "strange",
    [
        {"page_title": "a\0b\u2028'\"\\"},
        {"properties": {"big": 10**30, "small": -1.5e-300, "": None, "a\0": "\0"}},
        {"properties": {"__proto__": "x", "a.b": True}},
        {"revenue": Revenue(amount=1e12, currency="EUR")},
        {"revenue": Revenue(amount=-0.00001, currency="EUR")},
        {"user_id": None, "visitor_id": None},
        {"user_id": "u\0v", "session_id": "sess_\0", "session_sent": True},
        {"page_title": "🦆" * 512, "screen_width": 100_000},
    ],
    ids=str,
)
def test_no_event_that_the_door_lets_in_stops_the_applier(
    tmp_path: Path, strange: dict[str, object]
) -> None:
    machine = Machine(tmp_path)
    machine.take(an_event(1), an_event(2, **strange), an_event(3))
    machine.take(an_event(2, **strange))
    assert machine.applier.stats().unstorable == 0
    assert len(machine.event_ids()) == 3
    machine.close()


def test_the_thread_applies_soon_and_drains_when_stopped(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    applier = Applier(InboxSource(machine.inbox), machine.warehouse)
    applier.start()
    machine.inbox.append([an_event(n) for n in range(100)])
    wait_until(lambda: len(machine.event_ids()) == 100)
    machine.inbox.append([an_event(n) for n in range(100, 3_000)])
    applier.stop()
    assert len(machine.event_ids()) == 3_000
    stats = applier.stats()
    assert (stats.backlog_events, stats.applied_events) == (0, 3_000)
    assert stats.applied_through_received_at == an_event(2_999).received_at
    machine.close()


def test_the_archive_holds_what_the_inbox_held(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    events = [an_event(n * 600) for n in range(20)]
    machine.inbox.append(events)
    now = events[-1].received_at
    assert 0 < archive_closed_hours(machine.inbox, machine.archive, now) < 20
    archive_closed_hours(machine.inbox, machine.archive, now + HOUR)
    objects = machine.archive.objects()
    assert [e for found in objects for e in machine.archive.read(found)] == events
    assert all(found.name.startswith("v=1/date=2027-01-15/hour=") for found in objects)
    assert archive_closed_hours(machine.inbox, machine.archive, now + 9 * HOUR) == 0
    machine.close()


def test_questions_go_on_beside_the_writer(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    machine.take(an_event(1))
    assert machine.warehouse.query(
        "select site, count(*) from events where site = ? group by all", [SITE]
    ) == [(SITE, 1)]
    machine.close()
