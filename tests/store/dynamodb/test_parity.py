"""200 sessions: any delivery, and either mode, give the same sessions and metrics."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from random import Random
from threading import Lock
from typing import Any

import msgspec
import pytest

from liveinsight.core.event import Event, Revenue
from liveinsight.query.catalog import metrics as catalog
from liveinsight.query.model import Period, Question
from liveinsight.query.run import answer
from liveinsight.store.dynamodb.items import Item, Tables
from liveinsight.store.warehouse import Warehouse
from tests.aws.dynamodb_local import Database
from tests.aws.event_source import EventSource, Invocation, Record, records_of
from tests.aws.ministack import MiniStack
from tests.aws.tables import create_tables
from tests.naive_sessions import first_copies
from tests.query.tables import warehouse_of
from tests.store.builders import MINUTE, T0, Machine, an_event
from tests.store.dynamodb.stores import a_door
from tests.store.dynamodb.streaming import Facts, Streaming, naive_facts

NOT_OF_ONE_MOMENT = tuple(
    name
    for name, metric in catalog.METRICS.items()
    if metric.facts is not catalog.Facts.PRESENT
)
SITES = ("shop.example", "blog.example")


def visits(chance: Random, sessions: int) -> list[Event]:
    """Some 5 events a session, of users known and anonymous, on two sites."""
    events: list[Event] = []
    for session in range(sessions):
        at = T0 + chance.randrange(0, 36 * 60) * MINUTE
        user = f"user{chance.randrange(sessions // 3)}"
        known = chance.random() < 0.7
        sent = known or chance.random() < 0.5
        site, name = chance.choice(SITES), f"sess_{session}"
        if chance.random() < 0.1:  # several users of a site have one id
            name = f"sess_of_many_at_{site}"
        for _ in range(chance.choice([1, 2, 2, 3, 5])):
            number = len(events)
            kind = chance.choice(
                ["page_view"] * 5 + ["engagement", "conversion", "vital"]
            )
            clock = at + 400 * 1440 * MINUTE if chance.random() < 0.03 else at
            events.append(
                an_event(
                    number,
                    site=site,
                    event_type=kind,
                    interactive=kind != "vital",
                    timestamp=clock,
                    adjusted_timestamp=at if clock != at else None,
                    received_at=T0 + 3_000 * MINUTE + number,
                    present_at=at,
                    user_id=user if known else None,
                    visitor_id=None if known else f"visitor_{user}",
                    session_id=name if sent else f"sess_given_{session}",
                    session_sent=sent,
                    page=chance.choice(["/", "/a", "/b", "/c"]),
                    source=chance.choice([None, "Google", "news.example"]),
                    country=chance.choice([None, "KR", "DE"]),
                    engagement_ms=700 if kind == "engagement" else None,
                    revenue=Revenue(amount=9.5, currency="EUR")
                    if kind == "conversion"
                    else None,
                )
            )
            at += chance.choice([2, 30, 200, 29 * 60, 30 * 60, 31 * 60]) * 1_000
    return events


def requests(events: Sequence[Event], chance: Random) -> list[list[Event]]:
    """The events in requests of 1 to 25, in their order."""
    left = iter(events)
    found = []
    while request := list(islice(left, chance.choice([1, 1, 3, 10, 25]))):
        found.append(request)
    return found


def send(database: Database, sent: Iterable[Sequence[Event]]) -> None:
    """One copy of the function after the other: each request in its turn."""
    with a_door(database) as door:
        for request in sent:
            door.record(*_once_each(request))


def _once_each(request: Sequence[Event]) -> list[Event]:
    """A request never holds an event twice: the collector sees to it."""
    return list({(event.site, event.event_id): event for event in request}.values())


class Flaky:
    """Kills an invocation now and then: before it began, or when all was done."""

    def __init__(self, handler: Callable[..., Any], chance: Random) -> None:
        self._handler = handler
        self._chance = chance
        self._lock = Lock()
        self.killed = 0

    def __call__(self, event: dict[str, Any], context: Invocation) -> Any:
        with self._lock:
            fate = self._chance.random()
        if fate < 0.1:
            self.killed += 1
            raise RuntimeError("killed before")
        answered = self._handler(event, context)
        if fate > 0.9:
            self.killed += 1
            raise RuntimeError("killed after")
        return answered


def deliver_sorted(streaming: Streaming, events: Sequence[Event]) -> None:
    send(streaming.database, requests(events, Random(1)))
    source = EventSource(streaming.handle, shards=1)
    source.deliver(records_of(streaming.database))
    streaming.resettle_all()


def deliver_anyhow(streaming: Streaming, events: Sequence[Event]) -> None:
    """Shuffled, a third of it twice, by 4 doors and 4 shards at once, with crashes."""
    chance = Random(2)
    sent = [*events, *chance.sample(events, len(events) // 3)]
    chance.shuffle(sent)
    parts = requests(sent, chance)
    flaky = Flaky(streaming.handle, chance)
    source = EventSource(flaky, batch_size=60, retries=12)
    seen: set[str] = set()
    for begin in (0, 1):  # the stream is read while requests still come
        with ThreadPoolExecutor(4) as threads:
            half = parts[begin::2]
            doors = [half[door::4] for door in range(4)]
            list(threads.map(lambda door: send(streaming.database, door), doors))
        new = _unseen(records_of(streaming.database), seen)
        source.deliver(new)
        for body in streaming.messages(streaming.resettle, 3):  # others wait
            assert streaming.deliver_messages([body, body]) == []
    assert flaky.killed >= 3
    assert source.given_up == []
    streaming.resettle_all()


def _unseen(records: Iterable[Record], seen: set[str]) -> list[Record]:
    new = [record for record in records if record["eventID"] not in seen]
    seen.update(record["eventID"] for record in new)
    return new


def metrics(events: Iterable[Event] | Warehouse) -> dict[str, object]:
    """All metrics, in all and by several dimensions."""
    if not isinstance(events, Warehouse):
        with warehouse_of(events) as warehouse:
            return metrics(warehouse)
    found: dict[str, object] = {}
    for site in SITES:
        for dimensions in ((), ("source",), ("page",), ("time",)):
            question = Question(
                site=site,
                period=Period(T0 - 1440 * MINUTE, T0 + 4 * 1440 * MINUTE),
                metrics=NOT_OF_ONE_MOMENT,
                dimensions=dimensions,
            )
            said = answer(question, events)
            rows = sorted(said.rows, key=lambda row: str(row.dimensions))
            found[f"{site} {dimensions}"] = (said.totals, rows)
    return found


def sessions_of(warehouse: Warehouse) -> list[Facts]:
    """What the warehouse says of its runs, as the rows of Sessions do."""
    return sorted(
        warehouse.query(
            """
            select
                runs.site, users.user_id, session_id, start_time, start_event,
                last_activity, last_event, last_activity - start_time,
                entry_page, exit_page, page_views, total_events, conversions,
                engagement_ms, source, country
            from runs join users using (user_key)
            """
        ),
        key=str,
    )


def without_order(items: Iterable[Item]) -> list[str]:
    return sorted(msgspec.json.encode(item, order="sorted").decode() for item in items)


@pytest.mark.slow
def test_any_delivery_and_both_modes_give_the_same_sessions_and_metrics(
    ministack: MiniStack, dynamodb: Database, tmp_path: Path
) -> None:
    events = visits(Random(7), 200)
    expected = naive_facts(events)
    assert len(expected) >= 200

    in_order = Streaming(dynamodb, ministack)
    deliver_sorted(in_order, events)
    assert in_order.facts() == expected

    tables = Tables("Other-Events", "Other-Sessions", "Other-ActiveSessions")
    create_tables(dynamodb.client, tables)
    anyhow = Streaming(msgspec.structs.replace(dynamodb, tables=tables), ministack)
    deliver_anyhow(anyhow, events)
    assert anyhow.facts() == expected
    assert without_order(anyhow.rows()) == without_order(in_order.rows())

    machine = Machine(tmp_path)
    machine.take(*events)
    assert sessions_of(machine.warehouse) == expected
    expected_metrics = metrics(machine.warehouse)
    machine.close()
    for streaming in (in_order, anyhow):
        archived = streaming.archived()
        assert {event.event_id for event in first_copies(archived)} == {
            event.event_id for event in events
        }
        assert metrics(archived) == expected_metrics
