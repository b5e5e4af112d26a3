"""The design to compare with: what most first versions of such a collector do.

One event a request, one call after the other, and a log line with the event:

1. read the live session, to see whether it goes on,
2. put the event, with its time of receipt,
3. put the session over the old one, its start with it,
4. put the live session.
"""

import json
import time
from typing import TYPE_CHECKING, Any

from liveinsight.store.dynamodb.items import Tables

if TYPE_CHECKING:
    from types_boto3_dynamodb.client import DynamoDBClient

TABLES = Tables(events="Naive-Events", sessions="Naive-Sessions", active="Naive-Active")
CALLS = 4
"""One after the other."""


class NaiveCollector:
    """Answers events of API Gateway."""

    def __init__(self, client: "DynamoDBClient") -> None:
        self._client = client

    def answer(self, proxied: dict[str, Any]) -> dict[str, object]:
        """Stores the event, and says so."""
        print("event received:", proxied["body"])
        event = json.loads(proxied["body"])
        now = time.time_ns() // 1_000_000
        session_id = event["session_id"]
        key = {"session_id": {"S": session_id}}
        found = self._client.get_item(TableName=TABLES.active, Key=key)
        views = int(found.get("Item", {}).get("page_views", {"N": "0"})["N"]) + 1
        at = {"N": str(event["timestamp"])}
        seen = {"page_views": {"N": str(views)}, "last_activity": at}
        who = {"user_id": {"S": event["user_id"]}}
        self._put(TABLES.events, _item_of(event) | {"received_at": {"N": str(now)}})
        self._put(TABLES.sessions, key | who | seen | {"start_time": at})
        expires = {"expires_at": {"N": str(now // 1_000 + 1_800)}}
        page = {"current_page": {"S": event["page_url"]}}
        self._put(TABLES.active, key | who | seen | expires | page)
        body = {"message": "Event processed successfully", "session_id": session_id}
        headers = {"Access-Control-Allow-Origin": "*"}
        return {"statusCode": 200, "headers": headers, "body": json.dumps(body)}

    def _put(self, table: str, item: dict[str, Any]) -> None:
        self._client.put_item(TableName=table, Item=item)


def _item_of(event: dict[str, Any]) -> dict[str, Any]:
    """The event with all that was sent, as the high-level client would write it."""
    item: dict[str, Any] = {}
    for name, value in event.items():
        if isinstance(value, bool):
            item[name] = {"BOOL": value}
        elif isinstance(value, int):
            item[name] = {"N": str(value)}
        else:
            text = value if isinstance(value, str) else json.dumps(value)
            item[name] = {"S": text}
    return item
