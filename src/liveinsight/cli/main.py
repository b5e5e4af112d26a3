"""The command `liveinsight`: a name for each command, and how errors are said.

A command's module is imported when it is called, and what is heavy (Django, the
engines) inside its function, so that `--help` and completion answer at once.
"""

import importlib
import keyword
import os
import sys
from typing import Final

import click

from liveinsight import __version__
from liveinsight.errors import LiveInsightError

COMMANDS: Final = {
    "up": "Start the whole server in one process.",
    "site": "The sites whose events are taken.",
    "account": "The people who may sign in.",
    "key": "The keys that read the API, as in `Authorization: Bearer KEY`.",
    "export": "Write the events of a period to a file.",
    "query": "Ask for METRICS, as in `visitors bounce_rate`.",
    "import": "Take in events from files.",
    "load": "Take over the events of another archive.",
    "user": "One visitor of a site: all that is kept, handed out or erased.",
    "rebuild": "Make the warehouse anew from archive and inbox.",
    "deploy": "Make or update the collector in your AWS account.",
    "status": "Show how the collector in AWS is: parts, alarms, last hour, cost.",
    "rollback": "Go back to the deployment before this one: code, template and settings.",
    "destroy": "Remove the stack from your AWS account; tables and archive stay.",
    "tracker": "Print the tracker, for a site that serves it beside its pages.",
    "loadtest": "Send visits to a collector, and measure its answers.",
    "manage": "Run one of Django's own commands over the data folder.",
}
"""Name and first line of help; the module has the same name, but for keywords."""


class Commands(click.Group):
    """The commands of the table, each from its own module."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Their names, in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name."""
        if cmd_name not in COMMANDS:
            return None
        name = f"{cmd_name}_" if keyword.iskeyword(cmd_name) else cmd_name
        module = importlib.import_module(f"liveinsight.cli.{name}")
        command: click.Command = getattr(module, name)
        return command

    def format_commands(
        self, ctx: click.Context, formatter: click.HelpFormatter
    ) -> None:
        """The list, without importing a single command."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def invoke(self, ctx: click.Context) -> object:
        """Runs the command; an error of ours becomes one sentence and status 1."""
        try:
            return super().invoke(ctx)
        except LiveInsightError as error:
            raise click.ClickException(str(error)) from error


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="liveinsight")
def liveinsight() -> None:
    """Self-hosted, real-time analytics of what people do on a website.

    Every option that is not given comes from the environment (LIVEINSIGHT_PORT
    for --port, and so on), see docs/settings.md.
    """


def main() -> None:
    """The entry point that pip installs."""
    os.umask(0o077)  # whatever a command creates is its owner's alone
    liveinsight.main(args=sys.argv[1:], prog_name="liveinsight")
