"""`liveinsight load`: the events of another archive, into this data folder."""

import os
from pathlib import Path

import click

from liveinsight.cli.options import data_option, examples
from liveinsight.config.read import read_config
from liveinsight.data_dir import DataDir


@click.command(
    epilog=examples(
        "liveinsight load archive-of-aws --data /var/lib/liveinsight",
    )
)
@click.argument(
    "archive", type=click.Path(exists=True, file_okay=False, path_type=Path)
)
@data_option
def load(archive: Path, data: str | None) -> None:
    """Take over the events of another archive.

    ARCHIVE is a folder with `v=1` in it: the archive of another machine, or a copy
    of the bucket of a stack on AWS. The server must be stopped; at its next start
    the events are in the statistics. Those that are there already are not counted
    twice, so an interrupted load is simply begun again.
    """
    folder = DataDir(read_config(data=data).data_dir)
    lock = folder.lock()
    from liveinsight.store.foreign import find_objects, take_over
    from liveinsight.store.inbox import Inbox

    objects = find_objects(archive)
    inbox = Inbox(folder.inbox)
    try:
        length = sum(path.stat().st_size for path in objects)
        with click.progressbar(length=length, label="Loading") as bar:
            events = take_over(objects, inbox, bar.update)
    finally:
        inbox.close()
        os.close(lock)
    click.echo(f"{events} events are loaded.")
