"""What the commands about a stack share: their options, and how a plan is carried out."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, ParamSpec, TypeVar

import click

from liveinsight.cli.options import print_table
from liveinsight.errors import ConfigError, DeployError

if TYPE_CHECKING:
    from liveinsight.aws.account import Account
    from liveinsight.aws.change_set import Change
    from liveinsight.aws.deploy import Plan
    from liveinsight.aws.events import StackEvent
    from liveinsight.aws.stack import Stack

P = ParamSpec("P")
T = TypeVar("T")

ORDER: Final = ("remove", "replace", "may replace", "adopt", "change", "add", "keep")
SUMMARY: Final = {
    "add": "to add",
    "adopt": "to adopt",
    "change": "to change",
    "may replace": "that may be replaced",
    "replace": "to replace",
    "remove": "to remove",
    "keep": "to leave in the account",
}


def stack_option(function: Callable[P, T]) -> Callable[P, T]:
    """`--stack NAME`, the same for every command."""
    return click.option(
        "--stack",
        envvar="LIVEINSIGHT_STACK",
        default="liveinsight",
        show_default=True,
        help="The stack's name.",
    )(function)


def region_option(function: Callable[P, T]) -> Callable[P, T]:
    """`--region REGION`, the same for every command."""
    return click.option(
        "--region",
        envvar="LIVEINSIGHT_REGION",
        help="The region of AWS.  [default: $AWS_DEFAULT_REGION, else the profile's, "
        "else ap-northeast-2]",
    )(function)


def yes_option(function: Callable[P, T]) -> Callable[P, T]:
    """`--yes`, where a person would be asked."""
    return click.option("--yes", is_flag=True, help="Do not ask.")(function)


def say(text: str) -> None:
    """Something on the way, beside the answer."""
    click.echo(text, err=True)


def open_stack_account(region: str | None, stack: str) -> "Account":
    """The account, after saying whose and where."""
    from liveinsight.aws.account import open_account

    account = open_account(region)
    who = account.caller.rsplit(":", 1)[-1]
    say(f"Account {account.id} ({who}), region {account.region}, stack {stack}")
    return account


def print_plan(plan: "Plan") -> None:
    """The changes as a table, what matters most on top, and their sum."""
    changes = sorted(
        plan.change_set.changes,
        key=lambda one: (ORDER.index(one.action), one.kind, one.resource),
    )
    print_table(
        ("ACTION", "RESOURCE", "KIND", "NAME", "WHAT"),
        [
            (one.action, one.resource, kind_of(one), one.name, ", ".join(one.what))
            for one in changes
        ],
    )
    counts = {
        words: sum(one.action == action for one in changes)
        for action, words in SUMMARY.items()
    }
    said = [f"{count} {words}" for words, count in counts.items() if count]
    click.echo(f"{', '.join(said)}.")
    for alteration in plan.alterations:
        click.echo(f"Before that, {alteration.table} {alteration.words}.")


def kind_of(change: "Change") -> str:
    """The kind without what all of them begin with."""
    return change.kind.removeprefix("AWS::").replace("::", " ")


def carry_out(
    account: "Account", plan: "Plan", *, yes: bool, only_show: bool
) -> "Stack | None":
    """The stack after the plan; None if it was only to be shown, or is not wanted.

    Raises:
        DeployError: a step failed.
        ConfigError: somebody would have to be asked, and nobody is there.
    """
    from liveinsight.aws.deploy import apply, give_up

    try:
        wanted = not only_show and is_wanted(plan, yes=yes)
    except BaseException:
        give_up(account, plan.change_set)
        raise
    if not wanted:
        give_up(account, plan.change_set)
        click.echo("Nothing was changed.", err=True)
        return None
    with unhurried(plan.stack):
        return apply(account, plan, say, Progress(plan.change_set.changes))


def is_wanted(plan: "Plan", *, yes: bool) -> bool:
    """Whether to go on; asks only where something is taken away.

    Raises:
        ConfigError: nobody is there to be asked.
    """
    if yes or not plan.change_set.needs_consent:
        return True
    lost = [one.resource for one in plan.change_set.changes if one.needs_consent]
    question = f"This removes or replaces {', '.join(lost)}. Go on?"
    if not sys.stdin.isatty():
        raise ConfigError(f"{question} --yes says so.")
    return click.confirm(question, err=True)


class Progress:
    """Prints the end of each step, with how many of the expected ones are done."""

    def __init__(self, changes: "Sequence[Change]" = ()) -> None:
        self._waiting = {one.resource for one in changes}
        self._total = len(self._waiting)

    def __call__(self, event: "StackEvent") -> None:
        """Prints one step."""
        count = " " * len(f"{self._total:4} of {self._total}")
        if event.resource in self._waiting:
            self._waiting.remove(event.resource)
            count = f"{self._total - len(self._waiting):4} of {self._total}"
        say(f"{count}  {event}")


@contextmanager
def unhurried(stack: str) -> Iterator[None]:
    """Says, when somebody stops watching, that CloudFormation goes on."""
    try:
        yield
    except KeyboardInterrupt:
        raise DeployError(
            "Nobody is watching any more, but CloudFormation goes on by itself: "
            f"`liveinsight status --stack {stack}` shows how far it is."
        ) from None


def describe_changes(changes: "Sequence[Change]") -> list[dict[str, object]]:
    """Changes as --json shows them."""
    return [
        {
            "action": one.action.value,
            "resource": one.resource,
            "kind": one.kind,
            "name": one.name,
            "what": one.what,
        }
        for one in changes
    ]
