"""An event source mapping of Lambda, for a stream: what no emulator does.

Shards at the same time, records of a shard in order, batches; after a failure the
batch again, from the reported record on or cut in two; in the end the failures queue.

Source: Lambda, "Configuring partial batch response with DynamoDB and Lambda" and
"Retain discarded records": with bisecting and reports together, a batch is cut at
the reported record, and only what remains is tried again.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any
from zlib import crc32

import boto3
import msgspec

from tests.aws.dynamodb_local import Database

if TYPE_CHECKING:
    from types_boto3_dynamodbstreams.client import DynamoDBStreamsClient

Record = dict[str, Any]
Handler = Callable[[dict[str, Any], "Invocation"], Mapping[str, Any]]


class Invocation(msgspec.Struct):
    """Lambda's context, as far as it is used."""

    remaining_ms: int = 60_000

    def get_remaining_time_in_millis(self) -> int:
        return self.remaining_ms


def streams_of(database: Database) -> "DynamoDBStreamsClient":
    return boto3.client(
        "dynamodbstreams",
        endpoint_url=database.endpoint,
        region_name=database.environ["AWS_DEFAULT_REGION"],
        aws_access_key_id=database.environ["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key="secret",
    )


def stream_arn(database: Database) -> str:
    table = database.client.describe_table(TableName=database.tables.events)
    return table["Table"]["LatestStreamArn"]


def records_of(database: Database) -> list[Record]:
    """All inserts of the Events stream so far, as Lambda delivers them."""
    client, arn = streams_of(database), stream_arn(database)
    found: list[Record] = []
    for shard in client.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]:
        iterator: str | None = client.get_shard_iterator(
            StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        while iterator:
            answer = client.get_records(ShardIterator=iterator)
            found += (
                as_delivered(record)
                for record in answer["Records"]
                if record["eventName"] == "INSERT"
            )
            iterator = answer.get("NextShardIterator") if answer["Records"] else None
    client.close()
    return found


def as_delivered(record: Mapping[str, Any]) -> Record:
    """A record of the API in Lambda's form: nothing but JSON."""
    change = dict(record["dynamodb"])
    change["ApproximateCreationDateTime"] = change[
        "ApproximateCreationDateTime"
    ].timestamp()
    delivered = {**record, "eventSource": "aws:dynamodb", "dynamodb": change}
    plain: Record = msgspec.json.decode(msgspec.json.encode(delivered))
    return plain


def sequence_of(record: Record) -> str:
    return str(record["dynamodb"]["SequenceNumber"])


class EventSource:
    """Delivers records to a function, over several shards at once."""

    def __init__(
        self,
        handler: Handler,
        *,
        batch_size: int = 100,
        retries: int = 5,
        shards: int = 4,
    ) -> None:
        self._handler = handler
        self._batch_size = batch_size
        self._retries = retries
        self._shards = shards
        self.given_up: list[list[Record]] = []
        """Batches that would be in the failures queue."""

    def deliver(self, records: Sequence[Record]) -> None:
        """Returns when each record was taken or given up."""
        with ThreadPoolExecutor(self._shards) as threads:
            list(threads.map(self._run_shard, self._split(records)))

    def _split(self, records: Sequence[Record]) -> Iterator[list[Record]]:
        """By the item's key, as DynamoDB does it."""
        shards: list[list[Record]] = [[] for _ in range(self._shards)]
        for record in records:
            key = msgspec.json.encode(record["dynamodb"]["Keys"]["event_id"])
            shards[crc32(key) % self._shards].append(record)
        yield from shards

    def _run_shard(self, records: Sequence[Record]) -> None:
        for begin in range(0, len(records), self._batch_size):
            batch = list(records[begin : begin + self._batch_size])
            self._run_batch(batch, self._retries)

    def _run_batch(self, batch: list[Record], retries: int) -> None:
        while batch:
            try:
                answer = self._handler({"Records": batch}, Invocation())
            except Exception:  # noqa: BLE001 as Lambda does
                rest = batch
                if len(batch) > 1 and retries > 0:
                    middle = len(batch) // 2
                    self._run_batch(batch[:middle], retries - 1)
                    self._run_batch(batch[middle:], retries - 1)
                    return
            else:
                reported = {
                    failure["itemIdentifier"] for failure in answer["batchItemFailures"]
                }
                if not reported:
                    return
                places = [
                    place
                    for place, record in enumerate(batch)
                    if sequence_of(record) in reported
                ]
                rest = batch[min(places) :] if places else batch
            if retries == 0:
                self.given_up.append(rest)
                return
            batch, retries = rest, retries - 1


def failure_message(database: Database, batch: Sequence[Record]) -> str:
    """What Lambda sends to the failures queue: where the records are, not what."""
    client, arn = streams_of(database), stream_arn(database)
    shards = client.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]
    client.close()
    body = {
        "requestContext": {"condition": "RetryAttemptsExhausted"},
        "version": "1.0",
        "DDBStreamBatchInfo": {
            "shardId": shards[0]["ShardId"],
            "startSequenceNumber": sequence_of(batch[0]),
            "endSequenceNumber": sequence_of(batch[-1]),
            "batchSize": len(batch),
            "streamArn": arn,
        },
    }
    return msgspec.json.encode(body).decode()
