"""The bodies of answers to events, and the header that says the same in one line."""

from collections.abc import Sequence

import msgspec
from msgspec import UNSET, UnsetType

from liveinsight.collect.http import JSON, Headers, Reply
from liveinsight.core.outcome import Status

PROCESSED = "Event processed successfully"
DROPPED = "Event dropped"

_ENCODER = msgspec.json.Encoder()


class Result(msgspec.Struct, frozen=True, gc=False):
    """What became of one event."""

    event_id: str | None
    session_id: str | None
    status: Status
    reason: str | UnsetType = UNSET

    @property
    def is_plain(self) -> bool:
        """Whether the status says it all."""
        # No set: an enum's hash is a call of Python code.
        return self.status is Status.ACCEPTED or self.status is Status.DUPLICATE

    @property
    def summary(self) -> str:
        """For the header: `accepted`, `duplicate`, `dropped: bot`, `rejected: site`."""
        if self.is_plain or isinstance(self.reason, UnsetType):
            return str(self.status)
        return f"{self.status}: {self.reason.partition(':')[0]}"


class _One(msgspec.Struct, frozen=True, gc=False):
    message: str
    event_id: str | None
    session_id: str | None
    status: Status
    reason: str | UnsetType


class _Many(msgspec.Struct, frozen=True, gc=False):
    message: str
    results: Sequence[Result]


def summarize(results: Sequence[Result]) -> str:
    """The value of `X-LiveInsight`: each end that occurs, in order."""
    first = results[0]
    if first.is_plain and all(one.status is first.status for one in results):
        return str(first.status)
    return ", ".join(dict.fromkeys(result.summary for result in results))


def answer_one(result: Result, cors: Headers) -> Reply:
    """The answer to a single event that was not rejected."""
    message = DROPPED if result.status is Status.DROPPED else PROCESSED
    body = _One(
        message, result.event_id, result.session_id, result.status, result.reason
    )
    return _answer(body, result.summary, cors)


def answer_batch(results: Sequence[Result], cors: Headers) -> Reply:
    """The answer to a batch, one result per event, in order."""
    return _answer(_Many(PROCESSED, results), summarize(results), cors)


def _answer(body: _One | _Many, summary: str, cors: Headers) -> Reply:
    headers = (("Content-Type", JSON), *cors, ("X-LiveInsight", summary))
    return Reply(200, headers, _ENCODER.encode(body))
