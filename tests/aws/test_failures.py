"""What is said when CloudFormation fails, or a stack is stuck."""

from datetime import UTC, datetime

import boto3
import pytest
from botocore.stub import Stubber

from liveinsight.aws import artifacts
from liveinsight.aws.account import Account, open_account
from liveinsight.aws.deploy import Artifacts, Plan, apply, make_plan
from liveinsight.aws.destroy import delete_stack
from liveinsight.aws.events import StackEvent
from liveinsight.aws.rollback import continue_rollback
from liveinsight.aws.stack import Stack, find_stack
from liveinsight.aws.stuck import STUCK, check_ready
from liveinsight.cli.stacks import carry_out, unhurried
from liveinsight.errors import ConfigError, DeployError
from tests.aws.commands import deployer, done, run
from tests.aws.ministack import MiniStack

__all__ = ["deployer"]

QUEUE = """
  {name}:
    Type: AWS::SQS::Queue
    Properties: {{ QueueName: liveinsight-{name}, VisibilityTimeout: {seconds} }}
"""
BUCKET = """
  Logs:
    Type: AWS::S3::Bucket
    Properties: { BucketName: !Sub "liveinsight-archive-${AWS::AccountId}-x" }
"""
OURS = "Parameters: { ArtifactKey: { Type: String, Default: key } }"
FINE = 30
TOO_LONG = 99_999_999
ARN = "arn:aws:cloudformation:ap-northeast-2:123456789012:stack/liveinsight/1"


def a_template(**queues: int) -> str:
    """A template of queues, by logical id, and how long they hide a message, in s."""
    parts = [QUEUE.format(name=name, seconds=value) for name, value in queues.items()]
    return "\n".join([OURS, "Resources:", *parts])


def plan_of(account: Account, template: str) -> Plan:
    bucket = artifacts.ensure_bucket(account)
    key = artifacts.upload_template(account, bucket, template)
    wanted = Artifacts(bucket=bucket, template_key=key, parameters={})
    plan = make_plan(account, "liveinsight", wanted)
    assert plan is not None
    return plan


def apply_plan(account: Account, plan: Plan) -> list[StackEvent]:
    events: list[StackEvent] = []
    apply(account, plan, print, events.append)
    return events


def test_a_failed_update_is_taken_back_and_says_what_failed_and_why(
    deployer: MiniStack,
) -> None:
    account = open_account()
    apply_plan(account, plan_of(account, a_template(One=FINE)))

    with pytest.raises(DeployError) as raised:
        apply_plan(account, plan_of(account, a_template(One=FINE, Two=TOO_LONG)))
    said = str(raised.value)
    assert "FAILED   Two (AWS::SQS::Queue): Invalid value for the parameter" in said
    assert "everything is as it was before" in said
    stack = find_stack(account, "liveinsight")
    assert stack is not None
    assert stack.status == "UPDATE_ROLLBACK_COMPLETE"

    events = apply_plan(account, plan_of(account, a_template(One=FINE, Two=FINE)))
    assert "Two" in [event.resource for event in events]


def test_a_failed_creation_leaves_a_stack_that_destroy_removes(
    deployer: MiniStack,
) -> None:
    account = open_account()
    with pytest.raises(DeployError, match="liveinsight destroy"):
        apply_plan(account, plan_of(account, a_template(One=TOO_LONG)))

    again = run("deploy")
    assert again.exit_code == 1
    assert "ROLLBACK_COMPLETE" in again.stderr
    assert "liveinsight destroy --stack liveinsight" in again.stderr
    assert "One (AWS::SQS::Queue)" in again.stderr

    done("destroy", "--yes")
    assert find_stack(account, "liveinsight") is None


def test_what_cloudformation_finds_wrong_before_it_begins_is_named(
    deployer: MiniStack,
) -> None:
    deployer.s3.create_bucket(
        Bucket=f"liveinsight-archive-{deployer.account}-x",
        CreateBucketConfiguration={"LocationConstraint": "ap-northeast-2"},
    )
    account = open_account()
    with pytest.raises(DeployError) as raised:
        apply_plan(account, plan_of(account, f"Resources:{BUCKET}"))
    assert "FAILED   Logs (AWS::S3::Bucket)" in str(raised.value)
    assert "already exists" in str(raised.value)
    assert "DescribeEvents" not in str(raised.value)


def test_a_stack_of_another_template_is_left_alone(deployer: MiniStack) -> None:
    account = open_account()
    foreign = a_template(One=FINE).removeprefix(OURS)
    apply_plan(account, plan_of(account, foreign))
    for command in (["deploy"], ["destroy", "--yes"], ["destroy", "--delete-data"]):
        refused = run(*command, stdin="liveinsight\n")
        assert refused.exit_code == 1
        assert "not one of LiveInsight's" in refused.stderr
    assert find_stack(account, "liveinsight") is not None


def test_who_stops_watching_is_told_that_cloudformation_goes_on() -> None:
    with pytest.raises(DeployError, match="goes on by itself"), unhurried("shop"):
        raise KeyboardInterrupt


def test_a_removal_asks_first_and_a_plan_that_is_not_wanted_leaves_no_trace(
    deployer: MiniStack,
) -> None:
    account = open_account()
    apply_plan(account, plan_of(account, a_template(One=FINE, Two=FINE)))
    plan = plan_of(account, a_template(One=FINE))
    with pytest.raises(ConfigError, match="removes or replaces Two"):
        carry_out(account, plan, yes=False, only_show=False)
    left = deployer.cloudformation.list_change_sets(StackName="liveinsight")
    assert "AVAILABLE" not in [one["ExecutionStatus"] for one in left["Summaries"]]

    plan = plan_of(account, a_template(One=FINE))
    assert carry_out(account, plan, yes=True, only_show=False) is not None


def test_a_template_that_is_refused_says_why_and_leaves_no_stack(
    deployer: MiniStack,
) -> None:
    account = open_account()
    with pytest.raises(DeployError, match="Nowhere"):
        plan_of(account, a_template(One=FINE).replace("AWS::SQS", "AWS::Nowhere"))
    assert find_stack(account, "liveinsight") is None


@pytest.fixture(scope="module")
def account() -> Account:
    """An account whose CloudFormation is a Stubber's, for what MiniStack cannot be in."""
    session = boto3.Session("key", "secret", region_name="ap-northeast-2")
    return Account(
        session, "ap-northeast-2", "arn:aws:iam::123456789012:user/liveinsight-dev"
    )


def a_stack(status: str) -> Stack:
    return Stack(
        name="liveinsight",
        id=ARN,
        status=status,
        reason="",
        changed_at=0,
        parameters={},
        outputs={},
    )


def an_event(number: int, status: str, reason: str, resource: str = "Api") -> object:
    is_stack = resource == "liveinsight"
    return {
        "StackId": ARN,
        "StackName": "liveinsight",
        "EventId": str(number),
        "LogicalResourceId": resource,
        "PhysicalResourceId": ARN if is_stack else "physical",
        "ResourceType": "AWS::CloudFormation::Stack" if is_stack else "AWS::X::Y",
        "Timestamp": datetime.fromtimestamp(number, UTC),
        "ResourceStatus": status,
        "ResourceStatusReason": reason,
    }


def described(status: str) -> dict[str, object]:
    return {
        "Stacks": [
            {
                "StackId": ARN,
                "StackName": "liveinsight",
                "StackStatus": status,
                "CreationTime": datetime.fromtimestamp(0, UTC),
            }
        ]
    }


@pytest.mark.parametrize("status", STUCK)
def test_a_stuck_stack_says_what_leads_out_of_it(account: Account, status: str) -> None:
    events = [
        an_event(4, "DELETE_FAILED", "Resource deletion cancelled", "Other"),
        an_event(3, "DELETE_FAILED", "It is in use.", "Api"),
        an_event(2, "UPDATE_IN_PROGRESS", "User Initiated", "liveinsight"),
        an_event(1, "CREATE_FAILED", "An old failure", "Old"),
    ]
    with Stubber(account.cloudformation) as stub:
        stub.add_response("describe_stack_events", {"StackEvents": events})
        with pytest.raises(DeployError) as raised:
            check_ready(account, a_stack(status))
    said = str(raised.value)
    assert status in said
    assert "liveinsight destroy" in said or "liveinsight rollback" in said
    assert "Api (AWS::X::Y): It is in use." in said
    assert "cancelled" not in said
    assert "old failure" not in said


def test_a_busy_stack_is_left_alone(account: Account) -> None:
    with pytest.raises(DeployError, match="UPDATE_IN_PROGRESS"):
        check_ready(account, a_stack("UPDATE_IN_PROGRESS"))


def test_a_way_back_that_failed_is_gone_on_with_leaving_a_resource_out(
    account: Account,
) -> None:
    shown: list[StackEvent] = []
    started = an_event(1, "UPDATE_ROLLBACK_FAILED", "", "liveinsight")
    ended = an_event(2, "UPDATE_COMPLETE", "", "Api")
    with Stubber(account.cloudformation) as stub:
        stub.add_response("describe_stack_events", {"StackEvents": [started]})
        stub.add_response(
            "continue_update_rollback",
            {},
            {"StackName": ARN, "ResourcesToSkip": ["Collector"]},
        )
        stub.add_response("describe_stacks", described("UPDATE_ROLLBACK_COMPLETE"))
        stub.add_response("describe_stack_events", {"StackEvents": [ended, started]})
        after = continue_rollback(
            account, a_stack("UPDATE_ROLLBACK_FAILED"), ["Collector"], shown.append
        )
    assert after.status == "UPDATE_ROLLBACK_COMPLETE"
    assert [event.resource for event in shown] == ["Api"]


def test_a_stack_that_cannot_be_removed_whole_names_what_stays(
    account: Account,
) -> None:
    failed = an_event(2, "DELETE_FAILED", "The bucket is not empty.", "Archive")
    with Stubber(account.cloudformation) as stub:
        stub.add_response("describe_stack_events", {"StackEvents": []})
        stub.add_response("delete_stack", {}, {"StackName": ARN})
        stub.add_response("describe_stacks", described("DELETE_FAILED"))
        stub.add_response("describe_stack_events", {"StackEvents": [failed]})
        stub.add_response("describe_stack_events", {"StackEvents": [failed]})
        with pytest.raises(DeployError, match=r"Archive .*The bucket is not empty"):
            delete_stack(account, a_stack("CREATE_COMPLETE"), print)
