"""Tables that are there before the stack."""

import pytest

from liveinsight.aws.shapes import SHAPES, Index, Key, Shape
from tests.aws.commands import SETTINGS, deployer, done, run
from tests.aws.ministack import MiniStack
from tests.aws.template import Deployed, Json

__all__ = ["deployer"]


def make_bare_tables(account: MiniStack) -> None:
    """Tables with the right keys and nothing else, as somebody may have made them."""
    account.dynamodb.create_table(
        TableName="LiveInsight-Events",
        BillingMode="PROVISIONED",
        ProvisionedThroughput={"ReadCapacityUnits": 5, "WriteCapacityUnits": 5},
        KeySchema=[
            {"AttributeName": "event_id", "KeyType": "HASH"},
            {"AttributeName": "timestamp", "KeyType": "RANGE"},
        ],
        AttributeDefinitions=[
            {"AttributeName": "event_id", "AttributeType": "S"},
            {"AttributeName": "timestamp", "AttributeType": "N"},
        ],
    )
    account.dynamodb.create_table(
        TableName="LiveInsight-ActiveSessions",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "session_id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "session_id", "AttributeType": "S"}],
    )


def test_tables_that_are_there_are_completed_and_keep_what_they_hold(
    deployer: MiniStack,
) -> None:
    make_bare_tables(deployer)
    key = {"event_id": {"S": "evt_old"}, "timestamp": {"N": "1"}}
    deployer.dynamodb.put_item(TableName="LiveInsight-Events", Item=key)

    said = done("deploy", *SETTINGS)
    assert "2 to adopt" in said
    assert "Before that, LiveInsight-Events gets the index SessionIndex." in said

    database = deployer.dynamodb
    events = database.describe_table(TableName="LiveInsight-Events")["Table"]
    indexes = {one["IndexName"] for one in events["GlobalSecondaryIndexes"]}
    assert indexes == {"UserIndex", "SessionIndex"}
    assert events["StreamSpecification"]["StreamViewType"] == "NEW_IMAGE"
    assert events["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    assert events["DeletionProtectionEnabled"]
    assert "Item" in database.get_item(TableName="LiveInsight-Events", Key=key)
    expiry = database.describe_time_to_live(TableName="LiveInsight-ActiveSessions")
    assert expiry["TimeToLiveDescription"]["AttributeName"] == "expires_at"
    backups = database.describe_continuous_backups(TableName="LiveInsight-Events")
    recovery = backups["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
    assert recovery["PointInTimeRecoveryStatus"] == "ENABLED"


def test_a_table_with_another_key_is_refused_and_stays_as_it_is(
    deployer: MiniStack,
) -> None:
    deployer.dynamodb.create_table(
        TableName="LiveInsight-Sessions",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "N"}],
    )
    refused = run("deploy", *SETTINGS)
    assert refused.exit_code == 1
    assert "exists with the key id (N)" in refused.stderr
    assert "--set" in refused.stderr
    assert deployer.cloudformation.describe_stacks()["Stacks"] == []
    found = deployer.dynamodb.describe_table(TableName="LiveInsight-Sessions")["Table"]
    assert not found.get("DeletionProtectionEnabled")


@pytest.mark.parametrize("name", SHAPES)
def test_the_shapes_are_those_of_the_template(name: str) -> None:
    table = Deployed().properties(name)
    types = {
        one["AttributeName"]: one["AttributeType"]
        for one in table["AttributeDefinitions"]
    }

    def key_of(schema: list[Json]) -> Key:
        return tuple(
            (one["AttributeName"], types[one["AttributeName"]]) for one in schema
        )

    assert SHAPES[name] == Shape(
        key=key_of(table["KeySchema"]),
        indexes={
            one["IndexName"]: Index(
                key_of(one["KeySchema"]), one["Projection"]["ProjectionType"]
            )
            for one in table.get("GlobalSecondaryIndexes", ())
        },
        has_stream="StreamSpecification" in table,
        expires_by=table.get("TimeToLiveSpecification", {}).get("AttributeName", ""),
    )
