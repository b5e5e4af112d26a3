"""liveinsight status."""

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import boto3
import pytest

from liveinsight.aws import prices
from liveinsight.aws.account import open_account
from liveinsight.aws.parts import Alarm, Table
from liveinsight.aws.prices import Usage
from liveinsight.aws.stack import get_stack
from liveinsight.aws.status import HOURS_A_MONTH, estimate
from liveinsight.aws.usage import Errors, Events, LastHour, metrics_of
from tests.aws.commands import deployer, run
from tests.aws.ministack import MiniStack
from tests.aws.stacks import make_stack

if TYPE_CHECKING:
    from types_boto3_cloudwatch.type_defs import MetricDatumTypeDef

__all__ = ["deployer"]

NO_ERRORS = Errors(
    api_4xx=0,
    api_5xx=0,
    answered_503=0,
    function_errors=0,
    function_throttles=0,
    table_throttles=0,
    failures_waiting=0,
    archive_age_ms=0,
)
NO_EVENTS = Events(
    received=0, accepted=0, duplicate=0, dropped=0, rejected=0, archived=0
)


def put_metric(
    account: MiniStack, namespace: str, name: str, value: float, **dimensions: str
) -> None:
    """A value of five minutes ago, and one of two hours ago."""
    session = boto3.Session(
        aws_access_key_id=account.account,
        aws_secret_access_key="test",
        region_name="ap-northeast-2",
    )
    data: list[MetricDatumTypeDef] = [
        {
            "MetricName": name,
            "Dimensions": [{"Name": k, "Value": v} for k, v in dimensions.items()],
            "Timestamp": datetime.now(UTC) - timedelta(minutes=minutes),
            "Value": value,
        }
        for minutes in (5, 120)
    ]
    session.client("cloudwatch").put_metric_data(Namespace=namespace, MetricData=data)


def test_a_new_stack_is_well_and_all_of_its_parts_are_shown(
    deployer: MiniStack,
) -> None:
    make_stack(deployer)
    shown = run("status")
    assert shown.exit_code == 0, shown.output
    for part in (
        "liveinsight: CREATE_COMPLETE",
        "LiveInsight-Events          ACTIVE",
        "liveinsight-collector  Active",
        "at most 500 requests/s",
        "0 events received",
        "Cost, estimated",
    ):
        assert part in shown.stdout

    told = json.loads(run("status", "--json").stdout)
    assert told["state"] == "CREATE_COMPLETE"
    assert len(told["tables"]) == 3
    assert told["outputs"]["ApiUrl"] == told["api"]["url"]


def test_the_last_hour_is_counted_and_an_error_in_it_is_status_1(
    deployer: MiniStack,
) -> None:
    make_stack(deployer)
    api = {"ApiName": "liveinsight", "Stage": "prod"}
    put_metric(deployer, "LiveInsight", "Received", 40)
    put_metric(deployer, "LiveInsight", "Accepted", 30)
    put_metric(deployer, "LiveInsight", "Dropped", 7, Reason="bot")
    put_metric(deployer, "LiveInsight", "Dropped", 2, Reason="unknown_site")
    put_metric(deployer, "AWS/ApiGateway", "Count", 1000, **api)
    put_metric(deployer, "AWS/ApiGateway", "5XXError", 3, **api)
    put_metric(
        deployer,
        "AWS/DynamoDB",
        "ConsumedWriteCapacityUnits",
        5000,
        TableName="LiveInsight-Events",
        GlobalSecondaryIndexName="UserIndex",
    )
    put_metric(
        deployer,
        "AWS/Lambda",
        "Duration",
        60_000,
        FunctionName="liveinsight-collector",
    )
    shown = run("status", "--json")
    assert shown.exit_code == 1
    told = json.loads(shown.stdout)
    events, used = told["last_hour"]["events"], told["last_hour"]["usage"]
    assert (events["received"], events["accepted"], events["dropped"]) == (40, 30, 9)
    assert told["last_hour"]["errors"]["api_5xx"] == 3
    assert used["api_requests"] == 1000
    assert used["write_units"] == 5000
    assert used["gb_seconds"] == 30
    bill = prices.bill(
        Usage(**used),
        architecture=told["functions"][0]["architecture"],
    )
    assert told["cost"]["last_hour"] == pytest.approx(bill.total)


def test_an_alarm_that_rings_is_shown_first_and_is_status_1(
    deployer: MiniStack,
) -> None:
    make_stack(deployer)
    cloudwatch = boto3.Session(
        aws_access_key_id=deployer.account, aws_secret_access_key="test"
    ).client("cloudwatch", "ap-northeast-2")
    for name in ("liveinsight-a-quiet-one", "liveinsight-api-5xx"):
        cloudwatch.put_metric_alarm(
            AlarmName=name,
            AlarmDescription="Requests failed.",
            Namespace="AWS/ApiGateway",
            MetricName="5XXError",
            Statistic="Sum",
            Period=300,
            EvaluationPeriods=1,
            Threshold=5,
            ComparisonOperator="GreaterThanThreshold",
        )
        cloudwatch.set_alarm_state(AlarmName=name, StateValue="OK", StateReason="-")
    assert run("status").exit_code == 0
    cloudwatch.set_alarm_state(
        AlarmName="liveinsight-api-5xx", StateValue="ALARM", StateReason="test"
    )
    shown = run("status")
    assert shown.exit_code == 1
    assert "Alarms: 2, of which 1 not OK" in shown.stdout
    assert "liveinsight-api-5xx  ALARM  Requests failed." in shown.stdout


def test_metrics_of_every_table_index_function_and_queue_are_asked_for(
    deployer: MiniStack,
) -> None:
    make_stack(deployer)
    asked = metrics_of(get_stack(open_account(), "liveinsight"))
    writes = {"/".join(value for _, value in one.dimensions) for one in asked.writes}
    assert writes == {
        "LiveInsight-Events",
        "LiveInsight-Events/UserIndex",
        "LiveInsight-Events/SessionIndex",
        "LiveInsight-Sessions",
        "LiveInsight-Sessions/UserIndex",
        "LiveInsight-ActiveSessions",
    }
    assert len(asked.invocations) == len(asked.logs) == 2
    assert len(set(asked.all())) == len(asked.all())


def test_a_month_is_the_last_hour_and_what_is_paid_without_events() -> None:
    hour = LastHour(
        events=NO_EVENTS,
        errors=NO_ERRORS,
        usage=Usage(api_requests=1_000_000),
        counts_in_use=10,
    )
    table = Table(name="t", state="ACTIVE", items=1, bytes=10**10, is_protected=True)
    alarm = Alarm(name="a", state="OK", meaning="", reason="", metrics=2)
    cost = estimate(hour, [table], [alarm], "arm64")
    assert cost.last_hour == pytest.approx(3.50)
    assert cost.storage_month == pytest.approx(10 * prices.TABLE_STORAGE.usd)
    assert cost.fixed_month == pytest.approx(2 * 0.10 + 3.00 + 10 * 0.30)
    assert cost.month_at_this_rate == pytest.approx(
        3.50 * HOURS_A_MONTH + cost.storage_month + cost.fixed_month
    )
