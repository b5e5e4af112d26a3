"""The two functions of the AWS mode, run here as Lambda would run them."""

import contextlib
import io
import math
import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any, Final

import boto3

from bench._aws_meter import Meter
from bench._aws_traffic import Context, Event, Stream, queue_event
from liveinsight.store.dynamodb.calls import THREADS
from liveinsight.store.dynamodb.items import Tables
from tests.aws.template import Deployed

COLLECTOR_S: Final = 10
STREAM_S: Final = 60
"""The time-outs of both functions in the template."""
CORE: Final = 512 / 1769
MEMORY_GB: Final = 0.5
CALL_S: Final = 0.005
PUT_S: Final = 0.030
LINE: Final = 26
"""Bytes that CloudWatch adds to each line."""
MESSAGES: Final[int] = Deployed().properties("ResettleSource")["BatchSize"]
"""Of the queue, in one invocation."""

Handler = Callable[[Event, Context], Any]


class Work:
    """What the invocations of functions took."""

    def __init__(self) -> None:
        self._cpu_s: dict[str, list[float]] = {}
        self.waited_s = 0.0
        self.log_bytes = 0
        self.reply_bytes = 0

    @contextlib.contextmanager
    def invocation(self, kind: str = "") -> Iterator[None]:
        """One of them; those of a kind have about as much to do."""
        written = io.StringIO()
        begin = time.process_time()
        with contextlib.redirect_stdout(written):
            yield
        self._cpu_s.setdefault(kind, []).append(time.process_time() - begin)
        lines = written.getvalue()
        self.log_bytes += len(lines.encode()) + LINE * lines.count("\n")

    def see(self, reply: dict[str, Any]) -> None:
        """Counts a reply, which must be that to taken events."""
        if reply["statusCode"] != 200:
            raise SystemExit(f"the collector answered {reply}")
        self.reply_bytes += len(reply["body"]) + sum(
            len(name) + len(value) + 4 for name, value in reply["headers"].items()
        )

    @property
    def invocations(self) -> int:
        """How many there were."""
        return sum(map(len, self._cpu_s.values()))

    @property
    def cpu_s(self) -> float:
        """Processor time, each invocation taken as the median of its kind.

        What else runs on the machine only ever adds to some of them.
        """
        kinds = self._cpu_s.values()
        return sum(statistics.median(times) * len(times) for times in kinds)

    @property
    def gb_seconds(self) -> float:
        """As Lambda would charge it."""
        return (self.cpu_s / CORE + self.waited_s) * MEMORY_GB


class Functions:
    """Both handlers, and what leads from one to the other."""

    def __init__(self, meter: Meter, shards: int) -> None:
        # Imported here: they make their clients at import.
        from liveinsight.collect.lambda_handler import handler as collector
        from liveinsight.store.dynamodb.stream_handler import handler as settler

        self._meter = meter
        self._collector: Handler = collector
        self._settler: Handler = settler
        streams = boto3.client("dynamodbstreams")
        self._stream = Stream(streams, Tables().events, shards)
        self.start_over()

    def start_over(self) -> None:
        """Forgets what was counted."""
        self._meter.reset()
        self.door = Work()
        self.behind = Work()

    def collect(self, event: Event) -> None:
        """One request."""
        calls = self._meter.calls.total()
        with self.door.invocation():
            reply = self._collector(event, Context(COLLECTOR_S))
        self.door.see(reply)
        made = self._meter.calls.total() - calls
        self.door.waited_s += math.ceil(made / THREADS) * CALL_S

    def settle(self) -> None:
        """What the stream function does of it, now and a little later."""
        for batch in self._stream.batches():
            self._invoke(batch)
        messages, self._meter.messages = self._meter.messages, []
        for begin in range(0, len(messages), MESSAGES):
            self._invoke(queue_event(messages[begin : begin + MESSAGES]))

    def _invoke(self, event: Event) -> None:
        calls, puts = self._meter.calls.total(), self._meter.calls["PutObject"]
        kind = event["Records"][0]["eventSource"]
        with self.behind.invocation(kind):
            answer = self._settler(event, Context(STREAM_S))
        if answer and answer.get("batchItemFailures"):
            raise SystemExit(f"the stream function answered {answer}")
        put = self._meter.calls["PutObject"] - puts
        called = self._meter.calls.total() - calls - put
        self.behind.waited_s += math.ceil(called / THREADS) * CALL_S + put * PUT_S
