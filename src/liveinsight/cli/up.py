"""`liveinsight up`: the whole server in one process."""

import sys

import click

from liveinsight.cli.options import data_option, examples
from liveinsight.config import read_config


@click.command(
    epilog=examples(
        "liveinsight up",
        "liveinsight up --demo",
        "liveinsight up --host 0.0.0.0 --port 80 --data /var/lib/liveinsight",
    )
)
@click.option("--host", help="The address to listen on.  [default: 127.0.0.1]")
@click.option("--port", type=int, help="The port; 0 takes a free one.  [default: 8000]")
@data_option
@click.option(
    "--demo/--no-demo",
    default=None,
    help="Also serve a small shop and play visits to it.",
)
def up(
    host: str | None, port: int | None, data: str | None, *, demo: bool | None
) -> None:
    """Start the whole server in one process.

    Collector, live page, statistics and API listen on one port. All state is in
    the data folder, which is made if it is not there. Ctrl-C or SIGTERM ends
    the server after what it has taken is safe.
    """
    config = read_config(host=host, port=port, data=data, demo=demo)
    from liveinsight.serve import serve

    sys.exit(serve(config))
