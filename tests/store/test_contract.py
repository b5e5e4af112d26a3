"""What the collector asks of a store, of each store alike: core.ports.Store."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from liveinsight.core.event import EncodedEvents, Event, Revenue
from liveinsight.core.limits import DAY
from liveinsight.core.outcome import LedgerKey, Outcome
from liveinsight.core.ports import Batch, Salts, Store
from liveinsight.errors import StoreUnavailable
from liveinsight.store.dynamodb.client import dynamodb_client
from liveinsight.store.dynamodb.items import event_of
from liveinsight.store.dynamodb.store import DynamoStore
from liveinsight.store.inbox import Inbox
from tests.aws.dynamodb_local import Database
from tests.store.builders import MINUTE, SITE, T0, a_batch, an_event


class Trial(msgspec.Struct, frozen=True):
    """A store on trial, and what can be done to it from outside."""

    store: Store
    stored: Callable[[], list[Event]]
    open_again: Callable[[], Store]
    take_away: Callable[[], None]
    """Makes that nothing can be written from then on."""

    def record(self, *events: Event) -> None:
        asyncio.run(self.store.record(a_batch(*events)))

    def salts(self, now: int) -> Salts:
        return asyncio.run(self.store.salts(now))

    def session_at(self, minutes: float, proposed: str, site: str = SITE) -> str:
        at = T0 + round(minutes * MINUTE)
        call = self.store.session_of(site, "ann", at, proposed, sent=False)
        return asyncio.run(call)

    def is_running(self, minutes: float, user: str = "ann") -> bool:
        at = T0 + round(minutes * MINUTE)
        return asyncio.run(self.store.is_running(SITE, user, at))


@pytest.fixture(params=["inbox", "dynamodb"])
def trial(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Trial]:
    if request.param == "inbox":
        yield from _inbox(tmp_path)
    else:
        yield from _dynamodb(request.getfixturevalue("dynamodb"))


def _inbox(folder: Path) -> Iterator[Trial]:
    opened = [Inbox(folder / "inbox.sqlite3")]

    def stored() -> list[Event]:
        return [
            event for row in opened[-1].rows.after(0, 10_000) for event in row.events
        ]

    def open_again() -> Store:
        opened[-1].close()
        opened.append(Inbox(folder / "inbox.sqlite3"))
        return opened[-1]

    yield Trial(opened[0], stored, open_again, opened[0].close)
    for inbox in opened:
        inbox.close()


def _dynamodb(database: Database) -> Iterator[Trial]:
    client = dynamodb_client(database.environ, attempts=1)

    def open_again() -> Store:
        store = DynamoStore(client, database.tables)
        store.start_request(20_000)
        return store

    def stored() -> list[Event]:
        items = database.items_of(database.tables.events)
        return [event_of(item, int(str(item["timestamp"]["N"]))) for item in items]

    def take_away() -> None:
        for table in (database.tables.events, database.tables.active):
            database.client.delete_table(TableName=table)

    yield Trial(open_again(), stored, open_again, take_away)
    client.close()


def test_what_is_recorded_is_there_when_the_store_is_opened_again(trial: Trial) -> None:
    events = [
        an_event(1, properties={"a": 1, "b": 1.0, "c": 1e300, "ß": True, "d": "x"}),
        an_event(2, revenue=Revenue(amount=12.5, currency="KRW"), interactive=False),
        an_event(3, user_id=None, visitor_id="v_1", country="KR", session_sent=True),
        an_event(4, event_type="engagement", engagement_ms=0, scroll_percent=100),
    ]
    trial.record(*events)
    trial.open_again()
    assert sorted(trial.stored(), key=lambda event: event.timestamp) == events


def test_more_events_than_one_call_holds_are_all_recorded(trial: Trial) -> None:
    events = [an_event(number, session_sent=True) for number in range(100)]
    trial.record(*events)
    assert {event.event_id for event in trial.stored()} == {
        event.event_id for event in events
    }


def test_what_is_recorded_again_is_still_there(trial: Trial) -> None:
    trial.record(an_event(1), an_event(2, session_sent=True))
    trial.record(an_event(1), an_event(2, session_sent=True))
    assert {event.event_id for event in trial.stored()} == {
        "evt_00000001",
        "evt_00000002",
    }


def test_a_request_that_only_rejects_is_recorded_too(trial: Trial) -> None:
    rejected = LedgerKey(SITE, Outcome.REJECTED, "page_url")
    asyncio.run(trial.store.record(Batch(events=EncodedEvents(), ledger={rejected: 1})))
    assert trial.stored() == []


def test_a_store_that_cannot_write_promises_nothing(trial: Trial) -> None:
    trial.take_away()
    with pytest.raises(StoreUnavailable):
        trial.record(an_event(1))


def test_salts_last_their_day_and_the_next(trial: Trial) -> None:
    first = trial.salts(T0)
    assert first == trial.salts(T0)
    assert len(first.today) == 16
    assert first.yesterday is None
    second = trial.salts(T0 + DAY)
    assert second.yesterday == first.today
    assert second.today != first.today
    assert trial.salts(T0 + 3 * DAY).yesterday is None


def test_salts_are_the_same_for_all_who_open_the_store(trial: Trial) -> None:
    trial.salts(T0)
    known = trial.salts(T0 + DAY)
    assert asyncio.run(trial.open_again().salts(T0 + DAY)) == known


def test_an_event_without_a_session_joins_the_running_one(trial: Trial) -> None:
    assert trial.session_at(0, "sess_a") == "sess_a"
    assert trial.session_at(30, "sess_b") == "sess_a"
    assert trial.session_at(60, "sess_c") == "sess_a"


def test_a_session_ends_after_30_minutes_of_silence(trial: Trial) -> None:
    assert trial.session_at(0, "sess_a") == "sess_a"
    assert trial.session_at(30 + 1 / MINUTE, "sess_b") == "sess_b"
    assert trial.session_at(31, "sess_c") == "sess_b"


def test_a_late_event_joins_the_session_that_it_is_near(trial: Trial) -> None:
    assert trial.session_at(0, "sess_a") == "sess_a"
    assert trial.session_at(-20, "sess_b") == "sess_a"
    assert trial.session_at(-50, "sess_c") == "sess_a"
    assert trial.session_at(29, "sess_d") == "sess_a"


def test_an_event_of_long_before_leaves_the_running_session_alone(trial: Trial) -> None:
    assert trial.session_at(0, "sess_a") == "sess_a"
    assert trial.session_at(-500, "sess_late") == "sess_late"
    assert trial.session_at(10, "sess_b") == "sess_a"


def test_sites_share_no_sessions(trial: Trial) -> None:
    assert trial.session_at(0, "sess_a") == "sess_a"
    assert trial.session_at(1, "sess_b", site="blog.example") == "sess_b"


def test_a_user_is_running_for_30_minutes_either_way(trial: Trial) -> None:
    assert not trial.is_running(0)
    trial.session_at(0, "sess_a")
    assert trial.is_running(30)
    assert trial.is_running(-30)
    assert not trial.is_running(30 + 1 / MINUTE)
    assert not trial.is_running(-30 - 1 / MINUTE)
    assert not trial.is_running(0, user="bob")
