"""What several commands share: their options, and how a list is printed."""

from collections.abc import Callable, Sequence
from typing import ParamSpec, TypeVar

import click
import msgspec

P = ParamSpec("P")
T = TypeVar("T")
Decorator = Callable[[Callable[P, T]], Callable[P, T]]


def data_option(function: Callable[P, T]) -> Callable[P, T]:
    """`--data DIR`, the same for every command."""
    return click.option(
        "--data",
        metavar="DIR",
        help="The folder of all state.  [default: $LIVEINSIGHT_DATA, else data]",
    )(function)


def json_option(function: Callable[P, T]) -> Callable[P, T]:
    """`--json`, where a program may read the answer."""
    return click.option(
        "--json", "as_json", is_flag=True, help="Print one JSON document."
    )(function)


def examples(*lines: str) -> str:
    """The closing part of a command's help."""
    return "\n".join(["\b", "Examples:", *(f"  {line}" for line in lines)])


def print_json(value: object) -> None:
    """One JSON document, indented."""
    encoded = msgspec.json.format(msgspec.json.encode(value), indent=2)
    click.echo(encoded.decode())


def print_table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Columns as wide as their widest entry; nothing where there are no rows."""
    if not rows:
        return
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    for row in (heads, *rows):
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        click.echo("  ".join(cells).rstrip())
