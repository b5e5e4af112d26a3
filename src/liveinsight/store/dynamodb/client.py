"""The DynamoDB client of both functions, and of whoever reads the tables."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

from botocore.config import Config

from liveinsight.store.dynamodb.quick_client import quick_session

if TYPE_CHECKING:
    from types_boto3_dynamodb.client import DynamoDBClient

DEFAULT_REGION = "ap-northeast-2"
CONNECT_TIMEOUT_S = 1.0
READ_TIMEOUT_S = 2.0
CONNECTIONS = 16


def region_of(environ: Mapping[str, str]) -> str:
    """The region of the tables. Lambda sets AWS_DEFAULT_REGION itself: only read it."""
    return environ.get("AWS_DEFAULT_REGION") or DEFAULT_REGION


def config_for(attempts: int) -> Config:
    """Short time-outs and, with 1 attempt, no retries but the caller's own."""
    return Config(
        connect_timeout=CONNECT_TIMEOUT_S,
        read_timeout=READ_TIMEOUT_S,
        max_pool_connections=CONNECTIONS,
        retries={"mode": "standard", "total_max_attempts": attempts},
        tcp_keepalive=True,
    )


def dynamodb_client(environ: Mapping[str, str], attempts: int = 4) -> "DynamoDBClient":
    """A client with its credentials and endpoint from the environment; thread-safe.

    Making one costs some 20 ms: once per process.
    """
    # To check parameters takes a fifth of a call's processor time and finds what the
    # types rule out.
    config = config_for(attempts).merge(Config(parameter_validation=False))
    client = quick_session().create_client(
        "dynamodb", region_name=region_of(environ), config=config
    )
    return cast("DynamoDBClient", client)
