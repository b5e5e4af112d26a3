"""What the template lets the functions do, and how it runs them."""

from pathlib import Path
from typing import Any

import pytest

from tests.aws.template import Deployed

ROLES = {"Collector": "CollectorRole", "StreamFunction": "StreamRole"}
STORE = Path("src/liveinsight/store/dynamodb")
HANDLERS = {
    "Collector": Path("src/liveinsight/collect/lambda_handler.py"),
    "StreamFunction": STORE / "stream_handler.py",
}
SHARED = [STORE / "items.py"]
LOGS = {"Collector": "CollectorLogs", "StreamFunction": "StreamLogs"}

Statement = dict[str, Any]


def as_list(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def statements(role: dict[str, Any]) -> list[Statement]:
    return [
        statement
        for policy in role["Policies"]
        for statement in policy["PolicyDocument"]["Statement"]
    ]


def all_statements(deployed: Deployed) -> list[Statement]:
    return [
        statement
        for role in deployed.of_type("IAM::Role").values()
        for statement in statements(role)
    ]


def test_each_function_has_a_role_of_its_own() -> None:
    deployed = Deployed()
    functions = deployed.of_type("Lambda::Function")
    assert {name: function["Role"] for name, function in functions.items()} == {
        name: f"<{role}.Arn>" for name, role in ROLES.items()
    }
    assert set(deployed.of_type("IAM::Role")) == set(ROLES.values())
    assert not deployed.of_type("IAM::Policy")


@pytest.mark.parametrize("role", ROLES.values())
def test_a_role_is_lambdas_alone_and_has_nothing_that_aws_may_widen(role: str) -> None:
    properties = Deployed().properties(role)
    assert "ManagedPolicyArns" not in properties
    (trust,) = properties["AssumeRolePolicyDocument"]["Statement"]
    assert trust == {
        "Effect": "Allow",
        "Principal": {"Service": "lambda.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }


def test_no_permission_is_for_all_actions_or_all_resources() -> None:
    for statement in all_statements(Deployed()):
        for action in as_list(statement["Action"]):
            assert "*" not in action, statement
        for resource in as_list(statement["Resource"]):
            # What is named is always something that this template makes.
            assert resource.startswith("<"), statement


def test_only_tracing_which_knows_no_resources_is_for_all_of_them() -> None:
    more = [
        statement
        for statement in all_statements(Deployed({"XRay": "true"}))
        if statement not in all_statements(Deployed())
    ]
    trace = {
        "Sid": "Trace",
        "Effect": "Allow",
        "Action": ["xray:PutTelemetryRecords", "xray:PutTraceSegments"],
        "Resource": "*",
    }
    # In the roles themselves: Lambda makes no function that may not trace.
    assert more == [trace, trace]


def test_the_collector_cannot_read_or_delete_events() -> None:
    for statement in statements(Deployed().properties("CollectorRole")):
        if "<Events" in str(statement["Resource"]):
            assert set(as_list(statement["Action"])) <= {
                "dynamodb:BatchWriteItem",
                "dynamodb:PutItem",
            }


def test_the_stream_function_cannot_change_events_or_the_archive_it_wrote() -> None:
    for statement in statements(Deployed().properties("StreamRole")):
        actions = set(as_list(statement["Action"]))
        if "<Events" in str(statement["Resource"]):
            assert not {action for action in actions if "Write" in action}
            assert not actions & {
                "dynamodb:PutItem",
                "dynamodb:UpdateItem",
                "dynamodb:DeleteItem",
            }
        if "<Archive" in str(statement["Resource"]):
            assert actions == {"s3:PutObject"}
            assert as_list(statement["Resource"]) == ["<Archive.Arn>/v=1/*"]


@pytest.mark.parametrize("name", LOGS)
def test_logs_are_json_lines_in_a_group_that_forgets(name: str) -> None:
    deployed = Deployed({"LogDays": "30"})
    function = deployed.properties(name)
    group = deployed.properties(LOGS[name])
    assert group["RetentionInDays"] == "30"
    assert group["LogGroupName"] == f"/aws/lambda/{function['FunctionName']}"
    assert function["LoggingConfig"]["LogFormat"] == "JSON"
    assert function["LoggingConfig"]["LogGroup"] == f"<{LOGS[name]}>"
    own = f"<{LOGS[name]}.Arn>"
    (writing,) = [
        statement
        for statement in statements(deployed.properties(ROLES[name]))
        if statement["Sid"] == "Logs"
    ]
    assert writing["Resource"] == own
    assert "logs:CreateLogGroup" not in writing["Action"]


@pytest.mark.parametrize("name", ROLES)
def test_a_function_has_512_mb_and_is_the_packaged_code(name: str) -> None:
    function = Deployed().properties(name)
    assert function["MemorySize"] == 512
    assert function["Architectures"] == ["arm64"]
    assert function["Runtime"] == "python3.13"
    assert function["Code"] == {"S3Bucket": "artifacts", "S3Key": "functions.zip"}


def test_an_answer_fits_into_the_29_seconds_of_the_gateway() -> None:
    assert Deployed().properties("Collector")["Timeout"] < 29


@pytest.mark.parametrize("name", ROLES)
def test_a_function_is_told_the_tables_and_never_the_region(name: str) -> None:
    variables = Deployed().properties(name)["Environment"]["Variables"]
    for table in ("Events", "Sessions", "ActiveSessions"):
        assert f"<{table}>" in variables.values()
    # Lambda sets it itself and refuses who tries.
    assert "AWS_DEFAULT_REGION" not in variables


def test_the_variables_are_those_that_the_handlers_read() -> None:
    deployed = Deployed({"Sites": '[{"id":"a.example"}]'})
    for name, handler in HANDLERS.items():
        function = deployed.properties(name)
        code = "".join(path.read_text() for path in [*SHARED, handler])
        for variable in function["Environment"]["Variables"]:
            assert f'"{variable}"' in code
        module = handler.relative_to("src").with_suffix("").as_posix()
        assert function["Handler"] == f"{module.replace('/', '.')}.handler"


def test_the_sites_are_told_to_the_collector_and_without_any_every_host_is_taken() -> (
    None
):
    told = Deployed({"Sites": '[{"id":"a.example"}]'}).properties("Collector")
    variables = told["Environment"]["Variables"]
    assert variables["LIVEINSIGHT_SITES"] == '[{"id":"a.example"}]'
    untold = Deployed().properties("Collector")["Environment"]["Variables"]
    assert "LIVEINSIGHT_SITES" not in untold


@pytest.mark.parametrize("name", ROLES)
def test_how_much_is_logged_is_chosen_for_function_and_service(name: str) -> None:
    function = Deployed({"LogLevel": "DEBUG"}).properties(name)
    assert function["LoggingConfig"]["ApplicationLogLevel"] == "DEBUG"
    assert function["Environment"]["Variables"]["LIVEINSIGHT_LOG_LEVEL"] == "DEBUG"


def test_concurrency_is_reserved_only_when_it_is_asked_for() -> None:
    assert "ReservedConcurrentExecutions" not in Deployed().properties("Collector")
    reserved = Deployed({"ReservedConcurrency": "7"}).properties("Collector")
    assert reserved["ReservedConcurrentExecutions"] == "7"


def test_tracing_is_off_unless_it_is_asked_for() -> None:
    for chosen, mode in (("false", "PassThrough"), ("true", "Active")):
        deployed = Deployed({"XRay": chosen})
        for name in ROLES:
            assert deployed.properties(name)["TracingConfig"] == {"Mode": mode}
        assert deployed.properties("Stage")["TracingEnabled"] is (chosen == "true")
