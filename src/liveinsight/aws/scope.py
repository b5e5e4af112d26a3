"""What a policy is about: an account, a region, and the names in it."""

import boto3
import msgspec
from botocore.exceptions import BotoCoreError

from liveinsight.aws.account import DEFAULT_REGION, open_account
from liveinsight.aws.destroy import TABLES
from liveinsight.aws.outline import defaults_of, read_template
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


def find_scope(stack: str, region: str | None) -> Scope:
    """The scope of a stack, with the account of the credentials if there are any.

    The policy may be printed where there are none yet, or none that may ask.

    Raises:
        DeployError: no stack can have this name.
    """
    parameters = {name: value or "" for name, value in parameters_of_template().items()}
    account_id, partition = "*", "aws"
    chosen = region or default_region()
    try:
        account = open_account(chosen)
        account_id, partition = account.id, account.partition
        present = find_stack(account, check_name(stack))
        if present is not None:
            parameters |= present.parameters
    except DeployError:
        check_name(stack)
    events, sessions, active = (parameters[name] for name in TABLES)
    archive = parameters["ArchiveBucketName"]
    return Scope(
        partition=partition,
        region=chosen,
        account=account_id,
        stack=stack,
        tables=(events, sessions, active),
        archive=archive or f"{stack}-archive-{account_id}-{chosen}",
    )


def parameters_of_template() -> dict[str, str | None]:
    """The parameters with their defaults."""
    return defaults_of(read_template())


def default_region() -> str:
    """The configured region, else Seoul."""
    try:
        return boto3.Session().region_name or DEFAULT_REGION
    except BotoCoreError:
        return DEFAULT_REGION
