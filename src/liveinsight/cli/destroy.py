"""`liveinsight destroy`: the stack away, and its data only when that is said."""

import sys
from typing import TYPE_CHECKING

import click

from liveinsight.cli.options import examples
from liveinsight.cli.stacks import (
    Progress,
    open_stack_account,
    region_option,
    say,
    stack_option,
    unhurried,
    yes_option,
)
from liveinsight.errors import ConfigError

if TYPE_CHECKING:
    from liveinsight.aws.account import Account
    from liveinsight.aws.destroy import Remains


@click.command(
    epilog=examples(
        "liveinsight destroy",
        "liveinsight destroy --delete-data",
        "echo liveinsight | liveinsight destroy --delete-data",
    )
)
@stack_option
@region_option
@click.option(
    "--delete-data",
    is_flag=True,
    help="Also delete tables and archive; asks for the stack's name, --yes or not.",
)
@yes_option
def destroy(stack: str, region: str | None, *, delete_data: bool, yes: bool) -> None:
    """Remove the stack from your AWS account; tables and archive stay.

    A later `liveinsight deploy` adopts what stayed. With --delete-data nothing
    stays.
    """
    from liveinsight.aws.destroy import find_remains

    account = open_stack_account(region, stack)
    remains = find_remains(account, stack)
    if remains.stack is None and not (delete_data and remains.has_data):
        click.echo(f"There is no stack {stack}.")
        print_kept(remains)
        return
    if delete_data:
        ask_for_name(remains)
    elif not yes:
        ask(stack)
    remove(account, remains, delete_data=delete_data)


def remove(account: "Account", remains: "Remains", *, delete_data: bool) -> None:
    """The stack, then its data if so wanted, then the code it was deployed from."""
    from liveinsight.aws import destroy as away

    if remains.stack is not None:
        with unhurried(remains.name):
            away.delete_stack(account, remains.stack, Progress())
    if delete_data:
        away.delete_data(account, remains, say)
    if away.delete_artifacts(account, remains.name):
        say("deleted  the bucket of the deployed code")
    if delete_data:
        click.echo(f"The stack {remains.name} is gone, and all of its data.")
    else:
        click.echo(f"The stack {remains.name} is gone.")
        print_kept(remains)


def ask(stack: str) -> None:
    """Returns if the stack may go.

    Raises:
        ConfigError: nobody is there to be asked.
    """
    question = f"Remove the stack {stack}? Tables and archive stay."
    if not sys.stdin.isatty():
        raise ConfigError(f"{question} --yes says so.")
    click.confirm(question, abort=True, err=True)


def ask_for_name(remains: "Remains") -> None:
    """Returns if the name was typed, or comes from a pipe.

    Raises:
        ConfigError: it was another.
    """
    say("This deletes, for good:")
    for table in remains.tables:
        say(f"  table  {table.name}, about {table.items} items")
    if remains.archive:
        say(f"  bucket {remains.archive} with all events of the archive")
    if sys.stdin.isatty():
        typed = click.prompt("The stack's name, if that is meant", err=True)
    else:
        typed = sys.stdin.readline()
    if typed.strip() != remains.name:
        raise ConfigError(f"That is not {remains.name}: nothing was deleted.")


def print_kept(remains: "Remains") -> None:
    """What stays in the account, and costs."""
    kept = [table.name for table in remains.tables]
    if remains.archive:
        kept.append(remains.archive)
    if not kept:
        return
    click.echo(f"{', '.join(kept)} stay, and cost what their storage costs.")
    if remains.renamed:
        again = " ".join(f"--set {pair}" for pair in remains.renamed)
        click.echo(
            f"`liveinsight deploy {again}` adopts them. To delete them, do that and "
            "then `liveinsight destroy --delete-data`."
        )
    else:
        click.echo(
            "`liveinsight deploy` adopts them, `liveinsight destroy --delete-data` "
            "deletes them."
        )
