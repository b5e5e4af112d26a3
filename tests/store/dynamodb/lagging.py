"""Indexes that lag: a client of DynamoDB whose index reads lack what is held back."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types_boto3_dynamodb.client import DynamoDBClient


class LaggingClient:
    """Answers as the client does, but for index reads of what is in `held`."""

    def __init__(self, client: "DynamoDBClient") -> None:
        self._client = client
        self.held: set[str] = set()
        """Ids of events or sessions that no index shows yet."""

    def query(self, **asked: Any) -> Any:
        answer: Any = self._client.query(**asked)
        key = "event_id" if "Events" in asked["TableName"] else "session_id"
        answer["Items"] = [
            item for item in answer["Items"] if item[key]["S"] not in self.held
        ]
        return answer

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)
