"""What happens to a stack: its events as they come, and the failures among them."""

import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final

import msgspec

from liveinsight.aws.account import Account, translated_errors
from liveinsight.aws.explain import explain_reason
from liveinsight.aws.stack import Stack, find_stack

if TYPE_CHECKING:
    from types_boto3_cloudformation.type_defs import StackEventTypeDef

FIRST_PAUSE_S: Final = 0.2
LONGEST_PAUSE_S: Final = 2.0
"""Between two looks: short at first, as most operations are."""

WORDS: Final = {
    "CREATE_COMPLETE": "created",
    "UPDATE_COMPLETE": "updated",
    "DELETE_COMPLETE": "deleted",
    "DELETE_SKIPPED": "kept",
    "IMPORT_COMPLETE": "adopted",
    "CREATE_FAILED": "FAILED",
    "UPDATE_FAILED": "FAILED",
    "DELETE_FAILED": "FAILED",
    "IMPORT_FAILED": "FAILED",
}
"""How the end of a step is said; the beginnings are not."""

CONSEQUENCES: Final = ("cancelled", "Cancelled", "The following resource(s) failed")
"""Failures that only follow from another one."""
DETAILS_ELSEWHERE: Final = "Call DescribeEvents"
"""In the reason of a stack whose template was found wrong before anything was done."""


class StackEvent(msgspec.Struct, frozen=True, kw_only=True):
    """A step of one resource."""

    id: str
    resource: str
    kind: str
    """As in AWS::DynamoDB::Table."""
    status: str
    reason: str

    @property
    def ends_a_step(self) -> bool:
        """Whether something about the resource is now done, or has failed."""
        return self.status in WORDS

    @property
    def is_failure(self) -> bool:
        """Whether it failed by itself, not because something else did."""
        return self.status.endswith("_FAILED") and not any(
            said in self.reason for said in CONSEQUENCES
        )

    def __str__(self) -> str:
        """The step as people read it."""
        if not self.resource:
            return explain_reason(self.reason)
        said = f"{WORDS.get(self.status, self.status):8} {self.resource} ({self.kind})"
        return f"{said}: {explain_reason(self.reason)}" if self.is_failure else said


def last_event(account: Account, stack_id: str) -> str:
    """The id of the newest event of a stack; "" if it has none."""
    for event in newest_first(account, stack_id):
        return event.id
    return ""


def follow(
    account: Account,
    stack_id: str,
    *,
    after: str,
    show: Callable[[StackEvent], None],
) -> Stack | None:
    """The stack when it has come to rest (None: gone); shows each event meanwhile.

    Args:
        account: where the stack is.
        stack_id: its id, under which it can be seen even after its deletion.
        after: the id of the last event that is old news.
        show: is called with each new event, oldest first.
    """
    pause = pauses()
    while True:
        # State first: what it ends with is then among the events that are read next.
        stack = find_stack(account, stack_id)
        for event in new_events(account, stack_id, after):
            after = event.id
            if event.resource != "" and event.ends_a_step:
                show(event)
        if stack is None or not stack.is_busy:
            return stack
        time.sleep(next(pause))


def pauses() -> Iterator[float]:
    """Seconds to wait, one after the other, longer each time up to a limit."""
    pause = FIRST_PAUSE_S
    while True:
        yield pause
        pause = min(pause * 1.5, LONGEST_PAUSE_S)


def new_events(account: Account, stack_id: str, after: str) -> list[StackEvent]:
    """The events since the one with the id `after`, oldest first."""
    found = []
    for event in newest_first(account, stack_id):
        if event.id == after:
            break
        found.append(event)
    return found[::-1]


def find_failures(
    account: Account, stack_id: str, after: str | None = None
) -> list[StackEvent]:
    """What failed by itself, oldest first: since `after`, else in the last operation."""
    found = []
    for event in newest_first(account, stack_id):
        if event.id == after:
            break
        if after is None and event.reason == "User Initiated":
            break
        if event.is_failure:
            found.append(event)
    if any(DETAILS_ELSEWHERE in event.reason for event in found):
        found = find_invalid(account, stack_id) or found
    return found[::-1]


def find_invalid(account: Account, stack_id: str) -> list[StackEvent]:
    """What CloudFormation found wrong when it last looked before it began."""
    with translated_errors():
        answer = account.cloudformation.describe_events(
            StackName=stack_id, Filters={"FailedEvents": True}
        )
    operations = [event.get("OperationId") for event in answer["OperationEvents"]]
    return [
        StackEvent(
            id=event["EventId"],
            resource=event.get("LogicalResourceId", ""),
            kind=event.get("ResourceType", ""),
            status="CREATE_FAILED",
            reason=event.get("ValidationStatusReason", ""),
        )
        for event in answer["OperationEvents"]
        if event.get("EventType") == "VALIDATION_ERROR"
        and event.get("OperationId") == operations[0]
    ]


def newest_first(account: Account, stack_id: str) -> Iterator[StackEvent]:
    """The events of a stack's resources, those of the stack itself with resource ""."""
    with translated_errors():
        pages = account.cloudformation.get_paginator("describe_stack_events").paginate(
            StackName=stack_id
        )
        for page in pages:
            for event in page["StackEvents"]:
                yield event_of(event)


def event_of(found: "StackEventTypeDef") -> StackEvent:
    """What CloudFormation says of a step."""
    is_stack = found.get("PhysicalResourceId") == found["StackId"]
    return StackEvent(
        id=found["EventId"],
        resource="" if is_stack else found.get("LogicalResourceId", ""),
        kind=found.get("ResourceType", ""),
        status=found.get("ResourceStatus", ""),
        reason=found.get("ResourceStatusReason", ""),
    )
