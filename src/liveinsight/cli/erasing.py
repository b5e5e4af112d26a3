"""How `liveinsight user` finds and erases: on one machine, or in a stack on AWS."""

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, NamedTuple

import click

from liveinsight.cli.stacks import open_stack_account, say
from liveinsight.data_dir import DataDir
from liveinsight.errors import ConfigError

if TYPE_CHECKING:
    from liveinsight.aws.people import StackOfPeople
    from liveinsight.cli.asking import Ask
    from liveinsight.store.derived_eraser import Gone
    from liveinsight.store.eraser import Erased
    from liveinsight.store.person import Person

LOOK_SECONDS: Final = 0.2
STEPS: Final = 1000


def erase_here(data: str | None, person: "Person") -> "Erased | None":
    """What the machine of the folder, or its running server, has erased."""
    from liveinsight.cli.asking import asking

    with asking(data) as ask:
        return follow(ask, person)


def follow(ask: "Ask", request: object) -> "Erased | None":
    """What became of the erasure that a machine was asked for."""
    from liveinsight.store.eraser import Asked, Progress

    asked = ask("erase-user", request, Asked)
    with reading_bar("Erasing") as show:
        while True:
            progress = ask("erase-user-progress", asked, Progress)
            if progress.done is None:
                return progress.erased
            show(progress.done)
            time.sleep(LOOK_SECONDS)


def erase_in_stack(folder: DataDir, named: "Named", person: "Person") -> None:
    """Erases tables and archive of a stack, then what the folder has of it.

    Raises:
        StoreError: not all is erased; the same call may be made again.
    """
    from liveinsight.aws.people import ON_THE_WAY
    from liveinsight.store.derived_eraser import Gone

    with reading_bar("Erasing") as show:
        erased = open_people(named).erase(person, show)
    click.echo(
        f"Tables and archive are erased: {erased.items} items, "
        f"{erased.copies.total} archived events."
        if erased.items or erased.copies.total
        else "Tables and archive hold nothing of this visitor."
    )
    if folder.stack.exists():
        events = erase_derived_here(folder, Gone(person=person, copies=erased.copies))
        click.echo(f"The dashboard's warehouse is erased: {events} events.")
    say("Dashboards in other folders: run this there, too, or `liveinsight rebuild`.")
    if erased.unreadable:
        say(f"{erased.unreadable} objects of the archive are broken, and were left.")
    if erased.last_event > time.time_ns() // 1_000_000 - ON_THE_WAY:
        say(
            "The visitor was there in the last ten minutes: what is on its way to the "
            "archive may still come. Run this again in ten minutes."
        )


def erase_derived_here(folder: DataDir, gone: "Gone") -> int:
    """The number of events deleted from the warehouse of a dashboard.

    Raises:
        StoreError: the running server could not do it.
    """
    from liveinsight.errors import StoreError

    try:
        lock = folder.lock()
    except ConfigError:
        from liveinsight.cli.asking import server_of

        erased = follow(server_of(folder), gone)
        if erased is None:
            raise StoreError(
                "The running dashboard could not erase its warehouse (its log says "
                "why): run this again."
            ) from None
        return erased.events
    try:
        if not folder.warehouse.exists():
            return 0
        from liveinsight.store.derived_eraser import erase_derived
        from liveinsight.store.keeper import Keeper

        keeper = Keeper(folder.warehouse)
        keeper.open()
        try:
            return erase_derived(keeper, gone)
        finally:
            keeper.close()
    finally:
        os.close(lock)


class Named(NamedTuple):
    """A stack by name and region."""

    stack: str
    region: str | None


def find_stack_of(
    folder: DataDir, stack: str | None, region: str | None
) -> "Named | None":
    """The stack that is named, else the one that the folder shows, if it does.

    Raises:
        ConfigError: the folder shows another.
    """
    if not folder.stack.exists():
        return None if stack is None else Named(stack, region)
    import msgspec

    shown = msgspec.json.decode(folder.stack.read_bytes(), type=dict[str, str])
    if stack not in (None, shown["stack"]):
        raise ConfigError(
            f"{folder.root} shows the stack {shown['stack']}; "
            "name another folder with --data"
        )
    return Named(shown["stack"], region or shown["region"])


def open_people(named: "Named") -> "StackOfPeople":
    """The tables and the archive, with the credentials of this shell.

    Raises:
        DeployError: there is no such stack, or no credentials for it.
    """
    from liveinsight.aws.people import StackOfPeople
    from liveinsight.aws.stack import check_ours, get_stack

    account = open_stack_account(named.region, named.stack)
    stack = get_stack(account, named.stack)
    check_ours(stack)
    return StackOfPeople(account, stack)


@contextmanager
def reading_bar(label: str) -> Iterator[Callable[[float], None]]:
    """A bar on standard error; what it gives moves it to a part of the whole, 0-1."""
    with click.progressbar(length=STEPS, label=label, file=sys.stderr) as bar:

        def show(done: float) -> None:
            bar.update(max(0, int(done * STEPS) - bar.pos))

        yield show
        show(1.0)
