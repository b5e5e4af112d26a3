"""liveinsight deploy, status, rollback and destroy, from nothing to nothing."""

import json
from pathlib import Path

import pytest

from liveinsight.aws.account import open_account
from liveinsight.aws.artifacts import ensure_bucket, upload_code
from tests.aws.commands import SETTINGS, act_as, deployer, done, run
from tests.aws.ministack import MiniStack, an_account
from tests.aws.stacks import make_stack

__all__ = ["deployer"]

TABLES = {"LiveInsight-Events", "LiveInsight-Sessions", "LiveInsight-ActiveSessions"}


def buckets(account: MiniStack) -> set[str]:
    return {one["Name"] for one in account.s3.list_buckets()["Buckets"]}


def tables(account: MiniStack) -> set[str]:
    return set(account.dynamodb.list_tables()["TableNames"])


def archive_of(account: MiniStack) -> str:
    return f"liveinsight-archive-{account.account}-ap-northeast-2"


def parameter(account: MiniStack, name: str) -> str:
    (stack,) = account.cloudformation.describe_stacks(StackName="liveinsight")["Stacks"]
    values = {one["ParameterKey"]: one["ParameterValue"] for one in stack["Parameters"]}
    return values[name]


def test_a_deployment_ends_with_the_address_and_the_tag_that_names_it(
    deployer: MiniStack,
) -> None:
    said = done("deploy", *SETTINGS, "--site", "www.shop.example")
    (stack,) = deployer.cloudformation.describe_stacks()["Stacks"]
    outputs = {one["OutputKey"]: one["OutputValue"] for one in stack["Outputs"]}
    url = outputs["ApiUrl"]
    assert f"Events go to  {url}" in said
    assert f'data-site="shop.example"\n  data-api="{url}"></script>' in said
    assert "liveinsight tracker" in said
    assert parameter(deployer, "Sites") == '[{"id":"shop.example"}]'

    again = run("deploy")
    assert again.exit_code == 0, again.output
    assert "Unchanged" in again.stderr, again.stdout
    assert 'data-site="shop.example"' in again.stdout


def test_a_plan_shows_the_changes_and_makes_no_stack(deployer: MiniStack) -> None:
    said = done("deploy", *SETTINGS, "--plan")
    assert "add" in said
    assert "Events" in said
    assert "DynamoDB Table" in said
    states = deployer.cloudformation.list_stacks()["StackSummaries"]
    assert {one["StackStatus"] for one in states} <= {"DELETE_COMPLETE"}
    assert tables(deployer) == set()


def test_an_update_is_taken_back_and_brought_back_by_rollback(
    deployer: MiniStack,
) -> None:
    done("deploy", *SETTINGS)
    first = run("rollback")
    assert first.exit_code == 1
    assert "no earlier deployment" in first.stderr

    changed = json.loads(done("deploy", "--set", "LogDays=30", "--json"))
    assert changed["changed"]
    assert "StreamLogs" in [one["resource"] for one in changed["changes"]]
    assert parameter(deployer, "LogDays") == "30"

    listed = json.loads(done("rollback", "--list", "--json"))
    assert [one["parameters"]["LogDays"] for one in listed] == ["30", "14"]
    assert "user/liveinsight-dev" in listed[0]["by"]

    assert "what it was at" in done("rollback")
    assert parameter(deployer, "LogDays") == "14"
    done("rollback")
    assert parameter(deployer, "LogDays") == "30"


def test_destroying_keeps_tables_and_archive_and_a_deployment_adopts_them(
    deployer: MiniStack,
) -> None:
    make_stack(deployer)
    assert "stay" in done("destroy", "--yes")
    assert tables(deployer) == TABLES
    assert archive_of(deployer) in buckets(deployer)
    assert deployer.cloudformation.describe_stacks()["Stacks"] == []

    plan = json.loads(done("deploy", *SETTINGS, "--plan", "--json"))
    adopted = {one["resource"] for one in plan["changes"] if one["action"] == "adopt"}
    assert adopted == {"Events", "Sessions", "ActiveSessions", "Archive"}
    assert tables(deployer) == TABLES


def test_nothing_goes_unasked_and_data_only_with_the_name_of_the_stack(
    deployer: MiniStack,
) -> None:
    make_stack(deployer)
    archive = archive_of(deployer)
    for key in ("v=1/a", "v=1/b"):
        deployer.s3.put_object(Bucket=archive, Key=key, Body=b"a")

    nobody = run("destroy")
    assert nobody.exit_code == 1
    assert "--yes" in nobody.stderr
    wrong = run("destroy", "--delete-data", "--yes", stdin="liveinsigt\n")
    assert wrong.exit_code == 1
    assert "nothing was deleted" in wrong.stderr
    assert tables(deployer) == TABLES
    assert len(deployer.cloudformation.describe_stacks()["Stacks"]) == 1

    assert "all of its data" in done("destroy", "--delete-data", stdin="liveinsight\n")
    assert tables(deployer) == set()
    assert archive not in buckets(deployer)
    assert deployer.cloudformation.describe_stacks()["Stacks"] == []


def test_a_name_that_has_no_stack_does_not_delete_the_tables_of_another(
    deployer: MiniStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    done("deploy", *SETTINGS)
    # Another stack's name is not in the deployer's policy.
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", deployer.account)
    said = done("destroy", "--stack", "other", "--delete-data", stdin="other\n")
    assert "There is no stack other" in said
    assert tables(deployer) == TABLES

    done("destroy", "--yes")
    assert buckets(deployer) == {archive_of(deployer)}


def test_what_stays_under_other_names_is_told_with_them(
    ministack: MiniStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "EventsTable=LiveInsight-Events-2"
    policy = json.loads(done("deploy", "--policy", "deployer", "--set", name))
    act_as("liveinsight-dev", policy, ministack, monkeypatch)
    make_stack(ministack, {"EventsTable": "LiveInsight-Events-2"})
    said = done("destroy", "--yes")
    assert "LiveInsight-Events-2, LiveInsight-Sessions" in said
    assert "deploy --set EventsTable=LiveInsight-Events-2` adopts them" in said


def test_a_bucket_that_somebody_else_took_first_gets_no_code(
    deployer: MiniStack,
) -> None:
    other = an_account(deployer.endpoint)
    other.s3.create_bucket(
        Bucket=f"liveinsight-artifacts-{deployer.account}-ap-northeast-2",
        CreateBucketConfiguration={"LocationConstraint": "ap-northeast-2"},
    )
    refused = run("deploy")
    assert refused.exit_code == 1
    assert "belongs to another account" in refused.stderr


def test_the_stack_may_be_named_by_the_environment(
    deployer: MiniStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", deployer.account)
    monkeypatch.setenv("LIVEINSIGHT_STACK", "shop")
    monkeypatch.setenv("LIVEINSIGHT_REGION", "eu-west-1")
    assert "no stack shop in eu-west-1" in run("status").stderr


def test_where_there_is_no_stack_the_region_is_named(deployer: MiniStack) -> None:
    for command in ("status", "rollback"):
        said = run(command)
        assert said.exit_code == 1
        assert (
            f"no stack liveinsight in ap-northeast-2 of account {deployer.account}"
            in (said.stderr)
        )


def test_the_code_lies_in_a_private_encrypted_versioned_bucket(
    deployer: MiniStack,
) -> None:
    bucket = ensure_bucket(open_account())
    assert buckets(deployer) == {bucket}
    assert bucket == f"liveinsight-artifacts-{deployer.account}-ap-northeast-2"
    s3 = deployer.s3
    access = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    assert set(access.values()) == {True}
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    encryption = s3.get_bucket_encryption(Bucket=bucket)
    (rule,) = encryption["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
    policy = s3.get_bucket_policy(Bucket=bucket)["Policy"]
    refusals = [one["Condition"] for one in json.loads(policy)["Statement"]]
    assert {"Bool": {"aws:SecureTransport": "false"}} in refusals


def test_the_same_code_is_sent_once(deployer: MiniStack, tmp_path: Path) -> None:
    account = open_account()
    bucket = ensure_bucket(account)
    package = tmp_path / "functions.zip"
    package.write_bytes(b"code")
    assert upload_code(account, bucket, package) == upload_code(
        account, bucket, package
    )
    assert len(deployer.s3.list_object_versions(Bucket=bucket)["Versions"]) == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--stack", "My_Stack"], "cannot be a stack's name"),
        (["--set", "LogDay=3"], "There is no setting 'LogDay'"),
        (["--set", "LogDays"], "not NAME=VALUE"),
        (["--set", "LogDays=2"], "LogDays"),
        (["--set", "Runtime=node"], "Runtime is 'node'"),
        (["--origin", "https://a.example"], "--site"),
        (["--region", "ap-northeast-9"], "no region of AWS"),
    ],
    ids=lambda one: " ".join(one) if isinstance(one, list) else "",
)
def test_what_cannot_be_deployed_is_one_sentence(
    arguments: list[str], said: str, deployer: MiniStack
) -> None:
    result = run("deploy", *arguments)
    assert result.exit_code == 1
    assert said in result.stderr
    assert "Traceback" not in result.output
    assert deployer.cloudformation.describe_stacks()["Stacks"] == []
