"""The two queues of the stream function: to settle once more, and what failed."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

from botocore.exceptions import BotoCoreError, ClientError

from liveinsight.errors import StoreUnavailable

if TYPE_CHECKING:
    from types_boto3_sqs.client import SQSClient

MESSAGE_BYTES: Final = 256 * 1024
"""Of one message, and of one call."""
_MESSAGES: Final = 10


class Queue:
    """A queue of SQS, to send to."""

    def __init__(self, client: "SQSClient", url: str) -> None:
        self._client = client
        self._url = url

    def send(self, bodies: Iterable[str]) -> None:
        """Returns when all are in the queue.

        Raises:
            StoreUnavailable: not all are; some may be.
        """
        for part in _calls_of(bodies):
            entries = [
                {"Id": str(number), "MessageBody": body}
                for number, body in enumerate(part)
            ]
            try:
                answer = self._client.send_message_batch(
                    QueueUrl=self._url,
                    Entries=entries,  # type: ignore[arg-type]  # dicts of just these keys
                )
            except (BotoCoreError, ClientError) as error:
                raise StoreUnavailable(f"queue: {error}") from error
            if answer.get("Failed"):
                raise StoreUnavailable(f"queue: {answer['Failed'][0].get('Code')}")


def _calls_of(bodies: Iterable[str]) -> Iterator[list[str]]:
    part: list[str] = []
    size = 0
    for body in bodies:
        length = len(body.encode())
        if part and (len(part) == _MESSAGES or size + length > MESSAGE_BYTES):
            yield part
            part, size = [], 0
        part.append(body)
        size += length
    if part:
        yield part
