"""`liveinsight account`: the people who may sign in."""

import sys

import click

from liveinsight.cli.opening import open_folder
from liveinsight.cli.options import data_option, examples, json_option, print_json


@click.group(
    epilog=examples(
        "liveinsight account add mina",
        "echo $PASSWORD | liveinsight account password mina",
        "liveinsight account list",
    )
)
def account() -> None:
    """The people who may sign in.

    The first one can also be made in the browser, by the one-time link that
    `liveinsight up` prints while there is none.
    """


@account.command()
@click.argument("name")
@data_option
def add(name: str, data: str | None) -> None:
    """Add an account; asks for its password, or reads it from standard input."""
    open_folder(data)
    from liveinsight.dashboard.accounts import add_account

    add_account(name, ask_password())
    click.echo(f"Added {name}.")


@account.command("list")
@json_option
@data_option
def list_(data: str | None, *, as_json: bool) -> None:
    """List the accounts."""
    open_folder(data)
    from liveinsight.dashboard.accounts import list_accounts

    names = list_accounts()
    if as_json:
        print_json(names)
    else:
        for name in names:
            click.echo(name)


@account.command()
@click.argument("name")
@data_option
def password(name: str, data: str | None) -> None:
    """Set a new password, which signs the account out everywhere."""
    open_folder(data)
    from liveinsight.dashboard.accounts import set_password

    set_password(name, ask_password())
    click.echo(f"Set the password of {name}.")


def ask_password() -> str:
    """A password typed twice; from a pipe, its first line."""
    if sys.stdin.isatty():
        typed: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
        return typed
    return sys.stdin.readline().rstrip("\r\n")
