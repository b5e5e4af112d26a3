"""The stack's own counts, as CloudWatch gives them back."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import boto3
import pytest

from liveinsight.aws.account import open_account
from liveinsight.aws.ledger import read_ledger
from liveinsight.core.limits import HOUR
from liveinsight.core.metric_names import NAMESPACE, REASON, Metric
from tests.aws.ministack import MiniStack

if TYPE_CHECKING:
    from types_boto3_cloudwatch.client import CloudWatchClient

NOW = datetime.now(UTC)


class Counts:
    """What the functions' embedded metrics leave in CloudWatch."""

    def __init__(self) -> None:
        self.client: CloudWatchClient = boto3.client("cloudwatch")

    def put(self, metric: Metric, count: int, ago: timedelta, reason: str = "") -> None:
        self.client.put_metric_data(
            Namespace=NAMESPACE,
            MetricData=[
                {
                    "MetricName": metric.value,
                    "Value": count,
                    "Timestamp": NOW - ago,
                    "Dimensions": [{"Name": REASON, "Value": reason}] if reason else [],
                }
            ],
        )


@pytest.fixture
def counts(ministack: MiniStack) -> Counts:
    assert ministack.environ
    return Counts()


def test_the_ledger_adds_up_or_says_by_how_much_it_does_not(counts: Counts) -> None:
    minutes, days = timedelta(minutes=5), timedelta(days=9)
    for ago in (minutes, days):
        counts.put(Metric.RECEIVED, 100, ago)
        counts.put(Metric.ACCEPTED, 80, ago)
        counts.put(Metric.DUPLICATE, 4, ago)
        counts.put(Metric.DROPPED, 10, ago, "bot")
        counts.put(Metric.DROPPED, 3, ago, "unknown_site")
        counts.put(Metric.REJECTED, 3, ago)
        counts.put(Metric.DUPLICATE_STORED, 2, ago)
    counts.put(Metric.ARCHIVED, 78, days)
    counts.put(Metric.ARCHIVED, 70, minutes)  # the rest is still in the stream
    counts.put(Metric.UNAVAILABLE, 1, days)
    now = int(NOW.timestamp() * 1_000)
    found = read_ledger(open_account(), now)
    assert found.as_of == now
    day, month = found.last_day, found.month
    assert (day.received, day.stored, day.duplicate, day.rejected) == (100, 70, 6, 3)
    assert day.dropped == {"bot": 10, "unknown_site": 3}
    assert day.difference == 8
    assert (month.received, month.stored, month.difference) == (200, 148, 8)
    assert (day.unavailable, month.unavailable) == (0, 1)


def test_what_is_older_than_a_month_is_not_counted(counts: Counts) -> None:
    counts.put(Metric.RECEIVED, 5, timedelta(days=31))
    counts.put(Metric.RECEIVED, 7, timedelta(days=9))
    found = read_ledger(open_account(), int(NOW.timestamp() * 1_000) + HOUR // 60)
    assert (found.month.received, found.last_day.received) == (7, 0)
