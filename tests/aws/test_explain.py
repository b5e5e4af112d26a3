"""Errors of AWS, as the person at the keyboard is told of them."""

import pytest
from botocore.exceptions import (
    ClientError,
    EndpointConnectionError,
    NoCredentialsError,
    ProfileNotFound,
)

from liveinsight.aws.explain import explain, explain_reason
from liveinsight.aws.policy import deployer_policy
from tests.aws.commands import act_as, run, scope_of
from tests.aws.ministack import MiniStack

DENIED = (
    "User: arn:aws:iam::123456789012:user/mina is not authorized to perform: "
    "cloudformation:CreateChangeSet on resource: arn:aws:cloudformation:x:1:stack/a/* "
    "because no identity-based policy allows it"
)


def an_answer(code: str, message: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "CreateChangeSet")


def test_a_denied_action_is_named_with_the_policy_that_allows_it() -> None:
    said = str(explain(an_answer("AccessDenied", DENIED)))
    assert "arn:aws:iam::123456789012:user/mina may not do " in said
    assert (
        "cloudformation:CreateChangeSet to arn:aws:cloudformation:x:1:stack/a/*" in said
    )
    assert "--policy deployer" in said


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (NoCredentialsError(), "AWS_ACCESS_KEY_ID"),
        (ProfileNotFound(profile="work"), "AWS_PROFILE"),
        (EndpointConnectionError(endpoint_url="https://sts.x"), "--region"),
        (an_answer("ExpiredToken", "expired"), "sign in again"),
        (an_answer("UnrecognizedClientException", "invalid"), "region switched on"),
        (an_answer("ValidationError", "Template format error"), "Template format"),
    ],
    ids=lambda one: type(one).__name__ if isinstance(one, Exception) else "",
)
def test_each_error_says_what_to_do(error: ClientError, said: str) -> None:
    assert said in str(explain(error))


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        (
            'Resource handler returned message: "Specified ReservedConcurrentExecutions '
            "for function decreases account's UnreservedConcurrentExecution below its "
            'minimum value of [10]. (Service: Lambda, Status Code: 400)" '
            "(RequestToken: 1-2, HandlerErrorCode: InvalidRequest)",
            "--set ReservedConcurrency=0",
        ),
        (f'Resource handler returned message: "{DENIED}"', "--policy deployer"),
        ("liveinsight-alarms already exists in stack arn", "other names"),
        ("Something nobody foresaw", "Something nobody foresaw"),
    ],
    ids=["concurrency", "denied", "exists", "unknown"],
)
def test_a_reason_of_cloudformation_is_said_with_what_helps(
    reason: str, said: str
) -> None:
    explained = explain_reason(reason)
    assert said in explained
    assert "RequestToken" not in explained


def test_without_credentials_it_says_which_variables_to_set(
    monkeypatch: pytest.MonkeyPatch, ministack: MiniStack
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    said = run("status")
    assert said.exit_code == 1
    assert "There are no AWS credentials" in said.stderr
    assert ministack.account not in said.stderr


def test_a_user_who_may_not_look_at_the_code_is_told_so(
    ministack: MiniStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy = deployer_policy(scope_of(ministack.account))
    statements = policy["Statement"]
    assert isinstance(statements, list)
    policy["Statement"] = [one for one in statements if one["Sid"] != "Code"]
    act_as("intern", policy, ministack, monkeypatch)
    said = run("deploy")
    assert said.exit_code == 1
    assert "may not do s3:GetObject" in said.stderr
    assert "--policy deployer" in said.stderr
    assert ministack.cloudformation.describe_stacks()["Stacks"] == []
