"""The template's roles in MiniStack, one permission taken away at a time."""

import json
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import boto3
import msgspec
import pytest
from botocore.exceptions import ClientError

from liveinsight.store.dynamodb.items import Tables
from tests.aws.ministack import MiniStack, an_account
from tests.aws.stacks import make_stack
from tests.aws.template import Deployed

PROBE: Final = "probe"
ANYBODY: Final = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    ],
}

Statement = dict[str, Any]


class Permission(msgspec.Struct, frozen=True):
    """One action on one resource, as the template names them."""

    statement: str
    action: str
    resource: str
    """Which of the statement's resources; the last words of it."""

    def __str__(self) -> str:
        return f"{self.statement}-{self.action}-{self.resource}"


class Stack(msgspec.Struct, frozen=True):
    """A stack in an account, and the role that takes the policies of its roles on."""

    account: MiniStack
    outputs: dict[str, str]
    credentials: dict[str, str]

    @property
    def tables(self) -> Tables:
        return Tables()

    @property
    def environ(self) -> dict[str, str]:
        """What a function finds in its environment, but for the credentials."""
        return {
            **{k: v for k, v in self.account.environ.items() if "AWS_ACCESS" not in k},
            "ARCHIVE_BUCKET": self.outputs["ArchiveBucket"],
            "RESETTLE_QUEUE_URL": self.outputs["ResettleQueueUrl"],
            "FAILURES_QUEUE_URL": self.outputs["FailuresQueueUrl"],
        }

    def statements(self, role: str) -> list[Statement]:
        """Those of a role of the stack, with the names that things got in it."""
        name = self.account.cloudformation.describe_stack_resource(
            StackName="liveinsight", LogicalResourceId=role
        )["StackResourceDetail"]["PhysicalResourceId"]
        iam = self.account.iam
        (policy,) = iam.list_role_policies(RoleName=name)["PolicyNames"]
        document: Any = iam.get_role_policy(RoleName=name, PolicyName=policy)
        found: list[Statement] = document["PolicyDocument"]["Statement"]
        for statement in found:
            # MiniStack does not see which stream a call is about; AWS does.
            if "/stream/" in str(statement["Resource"]):
                statement["Resource"] = "*"
        return found

    @contextmanager
    def acting_as(
        self, role: str, without: Permission | None = None
    ) -> Iterator[pytest.MonkeyPatch]:
        """Within it this process may do what the role may, less one permission."""
        policy = {
            "Version": "2012-10-17",
            "Statement": list(_without(self.statements(role), without)),
        }
        self.account.iam.put_role_policy(
            RoleName=PROBE, PolicyName=PROBE, PolicyDocument=json.dumps(policy)
        )
        with pytest.MonkeyPatch.context() as patch:
            for name, value in {**self.environ, **self.credentials}.items():
                patch.setenv(name, value)
            patch.setattr(boto3, "DEFAULT_SESSION", None)
            yield patch


def as_list(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def permissions_of(role: str) -> list[Permission]:
    """All that the template gives a role."""
    (policy,) = Deployed().properties(role)["Policies"]
    return [
        Permission(statement["Sid"], action, resource.rpartition("/")[2])
        for statement in policy["PolicyDocument"]["Statement"]
        for action in as_list(statement["Action"])
        for resource in as_list(statement["Resource"])
    ]


def _without(
    statements: list[Statement], lacking: Permission | None
) -> Iterator[Statement]:
    for statement in statements:
        if lacking is None or statement["Sid"] != lacking.statement:
            yield statement
            continue
        for action in as_list(statement["Action"]):
            left = as_list(statement["Resource"])
            if action == lacking.action:
                is_only = len(left) == 1
                left = [
                    resource
                    for resource in left
                    if not is_only and not resource.endswith(lacking.resource)
                ]
            if left:
                yield {**statement, "Action": action, "Resource": left}


@contextmanager
def a_stack(server: str) -> Iterator[Stack]:
    """A stack in an account of its own."""
    account = an_account(server)
    outputs = make_stack(account)
    account.iam.create_role(
        RoleName=PROBE, AssumeRolePolicyDocument=json.dumps(ANYBODY)
    )
    assumed = account.sts.assume_role(
        RoleArn=f"arn:aws:iam::{account.account}:role/{PROBE}", RoleSessionName=PROBE
    )["Credentials"]
    credentials = {
        "AWS_ACCESS_KEY_ID": assumed["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": assumed["SecretAccessKey"],
        "AWS_SESSION_TOKEN": assumed["SessionToken"],
    }
    yield Stack(account, outputs, credentials)


def logs_written(group: str) -> bool:
    """Whether Lambda, as whom this process acts, can write what a function says."""
    logs = boto3.client("logs")
    stream = secrets.token_hex(8)
    try:
        logs.create_log_stream(logGroupName=group, logStreamName=stream)
        logs.put_log_events(
            logGroupName=group,
            logStreamName=stream,
            logEvents=[{"timestamp": int(time.time() * 1000), "message": "{}"}],
        )
    except ClientError:
        return False
    return True
