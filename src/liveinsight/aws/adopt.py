"""Tables that are there before the stack: whether they fit, and what they lack.

CloudFormation takes a table into a stack as it is and changes nothing about it. So
what the template promises (stream, indexes, recovery, expiry) is added before.
"""

import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import msgspec

from liveinsight.aws.account import Account, translated_errors
from liveinsight.aws.events import pauses
from liveinsight.aws.shapes import SHAPES, Index, Key, Shape
from liveinsight.errors import DeployError

if TYPE_CHECKING:
    from types_boto3_dynamodb.type_defs import (
        AttributeDefinitionTypeDef,
        KeySchemaElementTypeDef,
        TableDescriptionTypeDef,
    )


class Alteration(msgspec.Struct, frozen=True):
    """What a table lacks, in words, and what adds it."""

    table: str
    words: str
    apply: Callable[[], object]


def find_alterations(
    account: Account, logical_id: str, table: str, *, recovery: bool
) -> list[Alteration]:
    """What the table lacks to be the one of the template.

    Args:
        account: where it is.
        logical_id: its name in the template.
        table: its name in the account.
        recovery: whether point-in-time recovery is asked for.

    Raises:
        DeployError: its keys are others, which cannot be changed.
    """
    with translated_errors():
        found = account.dynamodb.describe_table(TableName=table)["Table"]
        check_key(table, SHAPES[logical_id].key, key_of(found, found["KeySchema"]))
        return [
            *lacking_mode(account, table, found),
            *lacking_stream(account, table, found, SHAPES[logical_id]),
            *lacking_indexes(account, table, found, SHAPES[logical_id]),
            *lacking_expiry(account, table, SHAPES[logical_id]),
            *(lacking_recovery(account, table) if recovery else ()),
            *lacking_protection(account, table, found),
        ]


def key_of(
    found: "TableDescriptionTypeDef", schema: "list[KeySchemaElementTypeDef]"
) -> Key:
    """The key with the types of its attributes, hash first."""
    types = {
        one["AttributeName"]: one["AttributeType"]
        for one in found.get("AttributeDefinitions", ())
    }
    ordered = sorted(schema, key=lambda one: one["KeyType"])  # HASH before RANGE
    return tuple((one["AttributeName"], types[one["AttributeName"]]) for one in ordered)


def check_key(what: str, wanted: Key, found: Key) -> None:
    """Raises DeployError where the key differs."""
    if wanted != found:
        raise DeployError(
            f"{what} exists with the key {show_key(found)}; LiveInsight's has "
            f"{show_key(wanted)}, and a key cannot be changed. Delete it, or have "
            "other tables made: `--set EventsTable=NAME`, likewise SessionsTable and "
            "ActiveSessionsTable."
        )


def show_key(key: Key) -> str:
    """The key in words."""
    return " + ".join(f"{name} ({kind})" for name, kind in key)


def lacking_mode(
    account: Account, table: str, found: "TableDescriptionTypeDef"
) -> Iterator[Alteration]:
    """On demand, so that no peak is refused and none is paid for when it is over."""
    mode = found.get("BillingModeSummary", {}).get("BillingMode", "PROVISIONED")
    if mode != "PAY_PER_REQUEST":
        yield Alteration(
            table,
            "is charged on demand",
            lambda: account.dynamodb.update_table(
                TableName=table, BillingMode="PAY_PER_REQUEST"
            ),
        )


def lacking_stream(
    account: Account, table: str, found: "TableDescriptionTypeDef", shape: Shape
) -> Iterator[Alteration]:
    """The stream that the archive is written from.

    Raises:
        DeployError: there is one without the new items.
    """
    stream = found.get("StreamSpecification", {})
    if not shape.has_stream:
        return
    if not stream.get("StreamEnabled"):
        yield Alteration(
            table,
            "gets a stream of new items",
            lambda: account.dynamodb.update_table(
                TableName=table,
                StreamSpecification={
                    "StreamEnabled": True,
                    "StreamViewType": "NEW_IMAGE",
                },
            ),
        )
    elif stream.get("StreamViewType") not in {"NEW_IMAGE", "NEW_AND_OLD_IMAGES"}:
        raise DeployError(
            f"The stream of {table} does not hold the new items: switch it off in the "
            "DynamoDB console and deploy again."
        )


def lacking_indexes(
    account: Account, table: str, found: "TableDescriptionTypeDef", shape: Shape
) -> Iterator[Alteration]:
    """The indexes that are not there; one that differs cannot be changed.

    Raises:
        DeployError: an index of that name has other keys, or holds too little.
    """
    present = {
        one.get("IndexName", ""): one for one in found.get("GlobalSecondaryIndexes", ())
    }
    for name, index in shape.indexes.items():
        if name not in present:
            yield Alteration(
                table,
                f"gets the index {name}",
                lambda name=name, index=index: add_index(account, table, name, index),  # type: ignore[misc]
            )
            continue
        schema = present[name].get("KeySchema", [])
        check_key(f"The index {name} of {table}", index.key, key_of(found, schema))
        projection = present[name].get("Projection", {}).get("ProjectionType")
        if projection not in {"ALL", index.projection}:
            raise DeployError(
                f"The index {name} of {table} holds {projection}, and {index.projection}"
                " is needed: delete the index and deploy again, which makes it anew."
            )


def add_index(account: Account, table: str, name: str, index: Index) -> None:
    """Has DynamoDB build an index."""
    attributes: list[AttributeDefinitionTypeDef] = [
        {"AttributeName": attribute, "AttributeType": kind}
        for attribute, kind in index.key
    ]
    schema: list[KeySchemaElementTypeDef] = [
        {"AttributeName": attribute, "KeyType": "RANGE" if place else "HASH"}
        for place, (attribute, _) in enumerate(index.key)
    ]
    account.dynamodb.update_table(
        TableName=table,
        AttributeDefinitions=attributes,
        GlobalSecondaryIndexUpdates=[
            {
                "Create": {
                    "IndexName": name,
                    "KeySchema": schema,
                    "Projection": {"ProjectionType": index.projection},
                }
            }
        ],
    )


def lacking_expiry(account: Account, table: str, shape: Shape) -> Iterator[Alteration]:
    """The attribute after which items are deleted.

    Raises:
        DeployError: items expire by another attribute.
    """
    if not shape.expires_by:
        return
    told = account.dynamodb.describe_time_to_live(TableName=table)
    expiry = told.get("TimeToLiveDescription", {})
    is_on = expiry.get("TimeToLiveStatus") in {"ENABLED", "ENABLING"}
    if is_on and expiry.get("AttributeName") != shape.expires_by:
        raise DeployError(
            f"Items of {table} expire by {expiry.get('AttributeName')}; switch that "
            f"off in the DynamoDB console and deploy again: it is {shape.expires_by}."
        )
    if not is_on:
        yield Alteration(
            table,
            f"deletes items after {shape.expires_by}",
            lambda: account.dynamodb.update_time_to_live(
                TableName=table,
                TimeToLiveSpecification={
                    "Enabled": True,
                    "AttributeName": shape.expires_by,
                },
            ),
        )


def lacking_recovery(account: Account, table: str) -> Iterator[Alteration]:
    """Recovery to any second of the last 35 days."""
    told = account.dynamodb.describe_continuous_backups(TableName=table)
    backups = told.get("ContinuousBackupsDescription", {})
    recovery = backups.get("PointInTimeRecoveryDescription", {})
    if recovery.get("PointInTimeRecoveryStatus") != "ENABLED":
        yield Alteration(
            table,
            "can be recovered to any point in time",
            lambda: account.dynamodb.update_continuous_backups(
                TableName=table,
                PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True},
            ),
        )


def lacking_protection(
    account: Account, table: str, found: "TableDescriptionTypeDef"
) -> Iterator[Alteration]:
    """Protection against deletion."""
    if not found.get("DeletionProtectionEnabled"):
        yield Alteration(
            table,
            "is protected against deletion",
            lambda: account.dynamodb.update_table(
                TableName=table, DeletionProtectionEnabled=True
            ),
        )


def alter(
    account: Account,
    alterations: list[Alteration],
    show: Callable[[str], None],
) -> None:
    """Makes the alterations, one after the other, each to its end.

    Raises:
        DeployError: DynamoDB refuses one; those before it stay.
    """
    for alteration in alterations:
        show(f"{alteration.table} {alteration.words}")
        with translated_errors():
            wait_until_active(account, alteration.table)
            alteration.apply()
            wait_until_active(account, alteration.table)


def wait_until_active(account: Account, table: str) -> None:
    """Returns when the table and all its indexes are ready for the next change."""
    pause = pauses()
    while True:
        found = account.dynamodb.describe_table(TableName=table)["Table"]
        states = [found.get("TableStatus")] + [
            one.get("IndexStatus", "ACTIVE")
            for one in found.get("GlobalSecondaryIndexes", ())
        ]
        if all(state == "ACTIVE" for state in states):
            return
        time.sleep(next(pause))
