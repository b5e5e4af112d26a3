"""What the template says of tables, archive, queues and stream."""

import subprocess
from pathlib import Path
from typing import Any

import pytest

from liveinsight.aws.outline import read_template
from tests.aws.template import Deployed

TABLES = ("Events", "Sessions", "ActiveSessions")


def keys(schema: list[dict[str, str]]) -> dict[str, str]:
    return {key["KeyType"]: key["AttributeName"] for key in schema}


def indexes(table: dict[str, Any]) -> dict[str, tuple[dict[str, str], str]]:
    return {
        index["IndexName"]: (
            keys(index["KeySchema"]),
            index["Projection"]["ProjectionType"],
        )
        for index in table.get("GlobalSecondaryIndexes", [])
    }


def test_the_linter_has_nothing_to_say() -> None:
    template = Path("src/liveinsight/aws/template.yaml")
    linter = subprocess.run(
        [".venv/bin/cfn-lint", "--non-zero-exit-code", "warning", template],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (linter.returncode, linter.stdout) == (0, "")


def test_the_template_can_be_sent_as_a_text() -> None:
    assert len(read_template().encode()) <= 51_200


def test_events_are_found_by_id_by_user_and_by_session() -> None:
    table = Deployed().properties("Events")
    assert keys(table["KeySchema"]) == {"HASH": "event_id", "RANGE": "timestamp"}
    assert indexes(table) == {
        "UserIndex": ({"HASH": "user_id", "RANGE": "timestamp"}, "ALL"),
        "SessionIndex": ({"HASH": "session_id", "RANGE": "timestamp"}, "ALL"),
    }


def test_sessions_are_found_by_id_and_by_user() -> None:
    table = Deployed().properties("Sessions")
    assert keys(table["KeySchema"]) == {"HASH": "session_id"}
    assert indexes(table) == {
        "UserIndex": ({"HASH": "user_id", "RANGE": "start_time"}, "KEYS_ONLY")
    }


def test_active_sessions_are_found_by_id_and_forgotten_when_they_expire() -> None:
    table = Deployed().properties("ActiveSessions")
    assert keys(table["KeySchema"]) == {"HASH": "session_id"}
    assert indexes(table) == {}
    assert table["TimeToLiveSpecification"] == {
        "AttributeName": "expires_at",
        "Enabled": True,
    }


@pytest.mark.parametrize("name", TABLES)
def test_times_are_numbers_and_all_other_keys_are_text(name: str) -> None:
    table = Deployed().properties(name)
    types = {
        one["AttributeName"]: one["AttributeType"]
        for one in table["AttributeDefinitions"]
    }
    used = set(keys(table["KeySchema"]).values())
    for key, _ in indexes(table).values():
        used |= set(key.values())
    assert types == {
        name: "N" if name in {"timestamp", "start_time"} else "S" for name in used
    }


@pytest.mark.parametrize("name", TABLES)
def test_a_table_is_paid_by_use_and_cannot_be_lost(name: str) -> None:
    resource = Deployed().resources[name]
    table = resource["Properties"]
    assert resource["DeletionPolicy"] == resource["UpdateReplacePolicy"] == "Retain"
    assert table["BillingMode"] == "PAY_PER_REQUEST"
    assert table["DeletionProtectionEnabled"] is True
    assert table["PointInTimeRecoverySpecification"] == {
        "PointInTimeRecoveryEnabled": "true"
    }


def test_recovery_to_a_point_in_time_can_be_turned_off() -> None:
    for name in TABLES:
        table = Deployed({"PointInTimeRecovery": "false"}).properties(name)
        assert table["PointInTimeRecoverySpecification"] == {
            "PointInTimeRecoveryEnabled": "false"
        }


def test_the_names_of_the_tables_are_parameters() -> None:
    assert {name: Deployed().properties(name)["TableName"] for name in TABLES} == {
        name: f"LiveInsight-{name}" for name in TABLES
    }
    named = {"EventsTable": "a", "SessionsTable": "b", "ActiveSessionsTable": "c"}
    tables = Deployed(named).of_type("DynamoDB::Table")
    assert [table["TableName"] for table in tables.values()] == ["a", "b", "c"]


def test_only_events_have_a_stream_and_it_carries_what_was_written() -> None:
    streams = {
        name: table.get("StreamSpecification")
        for name, table in Deployed().of_type("DynamoDB::Table").items()
    }
    assert streams == {
        "Events": {"StreamViewType": "NEW_IMAGE"},
        "Sessions": None,
        "ActiveSessions": None,
    }


def test_the_archive_is_private_encrypted_and_kept() -> None:
    resource = Deployed().resources["Archive"]
    bucket = resource["Properties"]
    assert resource["DeletionPolicy"] == resource["UpdateReplacePolicy"] == "Retain"
    assert bucket["PublicAccessBlockConfiguration"] == {
        "BlockPublicAcls": True,
        "BlockPublicPolicy": True,
        "IgnorePublicAcls": True,
        "RestrictPublicBuckets": True,
    }
    assert bucket["OwnershipControls"] == {
        "Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]
    }
    (rule,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}


def test_the_archives_name_outlives_the_stack() -> None:
    name = Deployed().properties("Archive")["BucketName"]
    assert name == "liveinsight-archive-123456789012-ap-northeast-2"
    given = Deployed({"ArchiveBucketName": "mine"}).properties("Archive")
    assert given["BucketName"] == "mine"


def test_archive_objects_are_kept_unless_a_number_of_days_is_given() -> None:
    (uploads,) = Deployed().properties("Archive")["LifecycleConfiguration"]["Rules"]
    assert uploads["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 1}
    bucket = Deployed({"ArchiveDays": "400"}).properties("Archive")
    _, old = bucket["LifecycleConfiguration"]["Rules"]
    assert (old["Prefix"], old["ExpirationInDays"]) == ("v=1/", "400")


def test_archive_and_queues_are_reached_by_tls_alone() -> None:
    deployed = Deployed()
    (bucket,) = deployed.of_type("S3::BucketPolicy").values()
    places = {bucket["Bucket"]: (bucket, ["<Archive.Arn>", "<Archive.Arn>/*"], "s3")}
    for policy in deployed.of_type("SQS::QueuePolicy").values():
        (queue,) = policy["Queues"]
        places[queue] = (policy, queue.replace(">", ".Arn>"), "sqs")
    kept = {**deployed.of_type("S3::Bucket"), **deployed.of_type("SQS::Queue")}
    assert set(places) == {f"<{name}>" for name in kept}
    for policy, resource, service in places.values():
        assert policy["PolicyDocument"]["Statement"][0] == {
            "Sid": "OnlyEncrypted",
            "Effect": "Deny",
            "Principal": "*",
            "Action": f"{service}:*",
            "Resource": resource,
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }


def test_queues_are_encrypted() -> None:
    queues = Deployed().of_type("SQS::Queue").values()
    assert all(queue["SqsManagedSseEnabled"] for queue in queues)


def test_only_new_events_reach_the_stream_function_and_none_is_lost_silently() -> None:
    source = Deployed().properties("StreamSource")
    assert source["EventSourceArn"] == "<Events.StreamArn>"
    assert source["FilterCriteria"] == {
        "Filters": [{"Pattern": '{"eventName":["INSERT"]}'}]
    }
    assert source["StartingPosition"] == "TRIM_HORIZON"
    assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert source["BisectBatchOnFunctionError"] is True
    assert 0 < source["MaximumRetryAttempts"] <= 100
    assert 0 < source["MaximumRecordAgeInSeconds"] < 24 * 3600
    assert source["DestinationConfig"] == {
        "OnFailure": {"Destination": "<FailuresQueue.Arn>"}
    }


def test_what_is_folded_once_more_comes_late_and_ends_in_the_failures_queue() -> None:
    deployed = Deployed({"ResettleSeconds": "7"})
    queue = deployed.properties("ResettleQueue")
    source = deployed.properties("ResettleSource")
    timeout = deployed.properties("StreamFunction")["Timeout"]
    assert source["EventSourceArn"] == "<ResettleQueue.Arn>"
    assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert queue["DelaySeconds"] == "7"
    gathering = source["MaximumBatchingWindowInSeconds"]
    assert queue["VisibilityTimeout"] >= 6 * timeout + gathering
    assert queue["RedrivePolicy"]["deadLetterTargetArn"] == "<FailuresQueue.Arn>"
