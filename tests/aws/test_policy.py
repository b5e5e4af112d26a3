"""The printed policies: enough, no more than enough, and small enough."""

import json
from fnmatch import fnmatchcase
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

import boto3
import pytest
from botocore.exceptions import ClientError

from liveinsight.aws.account import open_account
from liveinsight.aws.ledger import read_ledger
from liveinsight.aws.policy import (
    MOST_CHARACTERS,
    Policy,
    dashboard_policy,
    deployer_policy,
    role_policy,
)
from liveinsight.aws.stack import get_stack
from liveinsight.core.event import Event
from liveinsight.errors import LiveInsightError
from liveinsight.store.archive_s3 import Archived, S3Archive
from liveinsight.store.dynamodb.items import Tables
from liveinsight.store.dynamodb.reader import DynamoReader
from tests.aws.commands import act_as, done, run, scope_of
from tests.aws.ministack import MiniStack, an_account
from tests.aws.stacks import make_stack
from tests.aws.template import Deployed

if TYPE_CHECKING:
    from collections.abc import Callable

HOUR: Final = 3_600_000

NOT_ASKED_OF_US: Final = {
    "AWS::DynamoDB::Table": "no imports, replicas, Kinesis, resource policies, KMS",
    "AWS::Lambda::Function": "no network, file system, code signing, KMS, versions",
    "AWS::S3::Bucket": "no website, replication, inventory, logging, table metadata",
    "AWS::Logs::LogGroup": "no KMS, data protection, indexes, deliveries",
    "AWS::IAM::Policy": "of roles alone",
    "AWS::SNS::Topic": "no data protection",
    "AWS::Lambda::EventSourceMapping": "no KMS",
    "AWS::ApiGateway::RestApi": "no resource policy",
    "AWS::IAM::Role": "no managed policies, no boundaries",
}
"""Types whose registry entry asks for more than the template uses of them."""

CALLED: Final = {
    "cloudformation:ContinueUpdateRollback",
    "cloudformation:CreateChangeSet",
    "cloudformation:DeleteChangeSet",
    "cloudformation:DeleteStack",
    "cloudformation:DescribeChangeSet",
    "cloudformation:DescribeEvents",
    "cloudformation:DescribeStackEvents",
    "cloudformation:DescribeStacks",
    "cloudformation:ExecuteChangeSet",
    "cloudformation:GetTemplate",
    "cloudwatch:GetMetricData",
    "s3:DeleteObject",
    "s3:DeleteObjectVersion",
    "s3:GetObject",
    "s3:ListBucketVersions",
    "s3:PutObject",
}
"""What our own code calls and no resource of the template needs."""


def actions_of(policy: Policy) -> set[str]:
    statements: Any = policy["Statement"]
    return {action for one in statements for action in one["Action"]}


@cache
def registry() -> dict[str, set[str]]:
    """What CloudFormation itself needs for each type of the template's resources."""
    kinds = {
        one["Type"]
        for settings in ({}, {"XRay": "true", "RequireApiKey": "true"})
        for one in Deployed(
            {"AlarmEmail": "a@b.example", **settings}
        ).resources.values()
    }
    found = {}
    for path in files("cfnlint").joinpath("data/schemas/resources").iterdir():
        schema = json.loads(path.read_text())
        if (kind := schema.get("typeName")) in kinds:
            found[kind] = {
                permission
                for name, handler in schema.get("handlers", {}).items()
                for permission in handler.get("permissions", ())
                if name != "list"
            }
    assert set(found) == kinds
    return found


def allows(actions: set[str], permission: str) -> bool:
    return any(fnmatchcase(permission, action) for action in actions)


def test_a_deployer_may_do_what_cloudformation_needs_for_every_resource() -> None:
    actions = actions_of(deployer_policy(scope_of("123456789012")))
    lacking = {
        kind: {one for one in needed if not allows(actions, one)}
        for kind, needed in registry().items()
    }
    assert {kind for kind, missing in lacking.items() if missing} <= set(
        NOT_ASKED_OF_US
    )
    needed = {
        "dynamodb:CreateTable",
        "dynamodb:UpdateContinuousBackups",
        "dynamodb:UpdateTimeToLive",
        "iam:PassRole",
        "iam:PutRolePolicy",
        "lambda:CreateFunction",
        "lambda:PutFunctionConcurrency",
        "s3:PutLifecycleConfiguration",
        "sns:Subscribe",
    }
    assert {one for one in needed if not allows(actions, one)} == set()


def test_a_deployer_may_do_nothing_that_is_not_needed() -> None:
    needed = CALLED.union(*registry().values())
    useless = {
        action
        for action in actions_of(deployer_policy(scope_of("123456789012")))
        if not any(fnmatchcase(one, action) for one in needed)
    }
    assert useless == set()


def test_nothing_but_what_has_no_names_is_allowed_on_everything() -> None:
    statements: Any = deployer_policy(scope_of("123456789012"))["Statement"]
    broad = {one["Sid"] for one in statements if one["Resource"] == ["*"]}
    assert broad == {"Sources", "SourcesRead", "Watch"}
    by_sid = {one["Sid"]: one for one in statements}
    assert "Condition" in by_sid["Sources"]
    assert not any(
        action.startswith("dynamodb:") and action.endswith("Item")
        for action in actions_of({"Statement": statements})
    )
    (passing,) = (one for one in statements if "iam:PassRole" in one["Action"])
    assert passing["Condition"]["StringEquals"] == {
        "iam:PassedToService": "lambda.amazonaws.com"
    }


def test_the_longest_policy_has_room_in_iam() -> None:
    longest = deployer_policy(scope_of("123456789012", stack="a" * 27))
    assert len(json.dumps(longest, separators=(",", ":"))) <= MOST_CHARACTERS


def test_the_part_about_roles_is_all_of_iam_in_the_whole() -> None:
    scope = scope_of("123456789012")
    whole = {
        one for one in actions_of(deployer_policy(scope)) if one.startswith("iam:")
    }
    assert actions_of(role_policy(scope)) == whole


@pytest.fixture(scope="module")
def stack(ministack_server: str) -> MiniStack:
    """An account with a stack, an event in the archive and a session in the tables."""
    account = an_account(ministack_server)
    outputs = make_stack(account)
    event = Event(
        event_id="evt_12345678",
        site="shop.example",
        event_type="page_view",
        timestamp=HOUR,
        received_at=HOUR,
        present_at=HOUR,
        session_id="sess_1",
    )
    S3Archive(account.s3, outputs["ArchiveBucket"]).write_batch([Archived("1", event)])
    return account


def use_as_a_dashboard(account: MiniStack) -> list[str]:
    """What a dashboard does that it may not: the first thing of each kind."""
    session = boto3.Session()
    opened = open_account()
    reader = DynamoReader(session.client("dynamodb"), Tables())
    archive = S3Archive(
        session.client("s3"), f"liveinsight-archive-{account.account}-ap-northeast-2"
    )
    attempts: dict[str, Callable[[], object]] = {
        "Stack": lambda: get_stack(opened, "liveinsight"),
        "Live": lambda: reader.active(HOUR),
        "Timelines": lambda: [
            reader.events_of_session("sess_1", HOUR),
            reader.events_of_user("user", HOUR),
        ],
        "List": archive.days,
        "History": lambda: [
            event for found in archive_objects(account) for event in archive.read(found)
        ],
        "Counts": lambda: read_ledger(opened, HOUR * 1000),
    }
    refused = []
    for name, attempt in attempts.items():
        try:
            attempt()
        except LiveInsightError:
            refused.append(name)
    return refused


def archive_objects(account: MiniStack) -> list[Any]:
    """The objects, listed by somebody who may."""
    bucket = f"liveinsight-archive-{account.account}-ap-northeast-2"
    found = list(S3Archive(account.s3, bucket).objects_after(0))
    assert found
    return found


def test_a_dashboard_may_read_all_that_it_shows(
    stack: MiniStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in stack.environ.items():
        monkeypatch.setenv(name, value)
    act_as("reader", dashboard_policy(scope_of(stack.account)), stack, monkeypatch)
    assert use_as_a_dashboard(stack) == []


@pytest.mark.parametrize(
    "sid", ["Stack", "Live", "Timelines", "List", "History", "Counts"]
)
def test_a_dashboard_needs_each_of_its_permissions(
    sid: str, stack: MiniStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in stack.environ.items():
        monkeypatch.setenv(name, value)
    policy = dashboard_policy(scope_of(stack.account))
    statements: Any = policy["Statement"]
    policy["Statement"] = [one for one in statements if one["Sid"] != sid]
    act_as(f"without-{sid}", policy, stack, monkeypatch)
    assert use_as_a_dashboard(stack) == [sid]


def test_a_dashboard_may_write_nothing(
    stack: MiniStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in stack.environ.items():
        monkeypatch.setenv(name, value)
    act_as("curious", dashboard_policy(scope_of(stack.account)), stack, monkeypatch)
    archive = f"liveinsight-archive-{stack.account}-ap-northeast-2"
    attempts: list[Callable[[], object]] = [
        lambda: boto3.client("s3").put_object(Bucket=archive, Key="a", Body=b""),
        lambda: boto3.client("s3").delete_object(Bucket=archive, Key="a"),
        lambda: boto3.client("dynamodb").delete_item(
            TableName="LiveInsight-ActiveSessions", Key={"session_id": {"S": "a"}}
        ),
        lambda: boto3.client("cloudformation").delete_stack(StackName="liveinsight"),
    ]
    for attempt in attempts:
        with pytest.raises(ClientError, match="AccessDenied"):
            attempt()


def test_the_policies_are_printed_for_the_account_of_the_credentials(
    ministack: MiniStack,
) -> None:
    printed = json.loads(done("deploy", "--policy", "deployer"))
    assert printed == deployer_policy(scope_of(ministack.account))
    assert "liveinsight-dev" in run("deploy", "--policy", "deployer").stderr
    printed = json.loads(done("deploy", "--policy", "dashboard"))
    assert printed == dashboard_policy(scope_of(ministack.account))
    printed = json.loads(done("deploy", "--role-only"))
    assert printed == role_policy(scope_of(ministack.account))


def test_the_policy_can_be_printed_before_there_are_credentials(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    printed = json.loads(done("deploy", "--policy", "deployer", "--stack", "shop"))
    assert "arn:aws:cloudformation:eu-west-1:*:stack/shop/*" in json.dumps(printed)
