"""The three tables as the template deploys them, made in DynamoDB Local."""

from typing import TYPE_CHECKING, Any, Final

from liveinsight.store.dynamodb.items import Tables
from tests.aws.template import Deployed

if TYPE_CHECKING:
    from types_boto3_dynamodb.client import DynamoDBClient

_MADE_WITH: Final = (
    *("TableName", "BillingMode", "KeySchema", "AttributeDefinitions"),
    "GlobalSecondaryIndexes",
)


def create_tables(client: "DynamoDBClient", tables: Tables) -> None:
    """Makes the tables with their keys, indexes, stream and time to live."""
    parameters = {
        "EventsTable": tables.events,
        "SessionsTable": tables.sessions,
        "ActiveSessionsTable": tables.active,
    }
    for properties in Deployed(parameters).of_type("DynamoDB::Table").values():
        request: Any = {
            name: properties[name] for name in _MADE_WITH if name in properties
        }
        if "StreamSpecification" in properties:
            request["StreamSpecification"] = {
                "StreamEnabled": True,
                **properties["StreamSpecification"],
            }
        client.create_table(**request)
        if "TimeToLiveSpecification" in properties:
            client.update_time_to_live(
                TableName=properties["TableName"],
                TimeToLiveSpecification=properties["TimeToLiveSpecification"],
            )
