"""Each permission of the stream function's role: taken away, something fails."""

import secrets
import time
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import msgspec
import pytest
from botocore.exceptions import ClientError

from liveinsight.core.event import Event
from liveinsight.store.dynamodb.items import event_item
from liveinsight.store.dynamodb.stream_function import StreamFunction
from liveinsight.store.dynamodb.touch import messages_of, touches_of
from tests.aws.event_source import Invocation, Record, as_delivered
from tests.aws.permissions import (
    Permission,
    Stack,
    a_stack,
    logs_written,
    permissions_of,
)
from tests.store.builders import an_event

ROLE = "StreamRole"
GROUP = "/aws/lambda/liveinsight-stream"
MINUTE = 60_000


@pytest.fixture(scope="module")
def stack(ministack_server: str) -> Iterator[Stack]:
    with a_stack(ministack_server) as made:
        yield made


class Does(msgspec.Struct, kw_only=True):
    """What came of everything that function and service do with the role."""

    read: bool = False
    """Lambda read the stream."""
    failed: list[object] = []
    """What is to be delivered again."""
    rows: list[str] = []
    archived: bool = False
    poison: bool = False
    resettled: bool = False
    """Lambda took the sessions to settle again from their queue."""
    logged: bool = False


def possible(action: Callable[[], object]) -> bool:
    try:
        action()
    except ClientError:
        return False
    return True


class Scene:
    """Three users' events, told apart from those of other runs by a name."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.name = secrets.token_hex(8)
        self.now = time.time_ns() // 1_000_000

    def event(self, what: str, minute: int, **fields: Any) -> Event:
        """An event of the session `what` that is put into the table."""
        event = an_event(
            event_id=f"evt_{self.name}-{what}-{minute}",
            timestamp=self.now - 90 * MINUTE + minute * MINUTE,
            session_id=f"sess_{self.name}-{what}",
            session_sent=True,
            **({"user_id": f"{self.name}-user"} | fields),
        )
        self.stack.account.dynamodb.put_item(
            TableName=self.stack.tables.events, Item=event_item(event)
        )
        return event

    def put_poison(self) -> None:
        self.stack.account.dynamodb.put_item(
            TableName=self.stack.tables.events,
            Item={"event_id": {"S": f"{self.name}-poison"}, "timestamp": {"N": "1"}},
        )

    def rows(self) -> list[str]:
        """The sessions that there are now."""
        items = self.stack.account.dynamodb.scan(
            TableName=self.stack.tables.sessions, ConsistentRead=True
        )["Items"]
        prefix = f"sess_{self.name}-"
        ids = [item["session_id"]["S"] for item in items]
        return sorted(one.removeprefix(prefix) for one in ids if prefix in one)


def read_stream(stack: Stack, name: str) -> list[Record]:
    """What Lambda's poller reads of the stream, by the calls that it makes."""
    client = boto3.client("dynamodbstreams")
    (found,) = client.list_streams(TableName=stack.tables.events)["Streams"]
    arn = found["StreamArn"]
    described = client.describe_stream(StreamArn=arn)
    records: list[Record] = []
    for shard in described["StreamDescription"]["Shards"]:
        iterator = client.get_shard_iterator(
            StreamArn=arn,
            ShardId=shard["ShardId"],
            ShardIteratorType="TRIM_HORIZON",
        )["ShardIterator"]
        answer = client.get_records(ShardIterator=iterator)
        records += map(as_delivered, answer["Records"])
    return [record for record in records if name in str(record["dynamodb"])]


def take_queue(url: str) -> bool:
    """Whether Lambda's poller can take what waits in the queue."""
    client = boto3.client("sqs")
    client.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
    taken = client.receive_message(QueueUrl=url, MaxNumberOfMessages=10)
    messages = taken.get("Messages", [])
    for message in messages:
        client.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return bool(messages)


def settle_again(function: StreamFunction, event: Event) -> object:
    """Settles a session of which the function only has the key of an event."""
    (body,) = messages_of(touch for touch, _ in touches_of([event]))
    message = {"eventSource": "aws:sqs", "messageId": "1", "body": body}
    return function.handle({"Records": [message]}, Invocation())["batchItemFailures"]


def missing(event: Event) -> Event:
    """One that no index has."""
    return msgspec.structs.replace(event, event_id=f"{event.event_id}-gone")


def all_that_it_does(stack: Stack, without: Permission | None = None) -> Does:
    stack.account.sqs.purge_queue(QueueUrl=stack.outputs["ResettleQueueUrl"])
    stack.account.sqs.purge_queue(QueueUrl=stack.outputs["FailuresQueueUrl"])
    does, scene = Does(), Scene(stack)
    anonymous = {"user_id": None, "visitor_id": f"{scene.name}-visitor"}
    with stack.acting_as(ROLE, without):
        # It opens one when it is imported, from the environment of that moment.
        from liveinsight.store.dynamodb.stream_handler import open_function

        function = open_function(stack.environ)

        def handle(records: list[Record]) -> None:
            answer = function.handle({"Records": records}, Invocation())
            does.failed += answer["batchItemFailures"]

        seen: list[Record] = []

        def read() -> list[Record]:
            new = [one for one in read_stream(stack, scene.name) if one not in seen]
            seen.extend(new)
            return new

        scene.event("early", 0)
        scene.event("late", 40)
        scene.event("nameless", 0, **anonymous)
        scene.put_poison()
        does.read = possible(lambda: handle(read()))
        joining = scene.event("early", 20)  # of the two, one is left
        possible(lambda: handle(read()))
        other = scene.event("other", 0, user_id=f"{scene.name}-other")
        does.failed += [settle_again(function, e) for e in (joining, missing(other))]
        does.rows = scene.rows()
        does.resettled = possible(
            lambda: take_queue(stack.environ["RESETTLE_QUEUE_URL"])
        )
        does.logged = logs_written(GROUP)
    failures = stack.account.sqs.receive_message(
        QueueUrl=stack.outputs["FailuresQueueUrl"]
    )
    does.poison = scene.name in str(failures.get("Messages"))
    objects = stack.account.s3.list_objects_v2(Bucket=stack.outputs["ArchiveBucket"])
    does.archived = any(
        one["LastModified"].timestamp() * 1000 > scene.now - 1000
        for one in objects.get("Contents", [])
    )
    return does


WHOLE = Does(
    read=True,
    failed=[[], []],
    rows=["early", "nameless", "other"],
    archived=True,
    poison=True,
    resettled=True,
    logged=True,
)


def test_with_all_of_its_permissions_the_stream_function_does_everything(
    stack: Stack,
) -> None:
    assert all_that_it_does(stack) == WHOLE


@pytest.mark.parametrize("lacking", permissions_of(ROLE), ids=str)
def test_without_one_of_them_something_fails(stack: Stack, lacking: Permission) -> None:
    assert all_that_it_does(stack, lacking) != WHOLE
