"""A stack in MiniStack: what of the template is more than words there."""

import re
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from liveinsight.aws.outline import DEPLOYMENT, read_template
from liveinsight.aws.policy import allow, document
from tests.aws.commands import act_as
from tests.aws.ministack import MiniStack
from tests.aws.stacks import change_stack, make_stack
from tests.aws.test_both_doors import TEXT, Sent, ask, event

ALARM = re.compile(r"^  \w+:\n    Type: AWS::CloudWatch::Alarm\n(?:    .*\n)+", re.M)


def by_plain_http(request: Any, **_: Any) -> None:
    request.headers["X-Forwarded-Proto"] = "http"


def test_the_archive_and_the_queues_refuse_plain_http(
    ministack: MiniStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    outputs = make_stack(ministack)
    bucket, queue = outputs["ArchiveBucket"], outputs["ResettleQueueUrl"]
    anything = document(allow("All", ["s3:*", "sqs:*"], ["*"]))
    act_as("somebody", anything, ministack, monkeypatch)
    s3, sqs = boto3.client("s3"), boto3.client("sqs")
    s3.put_object(Bucket=bucket, Key="v=1/a", Body=b"a")
    sqs.send_message(QueueUrl=queue, MessageBody="{}")
    for client in (s3, sqs):
        client.meta.events.register("before-sign", by_plain_http)
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.get_object(Bucket=bucket, Key="v=1/a")
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.put_object(Bucket=bucket, Key="v=1/b", Body=b"b")
    with pytest.raises(ClientError, match="AccessDenied"):
        sqs.send_message(QueueUrl=queue, MessageBody="{}")


def test_nothing_that_is_kept_goes_with_the_stack(ministack: MiniStack) -> None:
    outputs = make_stack(ministack)
    ministack.cloudformation.delete_stack(StackName="liveinsight")
    tables = {outputs[f"{name}Table"] for name in ("Events", "Sessions")}
    assert tables <= set(ministack.dynamodb.list_tables()["TableNames"])
    ministack.s3.head_bucket(Bucket=outputs["ArchiveBucket"])
    with pytest.raises(ClientError, match=r"[Dd]eletion protection"):
        ministack.dynamodb.delete_table(TableName=outputs["EventsTable"])


def test_a_changed_api_goes_live_with_its_new_deployment(ministack: MiniStack) -> None:
    outputs = make_stack(ministack)
    url = ministack.reachable(outputs["ApiUrl"]).replace("/events?", "/elsewhere?")
    assert ask(url, Sent(event(), TEXT)).status == 404
    changed = read_template().replace(DEPLOYMENT, DEPLOYMENT.replace("0", "1"))
    change_stack(ministack, changed.replace('StatusCode: "404"', 'StatusCode: "410"'))
    assert ask(url, Sent(event(), TEXT)).status == 410


def test_alarms_tell_their_topic_and_the_topic_tells_the_owner(
    ministack: MiniStack,
) -> None:
    """Those on one metric; of the others MiniStack knows nothing."""
    template = ALARM.sub(
        lambda found: "" if "Metrics:" in found[0] else found[0], read_template()
    )
    chosen = {"Alarms": "true", "AlarmEmail": "owner@shop.example"}
    topic = make_stack(ministack, chosen, template=template)["AlarmTopicArn"]
    alarms = ministack.cloudwatch.describe_alarms()["MetricAlarms"]
    assert len(alarms) == len(ALARM.findall(template)) > 10
    assert {tuple(alarm["AlarmActions"]) for alarm in alarms} == {(topic,)}
    (subscription,) = ministack.sns.list_subscriptions()["Subscriptions"]
    assert subscription["TopicArn"] == topic
    assert subscription["Endpoint"] == "owner@shop.example"
