"""MiniStack for the tests: one server a session, an empty account a test.

It enforces the policies of roles (`AUTH=true`). A test takes `ministack`.
"""

import contextlib
import os
import secrets
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import boto3
import botocore.session
import msgspec
import pytest
from botocore.loaders import create_loader

from tests.aws.dynamodb_local import REGION
from tests.waiting import free_port, wait_until_open

if TYPE_CHECKING:
    from types_boto3_apigateway.client import APIGatewayClient
    from types_boto3_cloudformation.client import CloudFormationClient
    from types_boto3_cloudwatch.client import CloudWatchClient
    from types_boto3_dynamodb.client import DynamoDBClient
    from types_boto3_iam.client import IAMClient
    from types_boto3_lambda.client import LambdaClient
    from types_boto3_logs.client import CloudWatchLogsClient
    from types_boto3_s3.client import S3Client
    from types_boto3_sns.client import SNSClient
    from types_boto3_sqs.client import SQSClient
    from types_boto3_sts.client import STSClient

_PYTHON: Final = Path(".cache/ministack/bin/python").absolute()
_SERVER: Final = Path(__file__).with_name("serve_ministack.py")


class MiniStack(msgspec.Struct, frozen=True):
    """An account of its own in the running server; its user may do everything."""

    endpoint: str
    account: str
    environ: dict[str, str]
    """What a process needs to reach it; the test's own has it set already."""

    def _client(self, service: str) -> Any:
        return _client(self.endpoint, self.account, service)

    @property
    def apigateway(self) -> "APIGatewayClient":
        client: APIGatewayClient = self._client("apigateway")
        return client

    @property
    def cloudformation(self) -> "CloudFormationClient":
        client: CloudFormationClient = self._client("cloudformation")
        return client

    @property
    def cloudwatch(self) -> "CloudWatchClient":
        client: CloudWatchClient = self._client("cloudwatch")
        return client

    @property
    def dynamodb(self) -> "DynamoDBClient":
        client: DynamoDBClient = self._client("dynamodb")
        return client

    @property
    def functions(self) -> "LambdaClient":
        client: LambdaClient = self._client("lambda")
        return client

    @property
    def iam(self) -> "IAMClient":
        client: IAMClient = self._client("iam")
        return client

    @property
    def logs(self) -> "CloudWatchLogsClient":
        client: CloudWatchLogsClient = self._client("logs")
        return client

    @property
    def s3(self) -> "S3Client":
        client: S3Client = self._client("s3")
        return client

    @property
    def sts(self) -> "STSClient":
        client: STSClient = self._client("sts")
        return client

    @property
    def sns(self) -> "SNSClient":
        client: SNSClient = self._client("sns")
        return client

    @property
    def sqs(self) -> "SQSClient":
        client: SQSClient = self._client("sqs")
        return client

    def end_polling(self) -> None:
        """Removes what calls functions of the account by itself, again and again."""
        found = self.functions.list_event_source_mappings()["EventSourceMappings"]
        for source in found:
            self.functions.delete_event_source_mapping(UUID=source["UUID"])

    def reachable(self, api_url: str) -> str:
        """Where the server answers for `https://API.execute-api.…/STAGE/PATH`.

        The query tells it the account; it has no other way to find it.
        """
        url = urlsplit(api_url)
        api, (stage, path) = url.netloc.split(".")[0], url.path[1:].split("/", 1)
        credential = f"{self.account}/20260101/{REGION}/execute-api/aws4_request"
        return (
            f"{self.endpoint}/restapis/{api}/{stage}/_user_request_/{path}"
            f"?X-Amz-Credential={credential}"
        )


@cache
def _client(endpoint: str, account: str, service: str) -> Any:
    """A client of whatever service: the properties above name their types."""
    return boto3.Session(
        aws_access_key_id=account, aws_secret_access_key="test", region_name=REGION
    ).client(service, endpoint_url=endpoint)  # type: ignore[call-overload]


@contextlib.contextmanager
def running_ministack() -> Iterator[str]:
    """The address of a server that keeps all in memory."""
    if not _PYTHON.exists():
        raise RuntimeError("no MiniStack: run `scripts/set-up test`")
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        server = subprocess.Popen(
            [_PYTHON, "-P", _SERVER],
            cwd=folder,
            env=_environment_of_server(port, folder),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            wait_until_open(server, port)
            yield f"http://127.0.0.1:{port}"
        finally:
            # Its group: the functions that it runs are its children.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(server.pid, signal.SIGKILL)
            server.wait()


def _environment_of_server(port: int, folder: str) -> dict[str, str]:
    """Nothing of ours but the path: functions inherit what the server has."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": folder,
        "TMPDIR": folder,
        "BIND_HOST": "127.0.0.1",
        "MINISTACK_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "MINISTACK_REGION": REGION,
        "AUTH": "true",
        "LOG_LEVEL": "ERROR",
        # Listeners on fixed ports, which nobody here uses.
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
    }


def an_account(endpoint: str) -> MiniStack:
    """A new and empty account: the server takes any 12 digits for one."""
    account = str(10**11 + secrets.randbelow(9 * 10**11))
    environ = {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": account,
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    return MiniStack(endpoint, account, environ)


@pytest.fixture(scope="session", autouse=True)
def _one_loader() -> Iterator[None]:
    """Sessions of boto3 share the models of services that they have read.

    Each would read its own, for each test: 60 to 200 ms a client instead of 10.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(botocore.session, "create_loader", cache(create_loader))
        yield


@pytest.fixture(scope="session")
def ministack_server() -> Iterator[str]:
    """The address of the server that all tests share."""
    with running_ministack() as endpoint:
        yield endpoint


@pytest.fixture
def ministack(
    ministack_server: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[MiniStack]:
    """An empty account, and the environment that leads boto3 to it."""
    stack = an_account(ministack_server)
    for name, value in stack.environ.items():
        monkeypatch.setenv(name, value)
    # boto3's own session keeps the credentials that it saw first.
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    yield stack
    stack.end_polling()
