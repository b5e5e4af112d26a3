"""What the Events stream delivers: in Lambda's form, and as its API gives it again."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from liveinsight.core.limits import SECOND
from liveinsight.errors import StoreError, StoreUnavailable
from liveinsight.store.archive_s3 import Archived
from liveinsight.store.dynamodb.items import event_of
from liveinsight.store.dynamodb.queues import MESSAGE_BYTES

if TYPE_CHECKING:
    from types_boto3_dynamodbstreams.client import DynamoDBStreamsClient

Record = Mapping[str, Any]
"""One change of the table, in Lambda's form."""

INSERT: Final = "INSERT"
"""The first copy of an event. What is sent again changes nothing, or is a MODIFY."""

_BODY_BYTES: Final = MESSAGE_BYTES - 1024


class FailedBatch(msgspec.Struct, frozen=True, rename="camel"):
    """Which records Lambda gave up: it says where they are, not what they are."""

    stream_arn: str
    shard_id: str
    start_sequence_number: str
    end_sequence_number: str


def sequence_of(record: Record) -> str:
    """Its number in the stream."""
    return str(record["dynamodb"]["SequenceNumber"])


def archived_of(record: Record) -> Archived:
    """The event that a record brings.

    Raises:
        Exception: of any kind; it is not one of ours.
    """
    change = record["dynamodb"]
    created = change["ApproximateCreationDateTime"]
    seconds = created.timestamp() if isinstance(created, datetime) else created
    event = event_of(change["NewImage"], int(seconds * SECOND))
    return Archived(str(change["SequenceNumber"]), event)


class _Poison(msgspec.Struct, frozen=True):
    record: Any
    reason: str


def poison_message(record: Record, reason: str) -> str:
    """The body that says what could not be read, for the failures queue."""
    body = msgspec.json.encode(_Poison(record, reason), enc_hook=str)
    if len(body) > _BODY_BYTES:
        keys = {
            name: record["dynamodb"].get(name) for name in ("Keys", "SequenceNumber")
        }
        body = msgspec.json.encode(_Poison({"dynamodb": keys}, reason), enc_hook=str)
    return body.decode()


def records_again(
    client: "DynamoDBStreamsClient", failed: FailedBatch
) -> Sequence[Record]:
    """The records that Lambda gave up, while the stream has them: for a day.

    Raises:
        StoreUnavailable: the stream does not answer.
        StoreError: it has forgotten them.
    """
    try:
        return list(_read_again(client, failed))
    except ClientError as error:
        code = error.response["Error"]["Code"]
        lost = code in {"TrimmedDataAccessException", "ResourceNotFoundException"}
        raise (StoreError if lost else StoreUnavailable)(f"stream: {code}") from error
    except BotoCoreError as error:
        raise StoreUnavailable(f"stream: {type(error).__name__}") from error


def _read_again(
    client: "DynamoDBStreamsClient", failed: FailedBatch
) -> Iterator[Record]:
    last = int(failed.end_sequence_number)
    iterator: str | None = client.get_shard_iterator(
        StreamArn=failed.stream_arn,
        ShardId=failed.shard_id,
        ShardIteratorType="AT_SEQUENCE_NUMBER",
        SequenceNumber=failed.start_sequence_number,
    )["ShardIterator"]
    while iterator:
        answer = client.get_records(ShardIterator=iterator)
        for record in answer["Records"]:
            if int(record["dynamodb"]["SequenceNumber"]) > last:
                return
            yield record
            if int(record["dynamodb"]["SequenceNumber"]) == last:
                return
        iterator = answer.get("NextShardIterator")
