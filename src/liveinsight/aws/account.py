"""Whose account and which region, and a client for each service that is used."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Final

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from liveinsight.aws.explain import explain
from liveinsight.errors import DeployError

if TYPE_CHECKING:
    from types_boto3_apigateway import APIGatewayClient
    from types_boto3_cloudformation import CloudFormationClient
    from types_boto3_cloudwatch import CloudWatchClient
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_lambda import LambdaClient
    from types_boto3_s3 import S3Client
    from types_boto3_sqs import SQSClient

DEFAULT_REGION: Final = "ap-northeast-2"

# Standard mode waits with jitter, and longer where AWS says "too many requests".
PATIENT: Final = Config(
    connect_timeout=10, read_timeout=60, retries={"mode": "standard", "max_attempts": 6}
)


class Account:
    """The account and region that the credentials of this machine lead to."""

    def __init__(self, session: boto3.Session, region: str, caller: str) -> None:
        self.session = session
        self.region = region
        self.caller = caller
        """The ARN of the user or role."""
        self.partition = caller.split(":")[1]
        self.id = caller.split(":")[4]

    @cached_property
    def cloudformation(self) -> "CloudFormationClient":
        """The stacks."""
        return self.session.client("cloudformation", self.region, config=PATIENT)

    @cached_property
    def s3(self) -> "S3Client":
        """The buckets."""
        return self.session.client("s3", self.region, config=PATIENT)

    @cached_property
    def dynamodb(self) -> "DynamoDBClient":
        """The tables."""
        return self.session.client("dynamodb", self.region, config=PATIENT)

    @cached_property
    def functions(self) -> "LambdaClient":
        """The functions."""
        return self.session.client("lambda", self.region, config=PATIENT)

    @cached_property
    def apigateway(self) -> "APIGatewayClient":
        """The API."""
        return self.session.client("apigateway", self.region, config=PATIENT)

    @cached_property
    def cloudwatch(self) -> "CloudWatchClient":
        """Metrics and alarms."""
        return self.session.client("cloudwatch", self.region, config=PATIENT)

    @cached_property
    def sqs(self) -> "SQSClient":
        """The queues."""
        return self.session.client("sqs", self.region, config=PATIENT)


def open_account(region: str | None = None) -> Account:
    """The account of the credentials, in `region`, else the configured, else Seoul.

    Raises:
        DeployError: there are no credentials, they are refused, or the region is none.
    """
    with translated_errors():
        session = boto3.Session()
        chosen = region or session.region_name or DEFAULT_REGION
        check_region(session, chosen)
        identity = session.client("sts", chosen, config=PATIENT).get_caller_identity()
        return Account(session, chosen, identity["Arn"])


def check_region(session: boto3.Session, region: str) -> None:
    """Raises DeployError for a name that is no region of AWS."""
    known = [
        name
        for partition in session.get_available_partitions()
        for name in session.get_available_regions("dynamodb", partition)
    ]
    if region not in known:
        near = [name for name in known if name.split("-")[0] == region.split("-")[0]]
        raise DeployError(
            f"{region!r} is no region of AWS; "
            f"--region takes one of {', '.join(sorted(near or known))}."
        )


@contextmanager
def translated_errors() -> Iterator[None]:
    """Makes an error of AWS, or of the way to it, a DeployError that says what to do."""
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        raise explain(error) from error
