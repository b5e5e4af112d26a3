"""What was deployed when: one small object for each deployment, beside the code."""

import hashlib
import time
from datetime import UTC, datetime
from typing import Final

import msgspec

from liveinsight import __version__
from liveinsight.aws.account import Account, translated_errors
from liveinsight.aws.stack import Stack
from liveinsight.errors import DeployError

FOLDER: Final = "deployments/"
MOST_KEPT: Final = 50


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """A deployment that ended well."""

    at: int
    """In ms."""
    version: str
    by: str
    """The ARN of who deployed."""
    template_key: str
    parameters: dict[str, str]

    @property
    def id(self) -> str:
        """Its name for people, as in 2026-11-22T09:30:15Z."""
        return f"{datetime.fromtimestamp(self.at // 1000, UTC):%Y-%m-%dT%H:%M:%SZ}"

    def is_same(self, template_key: str, parameters: dict[str, str]) -> bool:
        """Whether it brought this code, template and settings."""
        return (self.template_key, self.parameters) == (template_key, parameters)


def folder_of(stack: str) -> str:
    """Where the records of a stack are."""
    return f"{FOLDER}{stack}/"


def write_record(
    account: Account, bucket: str, stack: Stack, template_key: str
) -> Record:
    """The record of what the stack is now, kept; the oldest ones are forgotten."""
    record = Record(
        at=time.time_ns() // 1_000_000,
        version=__version__,
        by=account.caller,
        template_key=template_key,
        parameters=stack.parameters,
    )
    with translated_errors():
        account.s3.put_object(
            Bucket=bucket,
            Key=f"{folder_of(stack.name)}{record.at}.json",
            Body=msgspec.json.encode(record),
        )
        for key in record_keys(account, bucket, stack.name)[MOST_KEPT:]:
            account.s3.delete_object(Bucket=bucket, Key=key)
    return record


def read_records(account: Account, bucket: str, stack: str) -> list[Record]:
    """The deployments of a stack, newest first."""
    with translated_errors():
        return [
            msgspec.json.decode(
                account.s3.get_object(Bucket=bucket, Key=key)["Body"].read(),
                type=Record,
            )
            for key in record_keys(account, bucket, stack)
        ]


def read_others(account: Account, bucket: str, stack: str) -> list[Record]:
    """The newest deployment of each other stack of the account and region."""
    pages = account.s3.get_paginator("list_objects_v2").paginate(
        Bucket=bucket, Prefix=FOLDER, Delimiter="/"
    )
    folders = [
        one["Prefix"] for page in pages for one in page.get("CommonPrefixes", ())
    ]
    names = [folder.removeprefix(FOLDER).rstrip("/") for folder in folders]
    return [
        records[0]
        for name in names
        if name != stack and (records := read_records(account, bucket, name))
    ]


def record_keys(account: Account, bucket: str, stack: str) -> list[str]:
    """The keys of a stack's records, newest first."""
    pages = account.s3.get_paginator("list_objects_v2").paginate(
        Bucket=bucket, Prefix=folder_of(stack)
    )
    return sorted(
        (one["Key"] for page in pages for one in page.get("Contents", ())), reverse=True
    )


def forget_stack(account: Account, bucket: str, stack: str) -> bool:
    """Deletes a stack's records; whether no other stack has any in this bucket."""
    with translated_errors():
        for key in record_keys(account, bucket, stack):
            account.s3.delete_object(Bucket=bucket, Key=key)
        others = account.s3.list_objects_v2(Bucket=bucket, Prefix=FOLDER, MaxKeys=1)
    return others["KeyCount"] == 0


def find_record(records: list[Record], name: str) -> Record:
    """The deployment of this id.

    Raises:
        DeployError: there is none.
    """
    for record in records:
        if record.id == name:
            return record
    known = ", ".join(record.id for record in records)
    raise DeployError(f"There is no deployment {name}; there are: {known or 'none'}.")


def find_previous(account: Account, stack: Stack, records: list[Record]) -> Record:
    """The newest deployment that differs from what the stack is now.

    Raises:
        DeployError: there is none.
    """
    with translated_errors():
        body = account.cloudformation.get_template(
            StackName=stack.id, TemplateStage="Original"
        )["TemplateBody"]
    digest = hashlib.sha256(str(body).encode()).hexdigest()
    for record in records:
        if not record.is_same(f"templates/{digest}.yaml", stack.parameters):
            return record
    raise DeployError(
        f"The stack {stack.name} has no earlier deployment to go back to: it was "
        "deployed once, or always the same."
    )
