"""What would change in a stack, before it does: change sets of CloudFormation."""

import time
from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Final

import msgspec
from botocore.exceptions import ClientError

from liveinsight.aws.account import Account, translated_errors
from liveinsight.aws.events import pauses
from liveinsight.aws.explain import explain_reason
from liveinsight.aws.stack import find_stack
from liveinsight.errors import DeployError

if TYPE_CHECKING:
    from types_boto3_cloudformation.type_defs import (
        DescribeChangeSetOutputTypeDef,
        ParameterTypeDef,
        ResourceChangeTypeDef,
    )

NOTHING_CHANGES: Final = ("didn't contain changes", "No updates are to be performed")
ROUTINE: Final = frozenset({"AWS::ApiGateway::Deployment"})
"""Made anew with each change of the API; nobody needs to be asked."""
KEEPS_DATA: Final = frozenset({"AWS::DynamoDB::Table", "AWS::S3::Bucket"})


class Action(StrEnum):
    """What would be done to a resource."""

    ADD = "add"
    CHANGE = "change"
    REPLACE = "replace"
    MAY_REPLACE = "may replace"
    REMOVE = "remove"
    KEEP = "keep"
    """It leaves the stack and stays in the account."""
    ADOPT = "adopt"
    """It is in the account and joins the stack."""


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One resource that would change."""

    action: Action
    resource: str
    kind: str
    """As in AWS::DynamoDB::Table."""
    name: str
    """Its name in the account, where it has one already."""
    what: tuple[str, ...]
    """The properties that change."""

    @property
    def needs_consent(self) -> bool:
        """Whether it takes something away that does not come back."""
        if self.kind in ROUTINE:
            return False
        if self.action is Action.MAY_REPLACE:
            return self.kind in KEEPS_DATA
        return self.action in {Action.REPLACE, Action.REMOVE}


class ChangeSet(msgspec.Struct, frozen=True, kw_only=True):
    """A change set that waits to be applied, or to be deleted."""

    id: str
    stack_id: str
    is_creation: bool
    changes: tuple[Change, ...]

    @property
    def needs_consent(self) -> bool:
        """Whether any change does."""
        return any(change.needs_consent for change in self.changes)


class Desired(msgspec.Struct, frozen=True, kw_only=True):
    """What a stack should be."""

    stack: str
    template_url: str
    parameters: Mapping[str, str]


def create_change_set(account: Account, desired: Desired) -> ChangeSet | None:
    """The way from the stack as it is to the desired one; None if there is no way to go.

    Resources that exist outside of the stack under the names in the template are
    adopted by it.

    Raises:
        DeployError: CloudFormation refuses the template or a parameter.
    """
    stack = find_stack(account, desired.stack)
    is_creation = stack is None or stack.is_new
    parameters: list[ParameterTypeDef] = [
        {"ParameterKey": name, "ParameterValue": value}
        for name, value in sorted(desired.parameters.items())
    ]
    with translated_errors():
        made = account.cloudformation.create_change_set(
            StackName=desired.stack,
            ChangeSetName=f"liveinsight-{time.time_ns()}",
            ChangeSetType="CREATE" if is_creation else "UPDATE",
            TemplateURL=desired.template_url,
            Parameters=parameters,
            Capabilities=["CAPABILITY_IAM"],
            ImportExistingResources=True,
        )
        changes = wait_until_made(account, made["Id"], made["StackId"])
        if changes is None:
            discard(account, made["Id"], made["StackId"], is_creation=is_creation)
            return None
    return ChangeSet(
        id=made["Id"],
        stack_id=made["StackId"],
        is_creation=is_creation,
        changes=changes,
    )


def wait_until_made(
    account: Account, change_set_id: str, stack_id: str
) -> tuple[Change, ...] | None:
    """The changes, when CloudFormation has found them; None if there are none."""
    pause = pauses()
    while True:
        # With the stack's id, too: what a user may do is told by stack.
        found = account.cloudformation.describe_change_set(
            ChangeSetName=change_set_id, StackName=stack_id
        )
        if found["Status"] == "CREATE_COMPLETE":
            return read_changes(account, found)
        if found["Status"] == "FAILED":
            reason = found.get("StatusReason", "")
            if any(said in reason for said in NOTHING_CHANGES):
                return None
            discard(
                account,
                change_set_id,
                stack_id,
                is_creation=is_in_review(account, stack_id),
            )
            raise DeployError(
                f"CloudFormation does not accept the change: {explain_reason(reason)}"
            )
        time.sleep(next(pause))


def read_changes(
    account: Account, first: "DescribeChangeSetOutputTypeDef"
) -> tuple[Change, ...]:
    """All changes of a change set, page by page."""
    page, changes = first, []
    while True:
        changes += [
            change_of(change["ResourceChange"])
            for change in page.get("Changes", ())
            if "ResourceChange" in change
        ]
        if "NextToken" not in page:
            return tuple(changes)
        page = account.cloudformation.describe_change_set(
            ChangeSetName=first["ChangeSetId"],
            StackName=first["StackId"],
            NextToken=page["NextToken"],
        )


def change_of(found: "ResourceChangeTypeDef") -> Change:
    """What CloudFormation says of a change."""
    properties = {
        target["Name"] if target.get("Name") else target.get("Attribute", "")
        for detail in found.get("Details", ())
        if (target := detail.get("Target"))
    }
    return Change(
        action=action_of(found),
        resource=found.get("LogicalResourceId", ""),
        kind=found.get("ResourceType", ""),
        name=found.get("PhysicalResourceId", ""),
        what=tuple(sorted(name for name in properties if name)),
    )


def action_of(found: "ResourceChangeTypeDef") -> Action:
    """The change in a word or two."""
    match found.get("Action"):
        case "Add":
            return Action.ADD
        case "Import":
            return Action.ADOPT
        case "Remove":
            kept = found.get("PolicyAction") == "Retain"
            return Action.KEEP if kept else Action.REMOVE
    match found.get("Replacement"):
        case "True":
            return Action.REPLACE
        case "Conditional":
            return Action.MAY_REPLACE
    return Action.CHANGE


def execute(account: Account, change_set: ChangeSet) -> None:
    """Has CloudFormation begin."""
    with translated_errors():
        account.cloudformation.execute_change_set(
            ChangeSetName=change_set.id, StackName=change_set.stack_id
        )


def discard(
    account: Account, change_set_id: str, stack_id: str, *, is_creation: bool
) -> None:
    """Deletes a change set, and the empty stack that was made to hold it."""
    with translated_errors():
        try:
            account.cloudformation.delete_change_set(
                ChangeSetName=change_set_id, StackName=stack_id
            )
        except ClientError as error:
            if error.response["Error"].get("Code") != "ChangeSetNotFound":
                raise
        if is_creation and is_in_review(account, stack_id):
            account.cloudformation.delete_stack(StackName=stack_id)
            pause = pauses()
            while find_stack(account, stack_id) is not None:
                time.sleep(next(pause))  # the name is free only then


def is_in_review(account: Account, stack_id: str) -> bool:
    """Whether the stack is but a name for its first change set."""
    stack = find_stack(account, stack_id)
    return stack is not None and stack.is_new
