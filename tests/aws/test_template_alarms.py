"""What the template watches."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from liveinsight.aws.outline import read_template
from liveinsight.core.metric_names import NAMESPACE, REASON, Metric
from tests.aws.template import Deployed
from tests.aws.test_template_access import all_statements, as_list

Alarm = dict[str, Any]


def alarms() -> dict[str, Alarm]:
    return {
        alarm["AlarmName"].removeprefix("liveinsight-"): alarm
        for alarm in Deployed().of_type("CloudWatch::Alarm").values()
    }


def watched(alarm: Alarm) -> list[tuple[str, str, dict[str, str], str]]:
    """Namespace, metric, dimensions and statistic of all that an alarm looks at."""
    found = []
    for part in [alarm, *alarm.get("Metrics", [])]:
        metric = part.get("MetricStat", {}).get("Metric", part)
        if "MetricName" in metric:
            statistic = part.get("MetricStat", part)
            name = {statistic.get(key) for key in ("Stat", "Statistic")} - {None}
            dimensions = {one["Name"]: one["Value"] for one in metric["Dimensions"]}
            found.append(
                (
                    metric["Namespace"],
                    metric["MetricName"],
                    dimensions,
                    name.pop() if name else part["ExtendedStatistic"],
                )
            )
    return found


API = {"ApiName": "liveinsight", "Stage": "prod"}
COLLECTOR = {"FunctionName": "<Collector>"}
STREAM = {"FunctionName": "<StreamFunction>"}


@pytest.mark.parametrize(
    ("name", "namespace", "metric", "dimensions"),
    [
        ("api-5xx", "ApiGateway", "5XXError", API),
        ("api-4xx-rate", "ApiGateway", "4XXError", API),
        ("api-latency", "ApiGateway", "Latency", API),
        ("no-traffic", "ApiGateway", "Count", API),
        ("collector-errors", "Lambda", "Errors", COLLECTOR),
        ("collector-throttles", "Lambda", "Throttles", COLLECTOR),
        ("collector-duration", "Lambda", "Duration", COLLECTOR),
        ("stream-errors", "Lambda", "Errors", STREAM),
        ("stream-throttles", "Lambda", "Throttles", STREAM),
        ("stream-duration", "Lambda", "Duration", STREAM),
        ("archive-age", "Lambda", "IteratorAge", STREAM),
        (
            "failures",
            "SQS",
            "ApproximateNumberOfMessagesVisible",
            {"QueueName": "<FailuresQueue.QueueName>"},
        ),
    ],
)
def test_an_alarm_looks_at(
    name: str, namespace: str, metric: str, dimensions: dict[str, str]
) -> None:
    looked_at = [seen[:3] for seen in watched(alarms()[name])]
    assert (f"AWS/{namespace}", metric, dimensions) in looked_at


@pytest.mark.parametrize("name", alarms())
def test_an_alarm_tells_somebody_and_knows_what_silence_means(name: str) -> None:
    alarm = alarms()[name]
    assert alarm["AlarmActions"] == ["<AlarmTopic>"]
    assert alarm["AlarmDescription"].endswith(".")
    # No requests, no errors: only where requests themselves are missing is it bad.
    expected = "breaching" if name == "no-traffic" else "notBreaching"
    assert alarm["TreatMissingData"] == expected


def test_slowness_is_told_by_the_slowest_hundredth() -> None:
    for name in ("api-latency", "collector-duration", "stream-duration"):
        assert watched(alarms()[name])[0][3] == "p99"


@pytest.mark.parametrize("name", ["Collector", "StreamFunction"])
def test_a_function_is_slow_at_four_fifths_of_its_timeout(name: str) -> None:
    timeout = Deployed().properties(name)["Timeout"] * 1000
    prefix = {"Collector": "collector", "StreamFunction": "stream"}[name]
    assert alarms()[f"{prefix}-duration"]["Threshold"] == pytest.approx(0.8 * timeout)


def test_each_table_and_each_index_is_watched_for_throttling() -> None:
    seen = {
        (metric, tuple(sorted(dimensions.values())))
        for alarm in alarms().values()
        for _, metric, dimensions, _ in watched(alarm)
    }
    for name, table in Deployed().of_type("DynamoDB::Table").items():
        indexes = [one["IndexName"] for one in table.get("GlobalSecondaryIndexes", [])]
        for index in [None, *indexes]:
            place = tuple(sorted(filter(None, [f"<{name}>", index])))
            for kind in ("Write", "Read"):
                assert (f"{kind}ThrottleEvents", place) in seen


def test_each_operation_that_a_function_may_do_is_watched_for_errors_of_dynamodb() -> (
    None
):
    seen = {
        (dimensions["TableName"], dimensions["Operation"])
        for alarm in alarms().values()
        for _, metric, dimensions, _ in watched(alarm)
        if metric == "SystemErrors"
    }
    allowed = set()
    for statement in all_statements(Deployed()):
        for resource in as_list(statement["Resource"]):
            table = resource.removeprefix("<").partition(".")[0]
            for action in as_list(statement["Action"]):
                service, _, operation = action.partition(":")
                if service == "dynamodb" and "/stream/" not in resource:
                    allowed.add((f"<{table}>", operation))
    assert seen == allowed


def test_an_alarm_on_several_metrics_reckons_with_all_of_them() -> None:
    for alarm in alarms().values():
        parts = alarm.get("Metrics", [])
        assert len(parts) <= 1 + 10  # CloudWatch takes no more
        for expression in [
            part["Expression"] for part in parts if "Expression" in part
        ]:
            named = {part["Id"] for part in parts} - {"result"}
            words = set(re.findall(r"\w+", expression))
            assert named <= words or "METRICS" in words


@pytest.mark.parametrize("name", alarms())
def test_what_to_do_on_an_alarm_is_written_down(name: str) -> None:
    rows = Path("docs/aws.md").read_text().splitlines()
    assert any(row.startswith("|") and f"`{name}`" in row for row in rows)


def test_alarms_can_be_left_out() -> None:
    deployed = Deployed({"Alarms": "false", "AlarmEmail": "a@b.example"})
    assert not deployed.of_type("CloudWatch::Alarm")
    assert not deployed.of_type("SNS::Topic")
    assert not deployed.of_type("SNS::Subscription")
    assert "AlarmTopicArn" not in deployed.outputs


def test_who_gave_an_address_is_told_by_mail() -> None:
    assert not Deployed().of_type("SNS::Subscription")
    deployed = Deployed({"AlarmEmail": "a@b.example"})
    (subscription,) = deployed.of_type("SNS::Subscription").values()
    assert (subscription["Protocol"], subscription["Endpoint"]) == (
        "email",
        "a@b.example",
    )


def test_the_hours_without_traffic_are_chosen() -> None:
    (alarm,) = (
        alarm
        for alarm in Deployed({"NoTrafficHours": "9"})
        .of_type("CloudWatch::Alarm")
        .values()
        if alarm["AlarmName"].endswith("no-traffic")
    )
    assert (alarm["Period"], alarm["EvaluationPeriods"]) == (3600, "9")


def test_the_dashboard_is_one_of_cloudwatchs() -> None:
    dashboard = Deployed().properties("Dashboard")
    body = json.loads(dashboard["DashboardBody"])
    titles = {widget["properties"]["title"] for widget in body["widgets"]}
    assert {"Requests", "Latency (ms)", "Events", "Write units"} <= titles
    for widget in body["widgets"]:
        assert widget["properties"]["region"] == "ap-northeast-2"
        assert widget["properties"]["metrics"]


def test_the_dashboard_shows_everything_that_the_functions_count() -> None:
    body = json.loads(Deployed().properties("Dashboard")["DashboardBody"])
    (events,) = (
        widget["properties"]["metrics"]
        for widget in body["widgets"]
        if widget["properties"]["title"] == "Events"
    )
    assert events[0][0] == NAMESPACE
    named = {line[1] for line in events if len(line) > 1}
    assert named == set(Metric) - {Metric.DROPPED}
    searched = events[-1][0]["expression"]
    assert f'{{{NAMESPACE},{REASON}}} MetricName="{Metric.DROPPED}"' in searched


def test_resources_refer_only_to_what_there_is() -> None:
    deployed = Deployed({"AlarmEmail": "a@b.example", "RequireApiKey": "true"})
    known = set(deployed.resources)
    text = json.dumps([deployed.resources, deployed.outputs])
    named = {part.split(">")[0].split(".")[0] for part in text.split("<")[1:]}
    assert named <= known
    assert "Fn::" not in text
    assert "TODO" not in read_template()
