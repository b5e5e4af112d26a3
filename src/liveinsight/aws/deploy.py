"""From the installed package to a running stack: a plan first, then its application."""

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import msgspec

from liveinsight.aws import artifacts, events, records
from liveinsight.aws.account import Account
from liveinsight.aws.adopt import Alteration, alter, find_alterations
from liveinsight.aws.change_set import (
    Action,
    ChangeSet,
    Desired,
    create_change_set,
    discard,
    execute,
)
from liveinsight.aws.events import StackEvent
from liveinsight.aws.outline import read_template, render_template
from liveinsight.aws.package import Package, Target, build
from liveinsight.aws.settings import effective_parameters
from liveinsight.aws.shapes import SHAPES
from liveinsight.aws.stack import Stack, check_name, check_ours, find_stack
from liveinsight.aws.stuck import check_ready
from liveinsight.errors import DeployError

GOOD_ENDS: Final = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE"})

Say = Callable[[str], None]


class Artifacts(msgspec.Struct, frozen=True, kw_only=True):
    """What a stack is made of, as it lies in the artifact bucket."""

    bucket: str
    template_key: str
    parameters: Mapping[str, str]


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What would be done, and waits to be applied or discarded."""

    stack: str
    artifacts: Artifacts
    change_set: ChangeSet
    alterations: list[Alteration]


def upload_all(
    account: Account, stack: str, chosen: Mapping[str, str], say: Say
) -> Artifacts:
    """Packages the functions and puts code and template where CloudFormation reads them.

    Raises:
        DeployError: the stack is stuck or busy, a wheel cannot be had, or an action
            is denied.
        ConfigError: a chosen setting is none.
    """
    present = find_stack(account, check_name(stack))
    if present is not None:
        check_ours(present)
        check_ready(account, present)
    template = read_template()
    if present is None:
        # A new stack gets the Python that packs it, if Lambda has that: its byte code
        # is packed too then, and a cold start costs a quarter less.
        chosen = {"Runtime": Target().runtime, **chosen}
    parameters = effective_parameters(template, present, chosen)
    bucket = artifacts.ensure_bucket(account)
    with tempfile.TemporaryDirectory() as folder:
        say("Packaging the functions")
        package = build_package(parameters, Path(folder))
        code_key = artifacts.upload_code(account, bucket, package.path)
    archive = (
        parameters["ArchiveBucketName"]
        or f"{stack}-archive-{account.id}-{account.region}"
    )
    rendered = render_template(template, parameters, archive)
    return Artifacts(
        bucket=bucket,
        template_key=artifacts.upload_template(account, bucket, rendered),
        parameters={**parameters, "ArtifactBucket": bucket, "ArtifactKey": code_key},
    )


def build_package(parameters: Mapping[str, str], folder: Path) -> Package:
    """The zip for the architecture and runtime among the parameters.

    Raises:
        DeployError: there is no such architecture or runtime.
    """
    runtime = parameters["Runtime"]
    architecture = parameters["Architecture"]
    if not runtime.startswith("python3."):
        raise DeployError(f"Runtime is {runtime!r}; it is one as python3.13.")
    if architecture not in {"arm64", "x86_64"}:
        raise DeployError(f"Architecture is {architecture!r}; it is arm64 or x86_64.")
    python = runtime.removeprefix("python")
    if architecture == "arm64":
        return build(Target("arm64", python), folder)
    return build(Target("x86_64", python), folder)


def make_plan(account: Account, stack: str, wanted: Artifacts) -> Plan | None:
    """What would change; None if nothing would.

    Raises:
        DeployError: CloudFormation does not accept it, or a table that is there
            already does not fit.
    """
    url = artifacts.template_url(account, wanted.bucket, wanted.template_key)
    change_set = create_change_set(
        account,
        Desired(stack=stack, template_url=url, parameters=wanted.parameters),
    )
    if change_set is None:
        return None
    try:
        alterations = [
            alteration
            for change in change_set.changes
            if change.action is Action.ADOPT and change.resource in SHAPES
            for alteration in find_alterations(
                account,
                change.resource,
                change.name,
                recovery=wanted.parameters["PointInTimeRecovery"] == "true",
            )
        ]
    except DeployError:
        give_up(account, change_set)
        raise
    return Plan(
        stack=stack, artifacts=wanted, change_set=change_set, alterations=alterations
    )


def give_up(account: Account, change_set: ChangeSet) -> None:
    """Leaves the account as it was before the plan."""
    discard(
        account,
        change_set.id,
        change_set.stack_id,
        is_creation=change_set.is_creation,
    )


def apply(
    account: Account,
    plan: Plan,
    say: Say,
    show: Callable[[StackEvent], None],
) -> Stack:
    """The stack after the plan; if a step fails, CloudFormation takes all back.

    Raises:
        DeployError: a step failed; it says which resource, why, and what to do.
    """
    alter(account, plan.alterations, say)
    stack_id = plan.change_set.stack_id
    before = events.last_event(account, stack_id)
    execute(account, plan.change_set)
    stack = events.follow(account, stack_id, after=before, show=show)
    if stack is None or stack.status not in GOOD_ENDS:
        raise failed(account, plan, before, stack)
    records.write_record(
        account, plan.artifacts.bucket, stack, plan.artifacts.template_key
    )
    return stack


def failed(
    account: Account, plan: Plan, before: str, stack: Stack | None
) -> DeployError:
    """What failed, why, and in which state that leaves the stack."""
    stack_id = plan.change_set.stack_id
    failures = events.find_failures(account, stack_id, before)
    status = stack.status if stack else "DELETE_COMPLETE"
    if status == "UPDATE_ROLLBACK_COMPLETE":
        end = "It was taken back: everything is as it was before."
    elif status == "ROLLBACK_COMPLETE":
        end = (
            "It was taken back. What is left is an empty stack: `liveinsight destroy "
            f"--stack {plan.stack}` removes it, then deploy again."
        )
    else:
        end = f"The stack is in state {status}; `liveinsight status` says what to do."
    reason = stack.reason if stack and not failures else ""
    lines = ["The deployment failed.", *map(str, failures), reason, end]
    return DeployError("\n".join(line for line in lines if line))
