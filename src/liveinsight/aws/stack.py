"""A stack as it is now: its state, parameters and outputs, and what to do when stuck."""

import re
from typing import TYPE_CHECKING, Final

import msgspec
from botocore.exceptions import ClientError

from liveinsight.aws.account import Account, translated_errors
from liveinsight.errors import DeployError
from liveinsight.store.dynamodb.items import Tables

if TYPE_CHECKING:
    from types_boto3_cloudformation.type_defs import StackTypeDef

STACK_NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,26}")
"""Of this length and in small letters, since the name of the archive begins with it."""


class Stack(msgspec.Struct, frozen=True, kw_only=True):
    """A stack of CloudFormation, as it was when it was asked for."""

    name: str
    id: str
    status: str
    reason: str
    changed_at: int
    """In ms."""
    parameters: dict[str, str]
    outputs: dict[str, str]

    @property
    def is_new(self) -> bool:
        """Whether nothing of it has been made yet."""
        return self.status == "REVIEW_IN_PROGRESS"

    @property
    def is_busy(self) -> bool:
        """Whether something is being done to it."""
        return self.status.endswith("_IN_PROGRESS") and not self.is_new

    def output(self, name: str) -> str:
        """The output of this name.

        Raises:
            DeployError: there is none, so it is no stack of ours, or not complete.
        """
        if name not in self.outputs:
            raise DeployError(
                f"The stack {self.name} has no output {name}: it is not one of "
                "LiveInsight's, or its creation did not end well "
                f"(state {self.status})."
            )
        return self.outputs[name]

    @property
    def tables(self) -> Tables:
        """The names of its tables.

        Raises:
            DeployError: it has none, as with `output`.
        """
        return Tables(
            events=self.output("EventsTable"),
            sessions=self.output("SessionsTable"),
            active=self.output("ActiveSessionsTable"),
        )


def check_name(name: str) -> str:
    """The name, if a stack can have it.

    Raises:
        DeployError: it cannot.
    """
    if not STACK_NAME.fullmatch(name) or name.endswith("-"):
        raise DeployError(
            f"{name!r} cannot be a stack's name: it takes small letters, digits and "
            "hyphens, begins with a letter, and has at most 27 of them, since the "
            "archive's bucket is named after it."
        )
    return name


def check_ours(stack: Stack) -> None:
    """Raises DeployError for a stack that was made of another template."""
    if not stack.is_new and "ArtifactKey" not in stack.parameters:
        raise DeployError(
            f"The stack {stack.name} is not one of LiveInsight's: nothing is done to "
            "it. --stack names another."
        )


def find_stack(account: Account, name: str) -> Stack | None:
    """The stack of this name or id; None where there is none."""
    with translated_errors():
        try:
            answer = account.cloudformation.describe_stacks(StackName=name)
        except ClientError as error:
            if "does not exist" in error.response["Error"].get("Message", ""):
                return None
            raise
    found = stack_of(answer["Stacks"][0])
    # By its id, a deleted stack can be seen for 90 days.
    return None if found.status == "DELETE_COMPLETE" else found


def get_stack(account: Account, name: str) -> Stack:
    """The stack of this name.

    Raises:
        DeployError: there is none in this region of this account.
    """
    stack = find_stack(account, name)
    if stack is None or stack.is_new:
        raise DeployError(
            f"There is no stack {name} in {account.region} of account {account.id}. "
            "--region and --stack name another one; `liveinsight deploy` makes it."
        )
    return stack


def stack_of(found: "StackTypeDef") -> Stack:
    """What CloudFormation says of a stack."""
    changed = found.get("LastUpdatedTime", found["CreationTime"])
    return Stack(
        name=found["StackName"],
        id=found.get("StackId", ""),
        status=found["StackStatus"],
        reason=found.get("StackStatusReason", ""),
        changed_at=int(changed.timestamp() * 1000),
        parameters={
            one["ParameterKey"]: one.get("ParameterValue", "")
            for one in found.get("Parameters", ())
            if "ParameterKey" in one
        },
        outputs={
            one["OutputKey"]: one.get("OutputValue", "")
            for one in found.get("Outputs", ())
            if "OutputKey" in one
        },
    )
