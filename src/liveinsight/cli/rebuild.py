"""`liveinsight rebuild`: the warehouse anew, by the running server if there is one."""

import os
import time
from typing import TYPE_CHECKING, Final

import click

from liveinsight.cli.options import data_option, examples
from liveinsight.config.read import read_config
from liveinsight.data_dir import DataDir, find_folder
from liveinsight.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

ASK_EVERY: Final = 0.5
"""Seconds between two looks at how far the server is."""
STEPS: Final = 1000


@click.command(
    epilog=examples(
        "liveinsight rebuild", "liveinsight rebuild --data /var/lib/liveinsight"
    )
)
@data_option
def rebuild(data: str | None) -> None:
    """Make the warehouse anew from archive and inbox.

    Nothing is lost by it: the warehouse holds only what these two hold. A running
    server does it itself and goes on taking events meanwhile.
    """
    folder = find_folder(read_config(data=data).data_dir)
    try:
        lock = folder.lock()
    except ConfigError:
        follow_server(folder)
        click.echo("The running server has rebuilt the warehouse.")
        return
    if folder.stack.exists():
        set_aside_warehouse(folder)
        said = "The next `liveinsight up --aws` loads it anew from the stack's archive."
    else:
        said = f"The warehouse is rebuilt: {rebuild_here(folder)} events."
    os.close(lock)
    click.echo(said)


def rebuild_here(folder: DataDir) -> int:
    """The number of events in the warehouse that this process has built."""
    from liveinsight.store.rebuild import rebuild as rebuild_warehouse

    with click.progressbar(length=STEPS, label="Rebuilding") as bar:
        show = move(bar.update, lambda: bar.pos)
        return rebuild_warehouse(
            folder.root, lambda done, total: show(done / max(total, 1))
        )


def set_aside_warehouse(folder: DataDir) -> None:
    """Leaves the folder without a warehouse; the old one is kept under another name."""
    from liveinsight.store.keeper import logs_of, set_aside

    set_aside([*logs_of(folder.warehouse), folder.warehouse])


def follow_server(folder: DataDir) -> None:
    """Has the running server rebuild, and returns when it has."""
    from liveinsight.control import Progress, ask_server

    ask_server(folder, "rebuild", None, type(None))
    with click.progressbar(length=STEPS, label="Rebuilding") as bar:
        show = move(bar.update, lambda: bar.pos)
        while True:
            done = ask_server(folder, "rebuild-progress", None, Progress).done
            if done is None:
                break
            show(done)
            time.sleep(ASK_EVERY)
        show(1.0)


def move(
    advance: "Callable[[int], None]", position: "Callable[[], int]"
) -> "Callable[[float], None]":
    """A function that moves a bar to a part of the whole, 0-1, and never back."""

    def show(done: float) -> None:
        advance(max(0, round(done * STEPS) - position()))

    return show
