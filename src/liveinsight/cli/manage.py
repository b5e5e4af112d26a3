"""`liveinsight manage`: Django's own commands, over the data folder."""

import click

from liveinsight.cli.opening import open_folder
from liveinsight.cli.options import data_option, examples


@click.command(
    context_settings={"ignore_unknown_options": True},
    epilog=examples(
        "liveinsight manage check --deploy",
        "liveinsight manage --data DIR dbshell",
    ),
)
@data_option
@click.argument("arguments", nargs=-1, required=True, type=click.UNPROCESSED)
def manage(arguments: tuple[str, ...], data: str | None) -> None:
    """Run one of Django's own commands over the data folder."""
    open_folder(data)
    from django.core.management import execute_from_command_line

    execute_from_command_line(["liveinsight manage", *arguments])
