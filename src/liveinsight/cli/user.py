"""`liveinsight user`: what is kept of one visitor, handed out or erased."""

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec, TypeVar

import click

from liveinsight.cli.erasing import (
    erase_here,
    erase_in_stack,
    find_stack_of,
    open_people,
    reading_bar,
)
from liveinsight.cli.options import data_option, examples
from liveinsight.cli.stacks import region_option, say, yes_option
from liveinsight.config.read import read_config
from liveinsight.core.site import site_id
from liveinsight.data_dir import DataDir, find_folder
from liveinsight.errors import ConfigError

if TYPE_CHECKING:
    from liveinsight.store.eraser import Erased
    from liveinsight.store.person import Person


@click.group(
    epilog=examples(
        "liveinsight user export 7f3a9c1e --site shop.example -o visitor.json",
        "liveinsight user erase 7f3a9c1e --site shop.example",
    )
)
def user() -> None:
    """One visitor of a site: all that is kept, handed out or erased.

    USER is the id that the pages and the API show as visitor: the `user_id`
    that the tracker sent, or the one that the server made for the day.
    """


P = ParamSpec("P")
T = TypeVar("T")


def stack_only_option(function: Callable[P, T]) -> Callable[P, T]:
    """`--stack NAME`, without one by default."""
    return click.option(
        "--stack",
        metavar="NAME",
        help="A stack on AWS.  [default: the one that the data folder shows]",
    )(function)


def site_option(function: Callable[P, T]) -> Callable[P, T]:
    """`--site DOMAIN`, the same for both."""
    return click.option(
        "--site", required=True, metavar="DOMAIN", help="Whose visitor it is."
    )(function)


@user.command()
@click.argument("user_id", metavar="USER")
@site_option
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Where to write it.  [default: standard output]",
)
@data_option
@stack_only_option
@region_option
def export(
    user_id: str,
    site: str,
    output: Path | None,
    data: str | None,
    stack: str | None,
    region: str | None,
) -> None:
    """Write all that is kept of one visitor as one JSON document.

    Of a stack on AWS where the data folder shows one, or --stack names it.
    """
    person = read_person(site, user_id)
    folder = open_folder(data, stack)
    named = find_stack_of(folder, stack, region)
    now = time.time_ns() // 1_000_000
    import msgspec

    if named is None:
        from liveinsight.store.archive import Archive
        from liveinsight.store.user_export import make_export, read_stores

        events = read_stores(folder.inbox, Archive(folder.archive), person)
        made = make_export(person, events, now)
    else:
        from liveinsight.aws.people import export_kept

        with reading_bar("Reading the archive") as show:
            made = export_kept(person, open_people(named).find(person, show), now)
    text = msgspec.json.format(msgspec.json.encode(made), indent=2) + b"\n"
    if output is None:
        click.echo(text, nl=False)
    else:
        output.write_bytes(text)
    say(f"{len(made.events)} events in {len(made.sessions)} sessions.")


@user.command()
@click.argument("user_id", metavar="USER")
@site_option
@data_option
@stack_only_option
@region_option
@yes_option
def erase(
    user_id: str,
    site: str,
    data: str | None,
    stack: str | None,
    region: str | None,
    *,
    yes: bool,
) -> None:
    """Erase all that is kept of one visitor, for good.

    On one machine, inbox, archive and warehouse are written anew without it; what
    was begun is finished even if it is killed. Of a stack on AWS (where the data
    folder shows one, or --stack names it), its items are deleted from the tables and
    the archive's objects are written anew, with the credentials of this shell; then
    the dashboard's warehouse in the data folder. Cut off, run it again.

    What the visitor's browser sends from now on is a new visitor's.
    """
    person = read_person(site, user_id)
    if not yes:
        ask_first(person)
    folder = open_folder(data, stack)
    named = find_stack_of(folder, stack, region)
    if named is None:
        report(erase_here(data, person))
    else:
        erase_in_stack(folder, named, person)


def open_folder(data: str | None, stack: str | None) -> DataDir:
    """The data folder, which only who names a stack may be without.

    Raises:
        ConfigError: it is not there.
    """
    root = read_config(data=data).data_dir
    return find_folder(root) if stack is None else DataDir(root)


def read_person(site: str, user_id: str) -> "Person":
    """Who is meant.

    Raises:
        ConfigError: nobody can be.
    """
    from liveinsight.store.person import Person

    found = site_id(site)
    if not found:
        raise ConfigError(f"{site!r} is no site: write a domain as shop.example")
    if not user_id:
        raise ConfigError("the visitor's id is empty")
    return Person(found, user_id)


def ask_first(person: "Person") -> None:
    """Returns if it is meant.

    Raises:
        ConfigError: nobody is there to be asked.
    """
    question = f"Erase the visitor {person.user} of {person.site}, for good?"
    if not sys.stdin.isatty():
        raise ConfigError(f"{question} --yes says so.")
    click.confirm(question, abort=True, err=True)


def report(erased: "Erased | None") -> None:
    """Says what became of it."""
    if erased is None:
        click.echo("The visitor is erased.")
        return
    click.echo(
        f"The visitor is erased: {erased.events} events."
        if erased.events
        else "There was nothing of this visitor."
    )
    if erased.unreadable:
        say(
            f"{erased.unreadable} files of the archive are broken and could not be "
            "searched; the log names them."
        )
