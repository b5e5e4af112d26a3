"""Writes the pages of docs/ that are made from code: `make docs`.

A test fails while one of them differs from what its code says.
"""

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import click

from liveinsight.aws.outline import entries_of, read_template
from liveinsight.aws.prices import prices_markdown
from liveinsight.aws.settings import OWN
from liveinsight.cli.main import liveinsight
from liveinsight.collect.wire import wire_format_markdown
from liveinsight.config.read import SETTINGS, Setting
from liveinsight.query.catalog.document import metrics_markdown

DOCS: Final = Path(__file__).parent
WIDTH: Final = 80
FACT: Final = re.compile(r"^    (\w+): (.*)$", re.MULTILINE)


def settings_markdown() -> str:
    """Every setting: the environment's name, the default, the meaning."""
    lines = [
        "# Settings",
        "",
        "Each is an environment variable. `liveinsight up` takes `--host`, `--port`,",
        "`--data` and `--demo` as options too; an option goes before the environment.",
        "Lists are separated by commas. A variable that begins with `LIVEINSIGHT_` and",
        "is not in this table is refused, so that a misspelt one does not go unnoticed.",
        "",
        "| variable | default | unit | meaning |",
        "|---|---|---|---|",
        *(settings_row(setting) for setting in SETTINGS),
    ]
    return "\n".join(lines) + "\n"


def settings_row(setting: Setting) -> str:
    """One line of the table."""
    default = setting.default
    if isinstance(default, tuple):
        default = ",".join(default)
    if isinstance(default, bool):
        default = str(default).lower()
    shown = f"`{default}`" if default != "" else ""
    return f"| `{setting.environment}` | {shown} | {setting.unit} | {setting.meaning} |"


def stack_settings_markdown() -> str:
    """Every parameter of the template that an owner may choose."""
    template = read_template()
    lines = [
        "# Settings of a stack",
        "",
        "Parameters of the template, as in `liveinsight deploy --set LogDays=30`. What is",
        "not given stays as it is; a new stack begins with the default.",
        "",
        "| name | default | one of | meaning |",
        "|---|---|---|---|",
    ]
    for name, text in entries_of(template, "Parameters").items():
        if name not in OWN:
            facts = dict(FACT.findall(text))
            cells = [
                name,
                facts.get("Default", "").strip('"'),
                facts.get("AllowedValues", "").strip("[]").replace('"', ""),
            ]
            shown = [f"`{cell}`" if cell else "" for cell in cells]
            lines.append(f"| {' | '.join([*shown, facts['Description']])} |")
    return "\n".join(lines) + "\n"


def cli_markdown() -> str:
    """Every command's own help."""
    parts = [
        "# Command line",
        "",
        "Every command answers `--help`. An error is one sentence on standard error",
        "and status 1; a call that the command does not understand is status 2.",
        "",
    ]
    for path, context in walk(liveinsight, None, "liveinsight"):
        parts += [f"## `{path}`", "", "```", context.get_help(), "```", ""]
    return "\n".join(parts)


def walk(
    command: click.Command, parent: click.Context | None, name: str
) -> Iterator[tuple[str, click.Context]]:
    """The command and all below it, each with its whole name."""
    context = command.context_class(
        command,
        parent=parent,
        info_name=name,
        terminal_width=WIDTH,
        **command.context_settings,
    )
    yield context.command_path, context
    if isinstance(command, click.Group):
        for below in command.list_commands(context):
            found = command.get_command(context, below)
            if found is not None:
                yield from walk(found, context, below)


PAGES: Final[dict[str, Callable[[], str]]] = {
    "wire-format.md": wire_format_markdown,
    "metrics.md": metrics_markdown,
    "settings.md": settings_markdown,
    "cli.md": cli_markdown,
    "aws-prices.md": prices_markdown,
    "aws-settings.md": stack_settings_markdown,
}


def find_stale() -> list[str]:
    """The pages that differ from what their code says."""
    return [
        name
        for name, make in PAGES.items()
        if not (DOCS / name).exists()
        or (DOCS / name).read_text(encoding="utf-8") != make()
    ]


def main() -> None:
    """Writes what is stale."""
    for name in find_stale():
        (DOCS / name).write_text(PAGES[name](), encoding="utf-8")
        sys.stdout.write(f"docs/{name}\n")


if __name__ == "__main__":
    main()
