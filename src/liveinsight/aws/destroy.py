"""Taking a stack away: without its data, or with all of it."""

from collections.abc import Callable
from typing import Final

import msgspec
from botocore.exceptions import ClientError

from liveinsight.aws import artifacts, events, records
from liveinsight.aws.account import Account, translated_errors
from liveinsight.aws.events import StackEvent
from liveinsight.aws.outline import defaults_of, read_template
from liveinsight.aws.stack import Stack, check_name, check_ours, find_stack
from liveinsight.errors import DeployError

TABLES: Final = ("EventsTable", "SessionsTable", "ActiveSessionsTable")
"""The parameters that name them."""


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """A table that is there."""

    name: str
    items: int
    """As DynamoDB counted last, some hours ago at most."""
    bytes: int


class Remains(msgspec.Struct, frozen=True, kw_only=True):
    """What there is to take away under a stack's name."""

    name: str
    stack: Stack | None
    tables: tuple[Table, ...]
    archive: str
    """The name of the archive's bucket; "" where there is none."""
    renamed: tuple[str, ...]
    """Names that are not the template's, as NAME=VALUE."""

    @property
    def has_data(self) -> bool:
        """Whether there is anything that does not come back."""
        return bool(self.tables or self.archive)


def find_remains(account: Account, name: str) -> Remains:
    """The stack of this name and its data, also what an earlier removal has left.

    Raises:
        DeployError: the stack is being changed, or is not one of ours.
    """
    stack = find_stack(account, check_name(name))
    if stack is not None:
        check_ours(stack)
    if stack is not None and stack.is_busy:
        raise DeployError(
            f"The stack {name} is being changed ({stack.status}): wait until that has "
            "ended; `liveinsight status` shows it."
        )
    defaults = defaults_of(read_template())
    parameters = defaults | (stack.parameters if stack is not None else {})
    archive = (
        parameters.get("ArchiveBucketName")
        or f"{name}-archive-{account.id}-{account.region}"
    )
    with translated_errors():
        names = [parameters[table] or "" for table in TABLES]
        used = names_in_use(account, name)
        found = [find_table(account, one) for one in names if one not in used]
        has_archive = artifacts.has_bucket(account, archive)
    return Remains(
        name=name,
        stack=stack,
        tables=tuple(table for table in found if table is not None),
        archive=archive if has_archive else "",
        renamed=tuple(
            f"{name}={parameters[name]}"
            for name in (*TABLES, "ArchiveBucketName")
            if parameters[name] != defaults[name]
        ),
    )


def names_in_use(account: Account, stack: str) -> set[str]:
    """The tables of other stacks: theirs, even where this one's would bear the name."""
    bucket = artifacts.bucket_name(account)
    if not artifacts.has_bucket(account, bucket):
        return set()
    return {
        record.parameters[table]
        for record in records.read_others(account, bucket, stack)
        for table in TABLES
    }


def find_table(account: Account, name: str) -> Table | None:
    """The table of this name; None where there is none."""
    try:
        found = account.dynamodb.describe_table(TableName=name)["Table"]
    except ClientError as error:
        if error.response["Error"].get("Code") == "ResourceNotFoundException":
            return None
        raise
    return Table(
        name=name, items=found.get("ItemCount", 0), bytes=found.get("TableSizeBytes", 0)
    )


def delete_stack(
    account: Account,
    stack: Stack,
    show: Callable[[StackEvent], None],
) -> None:
    """Removes the stack; tables and archive stay in the account.

    Raises:
        DeployError: something of it could not be removed.
    """
    before = events.last_event(account, stack.id)
    with translated_errors():
        account.cloudformation.delete_stack(StackName=stack.id)
    rest = events.follow(account, stack.id, after=before, show=show)
    if rest is not None:
        failures = events.find_failures(account, stack.id, before)
        said = [str(failure) for failure in failures] or [rest.reason]
        raise DeployError(
            "\n".join(
                [
                    f"The stack {stack.name} could not be removed whole "
                    f"({rest.status}).",
                    *said,
                    f"Mend that, then `liveinsight destroy --stack {stack.name}` again.",
                ]
            )
        )


def delete_data(account: Account, remains: Remains, say: Callable[[str], None]) -> None:
    """Deletes the tables, protected or not, and the archive with all its objects.

    Raises:
        DeployError: AWS refuses one of the steps; what was deleted before is gone.
    """
    with translated_errors():
        for table in remains.tables:
            account.dynamodb.update_table(
                TableName=table.name, DeletionProtectionEnabled=False
            )
            account.dynamodb.get_waiter("table_exists").wait(TableName=table.name)
            account.dynamodb.delete_table(TableName=table.name)
            account.dynamodb.get_waiter("table_not_exists").wait(TableName=table.name)
            say(f"deleted  {table.name}")
    if remains.archive:
        count = artifacts.delete_bucket(account, remains.archive)
        say(f"deleted  {remains.archive} with {count} objects")


def delete_artifacts(account: Account, stack: str) -> bool:
    """Whether the artifact bucket was deleted; it stays while other stacks use it."""
    bucket = artifacts.bucket_name(account)
    with translated_errors():
        if not artifacts.has_bucket(account, bucket):
            return False
        if not records.forget_stack(account, bucket, stack):
            return False
    return artifacts.delete_bucket(account, bucket) is not None
