"""Any order, repetition and lateness of events, behind lagging indexes, in small."""

from collections.abc import Iterator
from itertools import count
from random import Random

import boto3
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from liveinsight.core.event import Event
from liveinsight.store.dynamodb.items import Tables
from tests.aws.dynamodb_local import Database, environment_for
from tests.aws.tables import create_tables
from tests.store.dynamodb.lagging import LaggingClient
from tests.store.dynamodb.settling import Settling
from tests.store.dynamodb.streaming import facts_of, naive_facts
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


def deliver(database: Database, events: list[Event], seed: int) -> None:
    """Batches and settlings in any order, over indexes that lag as they like."""
    chance = Random(seed)  # a shuffle
    client = LaggingClient(database.client)
    settling = Settling(database, client)
    sent = [*events, *chance.sample(events, len(events) // 2)]
    chance.shuffle(sent)
    while sent:
        batch = [sent.pop() for _ in range(min(len(sent), chance.randint(1, 4)))]
        client.held |= {event.event_id for event in batch}
        settling.take(*batch, at_once=chance.random() < 0.8)
        shown = chance.randint(0, len(client.held))
        client.held -= set(chance.sample(sorted(client.held), shown))
        for _ in range(chance.choice([0, 1, 2, 8])):
            if settling.queue:
                settling.settle_next(chance.randrange(len(settling.queue)))
    client.held.clear()
    settling.settle_all()


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
    max_examples=15,
    derandomize=True,
    database=None,
)
@given(events=sets_of_events(), seed=st.integers(0, 1 << 30))
def test_any_delivery_behind_lagging_indexes_gives_the_sessions_of_the_set(
    database: Database, events: list[Event], seed: int
) -> None:
    site = f"s{next(numbers)}.example"
    here = of_one_example(events, site)
    deliver(database, here, seed)
    rows = database.items_of(database.tables.sessions)
    assert facts_of(row for row in rows if row["site"]["S"] == site) == naive_facts(
        here
    )
