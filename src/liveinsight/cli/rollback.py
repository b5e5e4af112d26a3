"""`liveinsight rollback`: back to the deployment before."""

from typing import TYPE_CHECKING

import click

from liveinsight.cli.options import examples, json_option, print_json, print_table
from liveinsight.cli.stacks import (
    Progress,
    carry_out,
    describe_changes,
    open_stack_account,
    print_plan,
    region_option,
    say,
    stack_option,
    unhurried,
    yes_option,
)

if TYPE_CHECKING:
    from liveinsight.aws.account import Account
    from liveinsight.aws.records import Record
    from liveinsight.aws.stack import Stack


@click.command(
    epilog=examples(
        "liveinsight rollback",
        "liveinsight rollback --list",
        "liveinsight rollback --to 2026-11-22T09:30:15Z --plan",
        "liveinsight rollback --skip Collector",
    )
)
@stack_option
@region_option
@click.option("--list", "only_list", is_flag=True, help="List the deployments.")
@click.option("--to", metavar="TIME", help="The deployment of this time in the list.")
@click.option("--plan", is_flag=True, help="Show what would change, and stop.")
@click.option(
    "--skip",
    multiple=True,
    metavar="RESOURCE",
    help="In a failed way back: leave this resource as it is.",
)
@yes_option
@json_option
def rollback(stack: str, region: str | None, **options: object) -> None:
    """Go back to the deployment before this one: code, template and settings.

    Tables and archive are not touched. After it, another rollback returns to where
    it began. A stack that got stuck on its way back (UPDATE_ROLLBACK_FAILED) is led
    to the end of it instead.
    """
    from liveinsight.aws.stack import get_stack

    account = open_stack_account(region, stack)
    present = get_stack(account, stack)
    if options["only_list"]:
        print_deployments(account, present, as_json=bool(options["as_json"]))
    elif present.status == "UPDATE_ROLLBACK_FAILED":
        unstick(account, present, options["skip"])
    else:
        go_back(account, present, options)


def print_deployments(account: "Account", stack: "Stack", *, as_json: bool) -> None:
    """What was deployed when and by whom, newest first."""
    from liveinsight.aws.rollback import list_deployments

    found = list_deployments(account, stack)
    if as_json:
        print_json(found)
        return
    print_table(
        ("TIME", "VERSION", "CODE", "BY"),
        [(one.id, one.version, code_of(one), name_of(one.by)) for one in found],
    )


def code_of(record: "Record") -> str:
    """The beginning of the code's hash."""
    return record.parameters["ArtifactKey"].rsplit("/", 1)[-1][:12]


def name_of(arn: str) -> str:
    """The user or role, without the account."""
    return arn.rsplit(":", 1)[-1]


def unstick(account: "Account", stack: "Stack", skip: object) -> None:
    """Leads a failed way back to its end."""
    from liveinsight.aws.rollback import continue_rollback

    skipped = [str(one) for one in skip] if isinstance(skip, tuple) else []
    with unhurried(stack.name):
        continue_rollback(account, stack, skipped, Progress())
    click.echo(f"The stack {stack.name} is as it was before the failed update.")


def go_back(account: "Account", stack: "Stack", options: dict[str, object]) -> None:
    """Plans, shows and applies the deployment before, or the one that was named."""
    from liveinsight.aws.deploy import make_plan
    from liveinsight.aws.rollback import artifacts_of, choose_deployment

    to, as_json = options["to"], bool(options["as_json"])
    record = choose_deployment(account, stack, str(to) if to else None)
    say(
        f"Back to the deployment of {record.id} (version {record.version}, code "
        f"{code_of(record)}, by {name_of(record.by)})"
    )
    plan = make_plan(account, stack.name, artifacts_of(account, record))
    done = None
    if plan is None:
        say("Unchanged: the stack is already what was deployed then.")
    else:
        if not as_json:
            print_plan(plan)
        done = carry_out(
            account, plan, yes=bool(options["yes"]), only_show=bool(options["plan"])
        )
    if as_json:
        changes = describe_changes(plan.change_set.changes) if plan else []
        print_json({"to": record, "changed": done is not None, "changes": changes})
    elif done is not None:
        click.echo(f"The stack {stack.name} is what it was at {record.id}.")
