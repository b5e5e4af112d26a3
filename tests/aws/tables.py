"""The three tables as they are deployed, made in an emulator."""

from typing import TYPE_CHECKING

from liveinsight.store.dynamodb.items import Tables
from tests.aws.template import Deployed

if TYPE_CHECKING:
    from types_boto3_dynamodb.client import DynamoDBClient

_ASIDE = {"DeletionProtectionEnabled", "PointInTimeRecoverySpecification"}
"""What would keep a test from removing the table, and what is no word of this call."""


def create_tables(client: "DynamoDBClient", tables: Tables) -> None:
    """Makes the template's tables, with keys, indexes, stream and time to live."""
    named = {
        "EventsTable": tables.events,
        "SessionsTable": tables.sessions,
        "ActiveSessionsTable": tables.active,
    }
    for table in Deployed(named).of_type("DynamoDB::Table").values():
        wanted = {name: table[name] for name in table.keys() - _ASIDE}
        ttl = wanted.pop("TimeToLiveSpecification", None)
        if "StreamSpecification" in wanted:
            wanted["StreamSpecification"]["StreamEnabled"] = True
        client.create_table(**wanted)
        if ttl:
            client.update_time_to_live(
                TableName=table["TableName"], TimeToLiveSpecification=ttl
            )
