"""The second function: what a batch of the Events stream, or of a queue, brings about.

A batch of the stream is done when its events are in the archive and its sessions are
in the re-settle queue; then nothing of it can be lost:

1. archive   the same records give the same object, so a retry overwrites it
2. settle    as well as can be seen now; whatever fails here is not the batch's matter
3. queue     each touched session is settled once more, when the indexes have caught
             up; sent after settling, so that it comes after whatever that wrote
4. failures  a record that cannot be read goes to the failures queue, whole; the
             records beside it do not wait for it

If 1, 3 or 4 fails, Lambda is told from which record on to deliver again. Everything
here may be done twice.
"""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final, Protocol

import msgspec
from msgspec.structs import replace

from liveinsight.core.emf import metric_line
from liveinsight.core.event import Event
from liveinsight.core.metric_names import Metric
from liveinsight.errors import StoreUnavailable
from liveinsight.log import without_text
from liveinsight.store.archive_s3 import Archived, S3Archive
from liveinsight.store.dynamodb.queues import Queue
from liveinsight.store.dynamodb.settle import Settled, Settler
from liveinsight.store.dynamodb.stream_records import (
    INSERT,
    FailedBatch,
    Record,
    archived_of,
    poison_message,
    records_again,
    sequence_of,
)
from liveinsight.store.dynamodb.touch import Touch, merged, messages_of, touches_of

if TYPE_CHECKING:
    from types_boto3_dynamodbstreams.client import DynamoDBStreamsClient

log = logging.getLogger(__name__)

THREADS: Final = 8
RESERVED_MS: Final = 20_000
"""Kept of the time left, for a settling that has begun and for the queues."""
TRIES: Final = 10
"""Before a touch goes to the failures queue."""

Answer = dict[str, list[dict[str, str]]]
"""Which records or messages are to be delivered again."""


class Context(Protocol):
    """What is used of Lambda's context."""

    def get_remaining_time_in_millis(self) -> int:
        """Until Lambda ends the call."""


class Parts(msgspec.Struct, frozen=True, kw_only=True):
    """What the function works with."""

    archive: S3Archive
    settler: Settler
    resettle: Queue
    failures: Queue
    streams: "Callable[[], DynamoDBStreamsClient]"
    """Only to read again what Lambda gave up."""
    clock: Callable[[], int]
    """ms"""
    write: Callable[[str], None]
    """Writes one line of counts."""


class _Message(msgspec.Struct):
    """The body of a message: touches, or what came to the failures queue."""

    touches: list[Touch] = []
    record: dict[str, Any] | None = None
    batch: FailedBatch | None = msgspec.field(default=None, name="DDBStreamBatchInfo")


_decode = msgspec.json.Decoder(_Message).decode


class StreamFunction:
    """Handles what Lambda passes on, from the stream and from the re-settle queue."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._threads = ThreadPoolExecutor(THREADS, "settle")

    def handle(self, event: Mapping[str, Any], context: Context) -> Answer:
        """Which records or messages are to be delivered again; none is the usual."""
        records: Sequence[Record] = event.get("Records", ())
        if any(record.get("eventSource") == "aws:sqs" for record in records):
            failed = self._take_messages(records, context)
        else:
            again = self._take_records(records, context)
            failed = [] if again is None else [again]
        return {"batchItemFailures": [{"itemIdentifier": name} for name in failed]}

    def _take_records(self, records: Sequence[Record], context: Context) -> str | None:
        """From which record on to deliver again, if any."""
        events, poison = _read(records)
        touches = touches_of(record.event for record in events)
        try:
            self._parts.archive.write_batch(events)
            settled = self._settle(touches, context)
            later = [touch for touch, _ in touches]
            later += [touch for found in settled if found for touch in found.again]
            self._parts.resettle.send(messages_of(later))
            self._parts.failures.send(poison.values())
        except StoreUnavailable as error:
            log.warning(
                "a batch is to be delivered again", extra={"reason": str(error)}
            )
            return sequence_of(records[0])
        duplicates = sum(found.duplicates for found in settled if found)
        self._count(
            {
                Metric.ARCHIVED: len(events) - duplicates,
                Metric.DUPLICATE_STORED: duplicates,
                Metric.SETTLED: sum(found.written for found in settled if found),
            }
        )
        return None

    def _take_messages(self, messages: Sequence[Record], context: Context) -> list[str]:
        """The ids of the messages that are to come again."""
        failed: list[str] = []
        touched: list[str] = []
        touches: list[Touch] = []
        for message in messages:
            name = str(message["messageId"])
            try:
                body = _decode(message["body"])
                if not self._replay(body, context):
                    failed.append(name)
            except Exception as error:  # noqa: BLE001 a door: the others go on
                log.error(  # noqa: TRY400 its text may say what was sent
                    "a message failed", extra=without_text(error)
                )
                failed.append(name)
            else:
                touched.append(name)
                touches += body.touches
        try:
            self._settle_again(merged(touches), context)
        except StoreUnavailable as error:
            log.warning("messages are to come again", extra={"reason": str(error)})
            return [*failed, *touched]
        return failed

    def _replay(self, body: _Message, context: Context) -> bool:
        """Whether the records that failed before, if it is about such, are done with."""
        records: Sequence[Record] = [body.record] if body.record else []
        if body.batch is not None:
            records = records_again(self._parts.streams(), body.batch)
        return not records or self._take_records(records, context) is None

    def _settle_again(self, touches: Sequence[Touch], context: Context) -> None:
        """Settles from what the indexes say now.

        Each touch that fails takes its own way from here, not the message's.

        Raises:
            StoreUnavailable: a queue does not answer.
        """
        settled = self._settle([(touch, ()) for touch in touches], context)
        later: list[Touch] = []
        for touch, found in zip(touches, settled, strict=True):
            again = [touch] if found is None or found.is_lagging else []
            again += found.again if found else []
            # What one settling asks for counts on, so that nothing goes round for ever.
            later += (replace(other, tries=touch.tries + 1) for other in again)
        lost = [touch for touch in later if touch.tries >= TRIES]
        later = [touch for touch in later if touch.tries < TRIES]
        self._parts.resettle.send(messages_of(later))
        self._parts.failures.send(messages_of(lost))
        self._count({Metric.SETTLED: sum(found.written for found in settled if found)})

    def _settle(
        self, touches: Iterable[tuple[Touch, Sequence[Event]]], context: Context
    ) -> list[Settled | None]:
        """What became of each; None if it is still to be done."""

        def settle(touched: tuple[Touch, Sequence[Event]]) -> Settled | None:
            if context.get_remaining_time_in_millis() < RESERVED_MS:
                return None
            try:
                return self._parts.settler.settle(*touched)
            except Exception as error:  # noqa: BLE001 a door: the others go on
                log.warning("a session is not settled yet", extra=without_text(error))
                return None

        return list(self._threads.map(settle, touches))

    def _count(self, counts: Mapping[Metric, int]) -> None:
        if any(counts.values()):
            self._parts.write(metric_line(counts, self._parts.clock()))


def _read(records: Iterable[Record]) -> tuple[list[Archived], dict[str, str]]:
    """The events, and by sequence number the messages about what is none."""
    events: list[Archived] = []
    poison: dict[str, str] = {}
    for record in records:
        if record.get("eventName", INSERT) != INSERT:
            continue
        try:
            events.append(archived_of(record))
        except Exception as error:  # noqa: BLE001 a door: whatever was put into the table
            reason = f"{type(error).__name__}: {error}"
            log.warning(
                "a record cannot be read", extra={"reason": type(error).__name__}
            )
            poison[sequence_of(record)] = poison_message(record, reason)
    return events, poison
