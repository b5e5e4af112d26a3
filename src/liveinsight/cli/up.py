"""`liveinsight up`: the whole server in one process."""

import sys

import click

from liveinsight.cli.options import data_option, examples
from liveinsight.config.read import read_config


@click.command(
    epilog=examples(
        "liveinsight up",
        "liveinsight up --demo",
        "liveinsight up --aws --stack liveinsight --region eu-central-1",
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
@click.option(
    "--aws/--no-aws",
    default=None,
    help="Show what a stack on AWS collects, and collect nothing here.",
)
@click.option("--stack", help="With --aws: the stack's name.  [default: liveinsight]")
@click.option(
    "--region",
    help="With --aws: its region.  [default: $AWS_DEFAULT_REGION, else the "
    "profile's, else ap-northeast-2]",
)
def up(**chosen: str | int | bool | None) -> None:
    """Start the whole server in one process.

    Collector, live page, statistics and API listen on one port. All state is in
    the data folder, which is made if it is not there. Ctrl-C or SIGTERM ends
    the server after what it has taken is safe.

    With --aws the stack collects: history is loaded from its archive into the data
    folder, the live page reads its tables. The read-only policy for it is printed
    by `liveinsight deploy --policy dashboard`.
    """
    config = read_config(None, **chosen)
    from liveinsight.serve import serve

    sys.exit(serve(config))
