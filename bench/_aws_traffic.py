"""Requests as browsers send them, and records as the stream hands them on."""

import base64
import hashlib
import json
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

import msgspec

from liveinsight.loadtest.audience import Post

if TYPE_CHECKING:
    from types_boto3_dynamodbstreams.client import DynamoDBStreamsClient
    from types_boto3_dynamodbstreams.type_defs import RecordTypeDef

SITE: Final = "shop.example"
_SHOWN: Final = 1_000

Event = dict[str, Any]


def without_user(post: Post) -> Post:
    """The same request from a page that keeps no id of its visitors."""
    body = msgspec.json.decode(post.body)
    for event in body["events"]:
        del event["user_id"]
    return Post(post.user_agent, post.events, msgspec.json.encode(body))


def single_of(post: Post) -> Post:
    """The first event of a request as a request of its own, without an envelope."""
    event = msgspec.json.decode(post.body)["events"][0]
    return Post(post.user_agent, 1, msgspec.json.encode(event))


def proxied(post: Post, number: int, *, is_binary: bool = True) -> Event:
    """The event that API Gateway makes of a request."""
    address = f"198.{number >> 16}.{number >> 8 & 255}.{number & 255}"
    headers = {
        "Accept": "*/*",
        "Accept-Encoding": "gzip, deflate, br",
        "Accept-Language": "de-DE,de;q=0.9",
        "Content-Type": "text/plain;charset=UTF-8",
        "Content-Length": str(len(post.body)),
        "Host": "a1b2c3d4e5.execute-api.ap-northeast-2.amazonaws.com",
        "Origin": f"https://{SITE}",
        "Referer": f"https://{SITE}/",
        "User-Agent": post.user_agent,
        "X-Amzn-Trace-Id": "Root=1-6a1c2b3d-0123456789abcdef01234567",
        "X-Forwarded-For": address,
        "X-Forwarded-Port": "443",
        "X-Forwarded-Proto": "https",
    }
    body = base64.b64encode(post.body) if is_binary else post.body
    return {
        "resource": "/events",
        "path": "/events",
        "httpMethod": "POST",
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": None,
        "requestContext": {"stage": "prod", "identity": {"sourceIp": address}},
        "body": body.decode(),
        "isBase64Encoded": is_binary,
    }


class Context:
    """What Lambda hands to a function beside the event."""

    aws_request_id = "c6af9ac6-7b61-11e6-9a41-93e8deadbeef"
    function_name = "liveinsight"

    def __init__(self, timeout_s: int) -> None:
        self._ends_at = time.monotonic() + timeout_s

    def get_remaining_time_in_millis(self) -> int:
        """Until the function's timeout."""
        return round((self._ends_at - time.monotonic()) * 1_000)


class Stream:
    """The Events table's stream, read to its end each time."""

    def __init__(
        self, client: "DynamoDBStreamsClient", table: str, shards: int
    ) -> None:
        self._client = client
        self._shards = shards
        (stream,) = client.list_streams(TableName=table)["Streams"]
        self._arn = stream["StreamArn"]
        self._read: dict[str, str] = {}
        """The sequence number up to which each shard has been read."""

    def batches(self) -> Iterator[Event]:
        """What has come since the last call: the inserted records, a batch a shard.

        DynamoDB Local has one shard; records are dealt out as their key would be.
        """
        shards: dict[int, list[Event]] = {}
        for record in self._records():
            if record["eventName"] == "INSERT":
                key = record["dynamodb"]["Keys"]["event_id"]["S"]
                digest = hashlib.md5(key.encode(), usedforsecurity=False).digest()
                shards.setdefault(digest[0] % self._shards, []).append(record)
        for number in sorted(shards):
            yield {"Records": shards[number]}

    def _records(self) -> Iterator[Event]:
        described = self._client.describe_stream(StreamArn=self._arn)
        for shard in described["StreamDescription"]["Shards"]:
            name = shard["ShardId"]
            iterator = self._iterator(name)
            while True:
                page = self._client.get_records(ShardIterator=iterator, Limit=_SHOWN)
                for record in page["Records"]:
                    self._read[name] = record["dynamodb"]["SequenceNumber"]
                    yield self._as_lambda_has_it(record)
                if not page["Records"] or "NextShardIterator" not in page:
                    break
                iterator = page["NextShardIterator"]

    def _iterator(self, shard: str) -> str:
        read = self._read.get(shard)
        if read is None:
            found = self._client.get_shard_iterator(
                StreamArn=self._arn, ShardId=shard, ShardIteratorType="TRIM_HORIZON"
            )
        else:
            found = self._client.get_shard_iterator(
                StreamArn=self._arn,
                ShardId=shard,
                ShardIteratorType="AFTER_SEQUENCE_NUMBER",
                SequenceNumber=read,
            )
        return found["ShardIterator"]

    def _as_lambda_has_it(self, record: "RecordTypeDef") -> Event:
        stored = record["dynamodb"]
        created = stored["ApproximateCreationDateTime"].timestamp()
        return {
            "eventID": record["eventID"],
            "eventName": record["eventName"],
            "eventVersion": "1.1",
            "eventSource": "aws:dynamodb",
            "awsRegion": "ap-northeast-2",
            "eventSourceARN": self._arn,
            "dynamodb": {**stored, "ApproximateCreationDateTime": created},
        }


def queue_event(bodies: Sequence[str]) -> Event:
    """The event that Lambda makes of messages of the resettle queue."""
    records = [
        {
            "messageId": f"message-{number}",
            "receiptHandle": f"handle-{number}",
            "body": body,
            "attributes": {"ApproximateReceiveCount": "1"},
            "messageAttributes": {},
            "eventSource": "aws:sqs",
            "eventSourceARN": "arn:aws:sqs:ap-northeast-2:000000000000:resettle",
            "awsRegion": "ap-northeast-2",
        }
        for number, body in enumerate(bodies)
    ]
    return json.loads(json.dumps({"Records": records}))  # type: ignore[no-any-return]
