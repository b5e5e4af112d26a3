"""DynamoDB Local for the tests: one server a session, an empty account a test.

A test takes `dynamodb`.
"""

import contextlib
import secrets
import subprocess
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import boto3
import msgspec
import pytest

from liveinsight.store.dynamodb.client import dynamodb_client
from liveinsight.store.dynamodb.items import Item, Tables
from tests.aws.install_dynamodb_local import PLACE
from tests.aws.java import find_java
from tests.aws.tables import create_tables
from tests.waiting import free_port, wait_until_open

if TYPE_CHECKING:
    from types_boto3_dynamodb.client import DynamoDBClient
    from types_boto3_dynamodbstreams.client import DynamoDBStreamsClient

REGION: Final = "ap-northeast-2"


class Database(msgspec.Struct, frozen=True):
    """An account of its own in the running server, with the three empty tables."""

    endpoint: str
    environ: dict[str, str]
    """What a process needs to reach it; the test's own has it set already."""
    client: "DynamoDBClient"
    """Retries as usual; made as the product makes it."""
    tables: Tables

    def streams(self) -> "DynamoDBStreamsClient":
        """A client of the tables' streams; its user closes it."""
        return boto3.client("dynamodbstreams", region_name=REGION)

    def items_of(self, table: str) -> list[Item]:
        """All items of a table, in no order."""
        pages = self.client.get_paginator("scan").paginate(
            TableName=table, ConsistentRead=True
        )
        return [item for page in pages for item in page["Items"]]


@contextlib.contextmanager
def running_dynamodb_local() -> Iterator[str]:
    """The address of a server that keeps all in memory.

    It has no option for the address it listens at; each access key has its own data.
    """
    java = find_java()
    if java is None or not PLACE.exists():
        raise RuntimeError("no DynamoDB Local or no Java: run `scripts/set-up test`")
    port = free_port()
    command = [
        str(java),
        "-Xmx384m",
        "-XX:+UseSerialGC",
        "-XX:TieredStopAtLevel=1",
        f"-Djava.library.path={PLACE / 'DynamoDBLocal_lib'}",
        "-jar",
        str(PLACE / "DynamoDBLocal.jar"),
        *("-inMemory", "-disableTelemetry", "-port", str(port)),
    ]
    server = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    try:
        wait_until_open(server, port)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.kill()
        server.wait()


def environment_for(endpoint: str) -> dict[str, str]:
    """The environment of a process whose account in the server is new and empty."""
    return {
        "AWS_ENDPOINT_URL_DYNAMODB": endpoint,
        "AWS_ENDPOINT_URL_DYNAMODB_STREAMS": endpoint,
        "AWS_ACCESS_KEY_ID": f"test{secrets.token_hex(8)}",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


@pytest.fixture(scope="session")
def dynamodb_local() -> Iterator[str]:
    """The address of the server that all tests share."""
    with running_dynamodb_local() as endpoint:
        yield endpoint


@pytest.fixture
def dynamodb(
    dynamodb_local: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Database]:
    """Three empty tables, and the environment that leads boto3 to them."""
    environ = environment_for(dynamodb_local)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    # boto3's own session keeps the credentials that it saw first.
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    client = dynamodb_client(environ)
    tables = Tables()
    # A client that waits: the product's gives up after 2 s and asks again, and on a
    # busy machine the table is there by then, which is an error.
    create_tables(boto3.client("dynamodb"), tables)
    yield Database(dynamodb_local, environ, client, tables)
    client.close()
