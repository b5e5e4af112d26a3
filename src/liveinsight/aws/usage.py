"""What came in, what went wrong, and what was used of AWS in the last hour."""

from collections.abc import Sequence
from typing import Final

import msgspec

from liveinsight.aws.account import Account
from liveinsight.aws.metrics import Metric, last_hour
from liveinsight.aws.prices import Usage
from liveinsight.aws.stack import Stack
from liveinsight.core import metric_names
from liveinsight.core.outcome import DropReason

INDEXES: Final = {
    "EventsTable": ("UserIndex", "SessionIndex"),
    "SessionsTable": ("UserIndex",),
    "ActiveSessionsTable": (),
}
MEGABYTES_PER_GB: Final = 1024
MS_PER_S: Final = 1000


class Events(msgspec.Struct, frozen=True, kw_only=True):
    """The ledger of an hour, as the functions counted it; for all stacks of the region."""

    received: int
    accepted: int
    duplicate: int
    dropped: int
    rejected: int
    archived: int


class Errors(msgspec.Struct, frozen=True, kw_only=True):
    """What went wrong in an hour."""

    api_4xx: int
    api_5xx: int
    answered_503: int
    """By the door: the sender tries again."""
    function_errors: int
    function_throttles: int
    table_throttles: int
    failures_waiting: int
    """Records that could not be archived, or sessions not settled: now, in the queue."""
    archive_age_ms: int
    """The age of the oldest event that waited for the archive."""

    @property
    def are_there(self) -> bool:
        """Whether anything needs a person; a 4xx is the sender's matter."""
        return any(
            (
                self.api_5xx,
                self.answered_503,
                self.function_errors,
                self.function_throttles,
                self.table_throttles,
                self.failures_waiting,
            )
        )


class LastHour(msgspec.Struct, frozen=True, kw_only=True):
    """The last 60 minutes."""

    events: Events
    errors: Errors
    usage: Usage
    counts_in_use: int
    """Metrics of ours with data: each costs by the month."""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """All metrics of a stack, by what they are asked for."""

    ours: dict[metric_names.Metric, tuple[Metric, ...]]
    api: dict[str, Metric]
    invocations: tuple[Metric, ...]
    durations: tuple[Metric, ...]
    errors: tuple[Metric, ...]
    throttles: tuple[Metric, ...]
    age: Metric
    writes: tuple[Metric, ...]
    reads: tuple[Metric, ...]
    table_throttles: tuple[Metric, ...]
    logs: tuple[Metric, ...]
    queues: tuple[Metric, ...]

    def all(self) -> list[Metric]:
        """Every one."""
        return [
            *(one for group in self.ours.values() for one in group),
            *self.api.values(),
            *self.invocations,
            *self.durations,
            *self.errors,
            *self.throttles,
            self.age,
            *self.writes,
            *self.reads,
            *self.table_throttles,
            *self.logs,
            *self.queues,
        ]


def metrics_of(stack: Stack) -> Asked:
    """The metrics that tell of this stack."""
    functions = (stack.output("CollectorFunction"), stack.output("StreamFunction"))
    stage = stack.parameters.get("StageName", "prod")
    queues = [
        stack.output(name).rsplit("/", 1)[-1]
        for name in ("FailuresQueueUrl", "ResettleQueueUrl")
    ]

    def of_functions(name: str) -> tuple[Metric, ...]:
        return tuple(
            Metric("AWS/Lambda", name, (("FunctionName", function),))
            for function in functions
        )

    return Asked(
        ours={name: our_metrics(name) for name in metric_names.Metric},
        api={
            name: Metric(
                "AWS/ApiGateway", name, (("ApiName", stack.name), ("Stage", stage))
            )
            for name in ("Count", "4XXError", "5XXError")
        },
        invocations=of_functions("Invocations"),
        durations=of_functions("Duration"),
        errors=of_functions("Errors"),
        throttles=of_functions("Throttles"),
        age=Metric(
            "AWS/Lambda", "IteratorAge", (("FunctionName", functions[1]),), "Maximum"
        ),
        writes=of_tables(stack, "ConsumedWriteCapacityUnits"),
        reads=of_tables(stack, "ConsumedReadCapacityUnits"),
        table_throttles=(
            *of_tables(stack, "WriteThrottleEvents"),
            *of_tables(stack, "ReadThrottleEvents"),
        ),
        logs=tuple(
            Metric(
                "AWS/Logs", "IncomingBytes", (("LogGroupName", f"/aws/lambda/{name}"),)
            )
            for name in functions
        ),
        queues=tuple(
            Metric("AWS/SQS", name, (("QueueName", queue),))
            for queue in queues
            for name in (
                "NumberOfMessagesSent",
                "NumberOfMessagesReceived",
                "NumberOfEmptyReceives",
                "NumberOfMessagesDeleted",
            )
        ),
    )


def our_metrics(name: metric_names.Metric) -> tuple[Metric, ...]:
    """A count of ours: one metric, or one for each reason."""
    if name is not metric_names.Metric.DROPPED:
        return (Metric(metric_names.NAMESPACE, name.value),)
    return tuple(
        Metric(
            metric_names.NAMESPACE, name.value, ((metric_names.REASON, reason.value),)
        )
        for reason in DropReason
    )


def of_tables(stack: Stack, name: str) -> tuple[Metric, ...]:
    """A metric of the tables and of their indexes."""
    found = []
    for output, indexes in INDEXES.items():
        table = ("TableName", stack.output(output))
        found.append(Metric("AWS/DynamoDB", name, (table,)))
        found += [
            Metric("AWS/DynamoDB", name, (table, ("GlobalSecondaryIndexName", index)))
            for index in indexes
        ]
    return tuple(found)


def read_last_hour(
    account: Account, stack: Stack, *, memory_mb: Sequence[int], failures_waiting: int
) -> LastHour:
    """The last hour of a stack.

    Args:
        account: where it is.
        stack: a complete one.
        memory_mb: of the collector and of the stream function.
        failures_waiting: messages in the failures queue.
    """
    asked = metrics_of(stack)
    values = last_hour(account, asked.all())

    def total(metrics: Sequence[Metric]) -> int:
        return round(sum(values[metric] for metric in metrics))

    def ours(name: metric_names.Metric) -> int:
        return total(asked.ours[name])

    name = metric_names.Metric
    return LastHour(
        events=Events(
            received=ours(name.RECEIVED),
            accepted=ours(name.ACCEPTED),
            duplicate=ours(name.DUPLICATE) + ours(name.DUPLICATE_STORED),
            dropped=ours(name.DROPPED),
            rejected=ours(name.REJECTED),
            archived=ours(name.ARCHIVED),
        ),
        errors=Errors(
            api_4xx=total([asked.api["4XXError"]]),
            api_5xx=total([asked.api["5XXError"]]),
            answered_503=ours(name.UNAVAILABLE),
            function_errors=total(asked.errors),
            function_throttles=total(asked.throttles),
            table_throttles=total(asked.table_throttles),
            failures_waiting=failures_waiting,
            archive_age_ms=round(values[asked.age]),
        ),
        usage=Usage(
            api_requests=total([asked.api["Count"]]),
            invocations=total(asked.invocations),
            gb_seconds=sum(
                values[metric] / MS_PER_S * memory / MEGABYTES_PER_GB
                for metric, memory in zip(asked.durations, memory_mb, strict=True)
            ),
            write_units=total(asked.writes),
            read_units=total(asked.reads),
            log_bytes=total(asked.logs),
            # At most one object for each call of the stream function.
            object_puts=values[asked.invocations[1]],
            queue_requests=total(asked.queues),
        ),
        counts_in_use=sum(
            values[one] > 0 for group in asked.ours.values() for one in group
        ),
    )
