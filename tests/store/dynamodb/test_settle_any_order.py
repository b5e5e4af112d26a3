"""Any order, repetition and lateness of events, behind lagging indexes, in small."""

from collections.abc import Iterator
from itertools import count
from random import Random
from typing import Any

import boto3
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from liveinsight.core.event import Event
from liveinsight.store.dynamodb.items import Tables
from liveinsight.store.dynamodb.settle import Settler
from liveinsight.store.dynamodb.touch import (
    Touch,
    TouchMessage,
    messages_of,
    touches_of,
)
from tests.aws.dynamodb_local import Database, environment_for
from tests.aws.tables import create_tables
from tests.store.builders import T0
from tests.store.dynamodb.lagging import LaggingClient
from tests.store.dynamodb.streaming import facts_of, naive_facts, put_events
from tests.store.test_any_order import sets_of_events

numbers = count()


def of_one_example(events: list[Event], site: str) -> list[Event]:
    """With ids, site and visitors that no other example has."""
    return [
        msgspec.structs.replace(
            event,
            site=site,
            event_id=f"{event.event_id}_{site}",
            session_id=f"{event.session_id}_{site}",
            user_id=event.user_id and f"{event.user_id}_{site}",
            visitor_id=None if event.user_id else f"visitor_{event.visitor_id}",
        )
        for event in events
    ]


class Delivery:
    """Batches and re-settlings in any order, over indexes that lag as they like."""

    def __init__(self, database: Database, seed: int) -> None:
        self.chance = Random(seed)
        self.database = database
        self.client = LaggingClient(database.client)
        client: Any = self.client
        self.settler = Settler(client, database.tables, lambda: T0)
        self.queue: list[Touch] = []

    def run(self, events: list[Event]) -> None:
        sent = [*events, *self.chance.sample(events, len(events) // 2)]
        self.chance.shuffle(sent)
        while sent:
            batch = [
                sent.pop() for _ in range(min(len(sent), self.chance.randint(1, 4)))
            ]
            self.client.held |= {event.event_id for event in batch}
            put_events(self.database, batch)
            for touch, hand in touches_of({e.event_id: e for e in batch}.values()):
                if self.chance.random() < 0.8:  # else left to the queue
                    self.settle(touch, hand)
                self.queue.append(touch)
            for held in self.chance.sample(
                sorted(self.client.held), self.chance.randint(0, len(self.client.held))
            ):
                self.client.held.remove(held)
            for _ in range(self.chance.choice([0, 1, 2, 50])):
                self.settle_again()
        self.client.held.clear()
        while self.queue:
            self.settle_again()

    def settle_again(self) -> None:
        if self.queue:
            touch = self.queue.pop(self.chance.randrange(len(self.queue)))
            [body] = messages_of([touch])
            [touch] = msgspec.json.decode(body, type=TouchMessage).touches
            if self.settle(touch, ()):
                self.queue.append(touch)

    def settle(self, touch: Touch, hand: Any) -> bool:
        settled = self.settler.settle(touch, hand)
        self.queue += settled.again
        return settled.is_lagging


@pytest.fixture(scope="module")
def database(dynamodb_local: str) -> Iterator[Database]:
    environ = environment_for(dynamodb_local)
    client = boto3.client(
        "dynamodb",
        region_name=environ["AWS_DEFAULT_REGION"],
        endpoint_url=dynamodb_local,
        aws_access_key_id=environ["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environ["AWS_SECRET_ACCESS_KEY"],
    )
    tables = Tables()
    create_tables(client, tables)
    yield Database(dynamodb_local, environ, client, tables)
    client.close()


@settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(events=sets_of_events(), seed=st.integers(0, 1 << 30))
def test_any_delivery_behind_lagging_indexes_gives_the_sessions_of_the_set(
    database: Database, events: list[Event], seed: int
) -> None:
    site = f"s{next(numbers)}.example"
    here = of_one_example(events, site)
    Delivery(database, seed).run(here)
    rows = database.items_of(database.tables.sessions)
    assert facts_of(row for row in rows if row["site"]["S"] == site) == naive_facts(
        here
    )
