"""What a policy is about: an account, a region, and the names in it."""

from collections.abc import Mapping
from contextlib import suppress

import boto3
import msgspec
from botocore.exceptions import BotoCoreError

from liveinsight.aws.account import (
    DEFAULT_REGION,
    check_region,
    open_account,
    translated_errors,
)
from liveinsight.aws.destroy import TABLES
from liveinsight.aws.outline import read_template
from liveinsight.aws.settings import effective_parameters
from liveinsight.aws.stack import check_name, find_stack
from liveinsight.errors import DeployError


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """What the policies are about; account and names may be `*`."""

    partition: str
    region: str
    account: str
    stack: str
    tables: tuple[str, str, str]
    """Events, Sessions and ActiveSessions."""
    archive: str

    def arn(self, service: str, resource: str) -> str:
        """An ARN in this region and account."""
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:{resource}"

    def bucket(self, name: str) -> list[str]:
        """A bucket and its objects."""
        return [f"arn:{self.partition}:s3:::{name}{part}" for part in ("", "/*")]

    def table_arns(self, below: str = "") -> list[str]:
        """The three tables, or what is below each."""
        return [self.arn("dynamodb", f"table/{table}{below}") for table in self.tables]

    @property
    def artifacts(self) -> str:
        """The artifact bucket's name."""
        return f"liveinsight-artifacts-{self.account}-{self.region}"


def find_scope(
    stack: str, region: str | None, chosen: Mapping[str, str] | None = None
) -> Scope:
    """The scope of a stack, with the account of the credentials if there are any.

    The policy may be printed where there are none yet, or none that may ask.

    Args:
        stack: its name; it need not be there.
        region: where; the configured region, else Seoul, if None.
        chosen: parameters that it is to be deployed with.

    Raises:
        DeployError: no stack can have this name, or there is no such region.
        ConfigError: a chosen parameter is none.
    """
    check_name(stack)
    where = region or default_region()
    with translated_errors():
        check_region(boto3.Session(), where)
    account_id, partition, present = "*", "aws", None
    with suppress(DeployError):
        account = open_account(where)
        account_id, partition = account.id, account.partition
        present = find_stack(account, stack)
    parameters = effective_parameters(read_template(), present, chosen or {})
    events, sessions, active = (parameters[name] for name in TABLES)
    archive = parameters["ArchiveBucketName"]
    return Scope(
        partition=partition,
        region=where,
        account=account_id,
        stack=stack,
        tables=(events, sessions, active),
        archive=archive or f"{stack}-archive-{account_id}-{where}",
    )


def default_region() -> str:
    """The configured region, else Seoul."""
    with suppress(BotoCoreError):
        return boto3.Session().region_name or DEFAULT_REGION
    return DEFAULT_REGION
