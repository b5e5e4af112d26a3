"""The parts of a stack as AWS describes them now."""

from typing import TYPE_CHECKING

import msgspec

from liveinsight.aws.account import Account
from liveinsight.aws.stack import Stack

if TYPE_CHECKING:
    from types_boto3_cloudwatch.type_defs import MetricAlarmTypeDef


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """A table; items and bytes are as DynamoDB counted some hours ago."""

    name: str
    state: str
    items: int
    bytes: int
    is_protected: bool


class Function(msgspec.Struct, frozen=True, kw_only=True):
    """A function."""

    name: str
    state: str
    runtime: str
    architecture: str
    memory_mb: int
    code_bytes: int
    changed: str


class Api(msgspec.Struct, frozen=True, kw_only=True):
    """The API's stage."""

    url: str
    stage: str
    deployed_at: int
    """In ms."""
    requests_per_s: float
    """Above it, 429 is said."""


class Alarm(msgspec.Struct, frozen=True, kw_only=True):
    """An alarm."""

    name: str
    state: str
    meaning: str
    reason: str
    metrics: int
    """Those that it looks at; it costs for each."""


def read_table(account: Account, name: str) -> Table:
    """The table of this name."""
    found = account.dynamodb.describe_table(TableName=name)["Table"]
    return Table(
        name=name,
        state=found.get("TableStatus", ""),
        items=found.get("ItemCount", 0),
        bytes=found.get("TableSizeBytes", 0)
        + sum(
            index.get("IndexSizeBytes", 0)
            for index in found.get("GlobalSecondaryIndexes", ())
        ),
        is_protected=found.get("DeletionProtectionEnabled", False),
    )


def read_function(account: Account, name: str) -> Function:
    """The function of this name."""
    found = account.functions.get_function_configuration(FunctionName=name)
    return Function(
        name=name,
        state=found.get("State", ""),
        runtime=found.get("Runtime", ""),
        architecture=next(iter(found.get("Architectures", ())), ""),
        memory_mb=found.get("MemorySize", 0),
        code_bytes=found.get("CodeSize", 0),
        changed=found.get("LastModified", ""),
    )


def read_api(account: Account, stack: Stack) -> Api:
    """The stage that the tracker sends to."""
    found = account.apigateway.get_stage(
        restApiId=stack.output("RestApiId"),
        stageName=stack.parameters.get("StageName", "prod"),
    )
    settings = found.get("methodSettings", {}).get("*/*", {})
    changed = found.get("lastUpdatedDate", found.get("createdDate"))
    return Api(
        url=stack.output("ApiUrl"),
        stage=found.get("stageName", ""),
        deployed_at=0 if changed is None else int(changed.timestamp() * 1000),
        requests_per_s=settings.get("throttlingRateLimit", 0),
    )


def read_alarms(account: Account, stack: str) -> tuple[Alarm, ...]:
    """The alarms of a stack, those that ring first."""
    pages = account.cloudwatch.get_paginator("describe_alarms").paginate(
        AlarmNamePrefix=f"{stack}-", AlarmTypes=["MetricAlarm"]
    )
    found = [alarm_of(one) for page in pages for one in page["MetricAlarms"]]
    return tuple(sorted(found, key=lambda one: (one.state != "ALARM", one.name)))


def alarm_of(found: "MetricAlarmTypeDef") -> Alarm:
    """What CloudWatch says of an alarm."""
    metrics = [one for one in found.get("Metrics", ()) if "MetricStat" in one]
    return Alarm(
        name=found.get("AlarmName", ""),
        state=found.get("StateValue", ""),
        meaning=found.get("AlarmDescription", ""),
        reason=found.get("StateReason", ""),
        metrics=max(1, len(metrics)),
    )


def read_waiting(account: Account, queue: str) -> int:
    """How many messages wait in a queue, about."""
    found = account.sqs.get_queue_attributes(
        QueueUrl=queue, AttributeNames=["ApproximateNumberOfMessages"]
    )
    return int(found.get("Attributes", {}).get("ApproximateNumberOfMessages", 0))
