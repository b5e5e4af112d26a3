"""The command line against MiniStack, as the user that the printed policy is for."""

import json

import boto3
import pytest
from click.testing import CliRunner, Result

from liveinsight.aws.outline import defaults_of, read_template
from liveinsight.aws.policy import Policy, deployer_policy
from liveinsight.aws.scope import Scope
from liveinsight.cli.main import liveinsight
from tests.aws.dynamodb_local import REGION
from tests.aws.ministack import MiniStack
from tests.aws.stacks import EMULATED

SETTINGS = [
    argument
    for name, value in EMULATED.items()
    for argument in ("--set", f"{name}={value}")
]
"""What a stack in MiniStack needs to be made."""


def scope_of(account: str, stack: str = "liveinsight") -> Scope:
    """The scope of a stack with the template's own names."""
    names = {name: value or "" for name, value in defaults_of(read_template()).items()}
    return Scope(
        partition="aws",
        region=REGION,
        account=account,
        stack=stack,
        tables=(
            names["EventsTable"],
            names["SessionsTable"],
            names["ActiveSessionsTable"],
        ),
        archive=f"{stack}-archive-{account}-{REGION}",
    )


def act_as(
    user: str, policy: Policy, account: MiniStack, patch: pytest.MonkeyPatch
) -> None:
    """From now on this process has the rights of a new user with that policy."""
    iam = account.iam
    iam.create_user(UserName=user)
    iam.put_user_policy(
        UserName=user, PolicyName=user, PolicyDocument=json.dumps(policy)
    )
    key = iam.create_access_key(UserName=user)["AccessKey"]
    patch.setenv("AWS_ACCESS_KEY_ID", key["AccessKeyId"])
    patch.setenv("AWS_SECRET_ACCESS_KEY", key["SecretAccessKey"])
    patch.setattr(boto3, "DEFAULT_SESSION", None)


@pytest.fixture
def deployer(ministack: MiniStack, monkeypatch: pytest.MonkeyPatch) -> MiniStack:
    """An empty account, in which this process is liveinsight-dev."""
    policy = deployer_policy(scope_of(ministack.account))
    act_as("liveinsight-dev", policy, ministack, monkeypatch)
    return ministack


def run(*arguments: str, stdin: str = "") -> Result:
    """What `liveinsight ARGUMENTS` said, and its status."""
    result = CliRunner().invoke(liveinsight, arguments, input=stdin)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def done(*arguments: str, stdin: str = "") -> str:
    """What it said on standard output; it must succeed."""
    result = run(*arguments, stdin=stdin)
    assert result.exit_code == 0, result.output
    return result.stdout
