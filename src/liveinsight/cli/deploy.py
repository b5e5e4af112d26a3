"""`liveinsight deploy`: the collector in an AWS account, made or brought up to date."""

from typing import TYPE_CHECKING

import click
import msgspec

from liveinsight.cli.options import examples, json_option, print_json
from liveinsight.cli.stacks import (
    carry_out,
    describe_changes,
    open_stack_account,
    print_plan,
    region_option,
    say,
    stack_option,
    yes_option,
)

if TYPE_CHECKING:
    from liveinsight.aws.account import Account
    from liveinsight.aws.scope import Scope
    from liveinsight.aws.stack import Stack


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """The options of one call."""

    site: tuple[str, ...]
    origin: tuple[str, ...]
    alarm_email: str | None
    settings: tuple[str, ...]
    plan: bool
    yes: bool
    as_json: bool


@click.command(
    epilog=examples(
        "liveinsight deploy --site shop.example --alarm-email you@shop.example",
        "liveinsight deploy --plan",
        "liveinsight deploy --set ThrottleRate=2000 --set LogDays=30",
        "liveinsight deploy --policy deployer > policy.json",
    )
)
@stack_option
@region_option
@click.option(
    "--site",
    multiple=True,
    metavar="DOMAIN",
    help="A site whose events are taken; repeat it for more. Without any ever "
    "given, events of every host are taken.",
)
@click.option(
    "--origin",
    multiple=True,
    metavar="URL",
    help="An origin whose pages may send, as in https://www.shop.example; "
    "repeat it for more. Without, all may.",
)
@click.option("--alarm-email", help="Who is told when something goes wrong.")
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="NAME=VALUE",
    help="Any parameter of the template, see docs/aws-settings.md.",
)
@click.option(
    "--plan",
    is_flag=True,
    help="Show what would change, and stop; only the code is uploaded.",
)
@click.option(
    "--policy",
    type=click.Choice(["deployer", "dashboard", "eraser"]),
    help="Print the IAM policy that a deployer, a dashboard, or who erases visitors "
    "needs, and stop.",
)
@click.option(
    "--role-only",
    is_flag=True,
    help="Print only the part of the deployer's policy about the functions' roles, "
    "for a user with PowerUserAccess, and stop.",
)
@yes_option
@json_option
def deploy(
    stack: str,
    region: str | None,
    policy: str | None,
    *,
    role_only: bool,
    **options: object,
) -> None:
    """Make or update the collector in your AWS account.

    Packages the functions, shows what would change, applies it and follows it to
    the end; a failed update is taken back. What is not given stays as it is.
    Tables of the same names that are in the account are adopted.
    """
    asked = msgspec.convert(options, Asked)
    if policy or role_only:
        from liveinsight.aws.scope import find_scope

        scope = find_scope(stack, region, chosen_settings(asked))
        print_policy(policy or "deployer", scope, role_only=role_only)
        return
    bring_up_to_date(open_stack_account(region, stack), stack, asked)


def print_policy(kind: str, scope: "Scope", *, role_only: bool) -> None:
    """The policy on standard output, what to do with it beside."""
    from liveinsight.aws.policy import (
        dashboard_policy,
        deployer_policy,
        eraser_policy,
        role_policy,
    )

    make, user = {
        "deployer": (deployer_policy, "liveinsight-dev"),
        "dashboard": (dashboard_policy, "liveinsight-dashboard"),
        "eraser": (eraser_policy, "liveinsight-eraser"),
    }[kind]
    print_json(role_policy(scope) if role_only else make(scope))
    say(
        f"In the IAM console: make this a policy, make the user {user}, attach the "
        "policy to it, and make an access key for it."
    )


def bring_up_to_date(account: "Account", stack: str, asked: Asked) -> None:
    """Plans, shows, applies and reports."""
    from liveinsight.aws.deploy import make_plan, upload_all

    wanted = upload_all(account, stack, chosen_settings(asked), say)
    plan = make_plan(account, stack, wanted)
    changes = plan.change_set.changes if plan is not None else ()
    done: Stack | None = None
    if plan is None:
        say("Unchanged: the stack is already what this version would deploy.")
    else:
        if not asked.as_json:
            print_plan(plan)
        done = carry_out(account, plan, yes=asked.yes, only_show=asked.plan)
    report(account, stack, asked, describe_changes(changes), done)


def report(
    account: "Account",
    name: str,
    asked: Asked,
    changes: list[dict[str, object]],
    done: "Stack | None",
) -> None:
    """Says where the collector is, and what to do next."""
    from liveinsight.aws.stack import find_stack

    stack = done or find_stack(account, name)
    outputs = stack.outputs if stack is not None else {}
    if asked.as_json:
        print_json(
            {
                "stack": name,
                "account": account.id,
                "region": account.region,
                "changed": done is not None,
                "changes": changes,
                "outputs": outputs,
            }
        )
    elif stack is not None and outputs and not asked.plan:
        print_next_steps(account, stack, first=asked.alarm_email is not None)


def print_next_steps(account: "Account", stack: "Stack", *, first: bool) -> None:
    """The address, the lines for the page, and the commands that follow."""
    from liveinsight.aws.settings import site_ids
    from liveinsight.tracker.tag import write_tag

    where = f" --stack {stack.name}" if stack.name != "liveinsight" else ""
    where += f" --region {account.region}"
    url = stack.output("ApiUrl")
    sites = site_ids(stack.parameters.get("Sites", ""))
    click.echo(f"\nEvents go to  {url}\n\nPut this into the pages of your site:\n")
    for site in sites or [""]:
        click.echo(write_tag(url, site) + "\n")
    click.echo("Next:")
    steps = [
        "`liveinsight tracker > liveinsight.js` writes the script that the page "
        "loads; serve it from the site.",
        f"`liveinsight status{where}` shows what has arrived, errors and cost.",
        f"`liveinsight up --aws{where}` starts the dashboard, on any machine with the "
        "policy that `liveinsight deploy --policy dashboard` prints.",
    ]
    if first:
        steps.insert(
            0,
            "Confirm the subscription in the mail from AWS; until then no alarm comes.",
        )
    if key := stack.outputs.get("ApiKeyId"):
        steps.insert(
            0,
            f"Senders name the key {key} in the header X-Api-Key; its value is in the "
            "API Gateway console. A page cannot keep it secret.",
        )
    for number, step in enumerate(steps, 1):
        click.echo(f"  {number}. {step}")


def chosen_settings(asked: Asked) -> dict[str, str]:
    """The template's parameters that were chosen.

    Raises:
        ConfigError: one of them cannot be.
    """
    from liveinsight.aws.settings import read_pairs, sites_parameter

    chosen = read_pairs(asked.settings)
    if asked.site or asked.origin:
        chosen["Sites"] = sites_parameter(asked.site, asked.origin)
    if asked.alarm_email is not None:
        chosen["AlarmEmail"] = asked.alarm_email
    return chosen
