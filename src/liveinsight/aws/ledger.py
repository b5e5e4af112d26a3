"""What a stack counted, from CloudWatch: by the hour, for a day and for a month."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from liveinsight.aws.account import Account, translated_errors
from liveinsight.core.limits import DAY, HOUR, SECOND
from liveinsight.core.metric_names import NAMESPACE, REASON, Metric
from liveinsight.core.outcome import DropReason
from liveinsight.core.stack_counts import StackCounts, StackLedger

if TYPE_CHECKING:
    from types_boto3_cloudwatch.type_defs import MetricDataQueryTypeDef

MONTH: Final = 30 * DAY

Counted = tuple[Metric, str]
"""A metric, and the reason; "" for those that have none."""

COUNTED: Final[Sequence[Counted]] = (
    *((metric, "") for metric in Metric if metric is not Metric.DROPPED),
    *((Metric.DROPPED, reason.value) for reason in DropReason),
)


def read_ledger(account: Account, now: int) -> StackLedger:
    """The stack's counts; one request, of which a thousand metrics cost a cent.

    Raises:
        DeployError: CloudWatch does not answer, or may not be asked.
    """
    found: dict[Counted, dict[int, int]] = {one: {} for one in COUNTED}
    with translated_errors():
        pages = account.cloudwatch.get_paginator("get_metric_data").paginate(
            MetricDataQueries=[_query(place) for place in range(len(COUNTED))],
            StartTime=_time(now - now % HOUR - MONTH + HOUR),
            EndTime=_time(now),
        )
        for page in pages:
            for result in page["MetricDataResults"]:
                hours = found[COUNTED[int(result.get("Id", "m0")[1:])]]
                times = result.get("Timestamps", [])
                for at, value in zip(times, result.get("Values", []), strict=True):
                    hours[int(at.timestamp()) * SECOND] = round(value)
    day = now - now % HOUR - DAY + HOUR
    return StackLedger(as_of=now, last_day=_sum(found, day), month=_sum(found, 0))


def _sum(found: Mapping[Counted, Mapping[int, int]], since: int) -> StackCounts:
    sums = {
        one: sum(count for hour, count in hours.items() if hour >= since)
        for one, hours in found.items()
    }
    at_door = sums[Metric.DUPLICATE, ""]
    return StackCounts(
        received=sums[Metric.RECEIVED, ""],
        stored=sums[Metric.ARCHIVED, ""],
        duplicate=at_door + sums[Metric.DUPLICATE_STORED, ""],
        dropped={
            reason: count
            for (metric, reason), count in sums.items()
            if metric is Metric.DROPPED and count
        },
        rejected=sums[Metric.REJECTED, ""],
        unavailable=sums[Metric.UNAVAILABLE, ""],
    )


def _query(place: int) -> "MetricDataQueryTypeDef":
    metric, reason = COUNTED[place]
    return {
        "Id": f"m{place}",
        "MetricStat": {
            "Metric": {
                "Namespace": NAMESPACE,
                "MetricName": metric.value,
                "Dimensions": [{"Name": REASON, "Value": reason}] if reason else [],
            },
            "Period": HOUR // SECOND,
            "Stat": "Sum",
        },
    }


def _time(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / SECOND, UTC)
