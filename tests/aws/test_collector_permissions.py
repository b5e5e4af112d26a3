"""Each permission of the collector's role: taken away, something fails that worked."""

import json
import secrets
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from liveinsight.collect.door import Door
from liveinsight.collect.gateway import GatewayDoor
from liveinsight.core.limits import DAY
from liveinsight.store.dynamodb.client import dynamodb_client
from liveinsight.store.dynamodb.store import DynamoStore
from tests.aws.permissions import (
    Permission,
    Stack,
    a_stack,
    logs_written,
    permissions_of,
)
from tests.collect.builders import an_event
from tests.collect.proxy_events import LambdaContext, a_proxy_event

ROLE = "CollectorRole"
GROUP = "/aws/lambda/liveinsight-collector"


@pytest.fixture(scope="module")
def stack(ministack_server: str) -> Iterator[Stack]:
    with a_stack(ministack_server) as made:
        yield made


def salt(days_ago: int) -> str:
    at = time.time() - days_ago * DAY / 1000
    return f"salt#{datetime.fromtimestamp(at, UTC):%Y-%m-%d}"


def forget_salts(stack: Stack) -> None:
    """The state of the first request of a day, three days after the last."""
    table = stack.tables.active
    for days_ago in range(3):
        stack.account.dynamodb.delete_item(
            TableName=table, Key={"session_id": {"S": salt(days_ago)}}
        )
    stack.account.dynamodb.put_item(
        TableName=table, Item={"session_id": {"S": salt(3)}, "salt": {"B": b"old"}}
    )


def has_old_salt(stack: Stack) -> bool:
    found = stack.account.dynamodb.get_item(
        TableName=stack.tables.active, Key={"session_id": {"S": salt(3)}}
    )
    return "Item" in found


def all_that_it_does(stack: Stack, without: Permission | None = None) -> object:
    """The statuses of all kinds of requests, and what is left behind."""
    forget_salts(stack)
    with stack.acting_as(ROLE, without) as patch:
        del patch
        now = time.time_ns() // 1_000_000
        store = DynamoStore(dynamodb_client(stack.environ, 1), stack.tables)
        door = GatewayDoor(store, Door(), lambda: now)
        name = secrets.token_hex(8)
        ids = {"event_id": name, "user_id": name, "session_id": name}
        whole = an_event(timestamp=now - 1000) | ids
        requests = [
            whole,
            whole | {"event_id": None, "timestamp": None},
            whole | {"event_id": f"{name}-2", "user_id": None, "session_id": None},
        ]
        statuses = [
            door.answer(a_proxy_event(body), LambdaContext())["statusCode"]
            for body in json.loads(json.dumps(requests))
        ]
        return statuses, has_old_salt(stack), logs_written(GROUP)


WHOLE = ([200, 200, 200], False, True)


def test_with_all_of_its_permissions_the_collector_answers_everything(
    stack: Stack,
) -> None:
    assert all_that_it_does(stack) == WHOLE


@pytest.mark.parametrize("lacking", permissions_of(ROLE), ids=str)
def test_without_one_of_them_something_fails(stack: Stack, lacking: Permission) -> None:
    assert all_that_it_does(stack, lacking) != WHOLE
