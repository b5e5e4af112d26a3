"""The three tables as they are deployed, made in an emulator."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from liveinsight.store.dynamodb.items import Tables
from tests.aws.template import Deployed, Json

if TYPE_CHECKING:
    from types_boto3_dynamodb.client import DynamoDBClient

_ASIDE = {
    "DeletionProtectionEnabled",
    "PointInTimeRecoverySpecification",
    "TimeToLiveSpecification",
}
"""What would keep a test from removing the table, and what is no word of this call."""


def create_tables(client: "DynamoDBClient", tables: Tables) -> None:
    """Makes the template's tables, with keys, indexes and stream.

    Nothing expires in them: the moments of most tests are not those of the machine.
    """
    for table in _deployed(tables):
        wanted = {name: table[name] for name in table.keys() - _ASIDE}
        if "StreamSpecification" in wanted:
            wanted["StreamSpecification"]["StreamEnabled"] = True
        client.create_table(**wanted)


def let_items_expire(client: "DynamoDBClient", tables: Tables) -> None:
    """Turns on what the template says of a time to live."""
    for table in _deployed(tables):
        if "TimeToLiveSpecification" in table:
            client.update_time_to_live(
                TableName=table["TableName"],
                TimeToLiveSpecification=table["TimeToLiveSpecification"],
            )


def _deployed(tables: Tables) -> Iterable[Json]:
    named = {
        "EventsTable": tables.events,
        "SessionsTable": tables.sessions,
        "ActiveSessionsTable": tables.active,
    }
    return Deployed(named).of_type("DynamoDB::Table").values()
