"""The stream function with real parts around it, and what it leaves behind."""

import secrets
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from liveinsight.core.event import Event
from liveinsight.store.archive_s3 import S3Archive
from liveinsight.store.dynamodb.items import Item, event_item, session_of
from liveinsight.store.dynamodb.queues import Queue
from liveinsight.store.dynamodb.settle import Settler
from liveinsight.store.dynamodb.stream_function import Parts, StreamFunction
from tests.aws.dynamodb_local import Database
from tests.aws.event_source import Invocation, streams_of
from tests.aws.ministack import MiniStack
from tests.naive_sessions import naive_runs

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client

Facts = tuple[object, ...]
"""What a row of Sessions must say."""


class Streaming:
    """Tables of DynamoDB Local, a bucket and two queues of MiniStack, the function."""

    def __init__(self, database: Database, stack: MiniStack) -> None:
        self.database = database
        self.s3, self.sqs = stack.s3, stack.sqs
        self.bucket = a_bucket(self.s3)
        self.archive = S3Archive(self.s3, self.bucket)
        self.resettle = self._queue("resettle")
        self.failures = self._queue("failures")
        self.lines: list[dict[str, Any]] = []
        self.function = self.function_with(database.client)

    def function_with(self, client: Any) -> StreamFunction:
        """The function over another client of the same tables."""
        return StreamFunction(
            Parts(
                archive=self.archive,
                settler=Settler(
                    client, self.database.tables, lambda: time.time_ns() // 1_000_000
                ),
                resettle=Queue(self.sqs, self.resettle),
                failures=Queue(self.sqs, self.failures),
                streams=lambda: streams_of(self.database),
                clock=lambda: time.time_ns() // 1_000_000,
                write=lambda line: self.lines.append(msgspec.json.decode(line)),
            )
        )

    def _queue(self, name: str) -> str:
        made = self.sqs.create_queue(QueueName=f"{name}-{secrets.token_hex(8)}")
        return made["QueueUrl"]

    def handle(self, event: dict[str, Any], context: Invocation) -> Mapping[str, Any]:
        return self.function.handle(event, context)

    def take(self, *events: Event) -> list[str]:
        """Stores and delivers the events as one batch; what is to come again."""
        put_events(self.database, events)
        return self.deliver([a_record(event) for event in events])

    def deliver(self, records: Sequence[dict[str, Any]]) -> list[str]:
        answer = self.handle({"Records": list(records)}, Invocation())
        return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]

    def resettle_all(self) -> int:
        """Handles the re-settle queue until it is empty; the number of messages."""
        handled = 0
        while messages := self.messages(self.resettle):
            handled += len(messages)
            assert self.deliver_messages(messages) == []
        return handled

    def deliver_messages(self, messages: Sequence[str]) -> list[str]:
        return self.deliver(
            [
                {"eventSource": "aws:sqs", "messageId": str(number), "body": body}
                for number, body in enumerate(messages)
            ]
        )

    def messages(self, queue: str, most: int = 10) -> list[str]:
        """Takes up to ten messages out of a queue."""
        found = self.sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=most)
        bodies = []
        for message in found.get("Messages", ()):
            self.sqs.delete_message(
                QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"]
            )
            bodies.append(message["Body"])
        return bodies

    def archived(self) -> list[Event]:
        """All events of all objects, copies included."""
        return [
            event
            for found in self.archive.objects_after(0)
            for event in self.archive.read(found)
        ]

    def rows(self) -> list[Item]:
        return self.database.items_of(self.database.tables.sessions)

    def facts(self) -> list[Facts]:
        """What the rows say, in order; those of no session included."""
        return facts_of(self.rows())


def a_bucket(client: "S3Client") -> str:
    """A new and empty bucket: of all accounts no two have one of the same name."""
    bucket = f"archive-{secrets.token_hex(8)}"
    client.create_bucket(
        Bucket=bucket,
        CreateBucketConfiguration={"LocationConstraint": "ap-northeast-2"},
    )
    return bucket


def put_events(database: Database, events: Iterable[Event]) -> None:
    """Puts the events into the table, as the door would."""
    for event in events:
        database.client.put_item(
            TableName=database.tables.events, Item=event_item(event)
        )


def facts_of(items: Iterable[Item]) -> list[Facts]:
    """What rows of Sessions say."""
    return sorted(
        (
            (
                row.site,
                row.user,
                row.session_id,
                row.start_time,
                row.start_event,
                row.last_activity,
                row.last_event,
                row.session_duration,
                row.entry_page,
                row.exit_page,
                row.page_views,
                row.total_events,
                row.conversions,
                row.engagement_ms,
                row.source,
                row.country,
            )
            for row in map(session_of, items)
        ),
        key=str,
    )


def a_record(event: Event) -> dict[str, Any]:
    """The stream's record of an event, numbered by when it was received."""
    number = f"{event.received_at:015d}{int.from_bytes(event.event_id.encode()) % 10**10:010d}"
    return {
        "eventID": number,
        "eventName": "INSERT",
        "eventSource": "aws:dynamodb",
        "dynamodb": {
            "ApproximateCreationDateTime": event.received_at / 1000,
            "Keys": {
                "event_id": {"S": event.event_id},
                "timestamp": {"N": str(event.timestamp)},
            },
            "NewImage": event_item(event),
            "SequenceNumber": number,
            "StreamViewType": "NEW_IMAGE",
        },
    }


def naive_facts(events: Iterable[Event]) -> list[Facts]:
    """What the rows must say after any delivery of these events."""
    return sorted(
        (
            (
                run.site,
                run.user,
                run.session_id,
                run.start_time,
                run.start_event,
                run.last_activity,
                run.last_event,
                run.last_activity - run.start_time,
                run.entry_page,
                run.exit_page,
                run.page_views,
                run.total_events,
                run.conversions,
                run.engagement_ms,
                run.source,
                run.country,
            )
            for run in naive_runs(events)
        ),
        key=str,
    )
