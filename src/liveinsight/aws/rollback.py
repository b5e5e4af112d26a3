"""Back to what was deployed before, or on with a way back that got stuck."""

from collections.abc import Callable, Sequence

from liveinsight.aws import artifacts, events
from liveinsight.aws.account import Account, translated_errors
from liveinsight.aws.deploy import Artifacts
from liveinsight.aws.events import StackEvent
from liveinsight.aws.records import Record, find_previous, find_record, read_records
from liveinsight.aws.stack import Stack
from liveinsight.aws.stuck import check_ready
from liveinsight.errors import DeployError


def list_deployments(account: Account, stack: Stack) -> list[Record]:
    """What was deployed to the stack, newest first."""
    bucket = artifacts.bucket_name(account)
    with translated_errors():
        if not artifacts.has_bucket(account, bucket):
            return []
    return read_records(account, bucket, stack.name)


def choose_deployment(account: Account, stack: Stack, to: str | None) -> Record:
    """The deployment of the id `to`; without it, the one before what is there now.

    Raises:
        DeployError: there is none, its code is gone, or the stack is stuck.
    """
    check_ready(account, stack)
    bucket = artifacts.bucket_name(account)
    known = list_deployments(account, stack)
    record = find_record(known, to) if to else find_previous(account, stack, known)
    with translated_errors():
        for key in (record.template_key, record.parameters["ArtifactKey"]):
            if not artifacts.has_object(account, bucket, key):
                raise DeployError(
                    f"{key} of the deployment {record.id} is no longer in {bucket}; "
                    "`liveinsight rollback --list` shows others."
                )
    return record


def artifacts_of(account: Account, record: Record) -> Artifacts:
    """What that deployment was made of."""
    return Artifacts(
        bucket=artifacts.bucket_name(account),
        template_key=record.template_key,
        parameters=record.parameters,
    )


def continue_rollback(
    account: Account,
    stack: Stack,
    skip: Sequence[str],
    show: Callable[[StackEvent], None],
) -> Stack:
    """The stack after the way back that had failed was gone to its end.

    Args:
        account: where the stack is.
        stack: one in the state UPDATE_ROLLBACK_FAILED.
        skip: resources that are left as they are.
        show: is called with each step.

    Raises:
        DeployError: it fails again.
    """
    before = events.last_event(account, stack.id)
    with translated_errors():
        account.cloudformation.continue_update_rollback(
            StackName=stack.id, ResourcesToSkip=list(skip)
        )
    after = events.follow(account, stack.id, after=before, show=show)
    if after is None or after.status != "UPDATE_ROLLBACK_COMPLETE":
        failures = events.find_failures(account, stack.id, before)
        raise DeployError(
            "\n".join(
                [
                    f"The way back of {stack.name} failed again.",
                    *map(str, failures),
                    "`--skip RESOURCE` leaves a resource as it is.",
                ]
            )
        )
    return after
