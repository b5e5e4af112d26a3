"""Visits of just now, written into the tables as the door writes them."""

import asyncio
import time
from collections.abc import Mapping

from liveinsight.core.event import Event
from liveinsight.store.dynamodb.client import dynamodb_client
from liveinsight.store.dynamodb.items import tables_of
from liveinsight.store.dynamodb.store import DynamoStore
from tests.store.builders import a_batch, an_event


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def record(environ: Mapping[str, str], user: str, *pages: str) -> list[Event]:
    """A visit of just now, durable; a second a page."""
    now = now_ms()
    events = []
    for number, page in enumerate(pages, 1):
        at = now - (len(pages) - number) * 1_000
        times = {"timestamp": at, "received_at": now, "present_at": at}
        event = an_event(
            number,
            event_id=f"evt_{user}_{at}",
            user_id=user,
            session_id=f"sess_{user}",
            session_sent=True,
            page=page,
            **times,
        )
        events.append(event)
    client = dynamodb_client(environ, attempts=1)
    store = DynamoStore(client, tables_of(environ))
    store.start_request(30_000)
    asyncio.run(store.record(a_batch(*events)))
    client.close()
    return events
