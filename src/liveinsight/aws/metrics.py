"""Sums of CloudWatch metrics over the last hour, all asked for at once."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, Literal

import msgspec

from liveinsight.aws.account import Account, translated_errors

if TYPE_CHECKING:
    from types_boto3_cloudwatch.type_defs import (
        DimensionTypeDef,
        MetricDataQueryTypeDef,
    )

HOUR_S: Final = 3600
MINUTE_S: Final = 60
AT_ONCE: Final = 500
"""Queries in one request; CloudWatch takes no more."""


class Metric(msgspec.Struct, frozen=True):
    """A metric by its name and dimensions, and what is made of an hour of it."""

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...] = ()
    make: Literal["Sum", "Maximum"] = "Sum"


def last_hour(account: Account, metrics: Sequence[Metric]) -> dict[Metric, float]:
    """Each metric's sum (or highest value) over the last 60 minutes, 0 without data.

    Minutes, not one hour: CloudWatch begins its periods at the full hour.
    """
    wanted = list(dict.fromkeys(metrics))
    values = dict.fromkeys(wanted, 0.0)
    end = int(time.time()) // MINUTE_S * MINUTE_S + MINUTE_S
    for first in range(0, len(wanted), AT_ONCE):
        part = wanted[first : first + AT_ONCE]
        queries = [query_of(metric, place) for place, metric in enumerate(part)]
        with translated_errors():
            pages = account.cloudwatch.get_paginator("get_metric_data").paginate(
                MetricDataQueries=queries,
                StartTime=datetime.fromtimestamp(end - HOUR_S, UTC),
                EndTime=datetime.fromtimestamp(end, UTC),
            )
            for page in pages:
                for result in page["MetricDataResults"]:
                    metric = part[int(result.get("Id", "m0")[1:])]
                    found = result.get("Values", [])
                    if metric.make == "Sum":
                        values[metric] += sum(found)
                    else:
                        values[metric] = max([values[metric], *found])
    return values


def query_of(metric: Metric, place: int) -> "MetricDataQueryTypeDef":
    """The question about one metric, by the minute."""
    dimensions: list[DimensionTypeDef] = [
        {"Name": name, "Value": value} for name, value in metric.dimensions
    ]
    return {
        "Id": f"m{place}",
        "MetricStat": {
            "Metric": {
                "Namespace": metric.namespace,
                "MetricName": metric.name,
                "Dimensions": dimensions,
            },
            "Period": MINUTE_S,
            "Stat": metric.make,
        },
    }
