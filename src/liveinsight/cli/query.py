"""`liveinsight query`: a question from the shell, the same as the API's."""

import sys
import time
from typing import TYPE_CHECKING, Literal, cast

import click
import msgspec

from liveinsight.cli.options import data_option, examples, print_json, print_table
from liveinsight.errors import QueryError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from liveinsight.query.answered import QueryAnswer
    from liveinsight.query.csv import Cell
    from liveinsight.query.wire import Query

NOT_SET = "(not set)"
NOTHING = "-"
TOTAL = "(total)"


@click.command(
    epilog=examples(
        "liveinsight query visitors bounce_rate --by source --period 7d",
        "liveinsight query revenue --by time --interval day --compare previous",
        "liveinsight query visitors --by page --filter 'country:is:KR|DE' --format csv",
        'liveinsight query --question \'{"metrics": ["visitors"]}\' --format json',
    )
)
@click.argument("metrics", nargs=-1)
@click.option("--by", "dimensions", multiple=True, help="A dimension; may be repeated.")
@click.option(
    "--filter",
    "filters",
    multiple=True,
    metavar="FILTER",
    help="DIMENSION:OPERATOR:VALUE[|VALUE], or JSON; all must hold.",
)
@click.option("--site", help="The site's domain.  [default: the only one, else all]")
@click.option("--timezone", help="It cuts the days.  [default: the site's]")
@click.option("--period", help="today, 7d, 30d, 12mo…  [default: 30d]")
@click.option("--from", "from_", metavar="DATE", help="Instead of --period.")
@click.option("--to", metavar="DATE", help="With --from; included.")
@click.option("--interval", help="With --by time: minute, hour, day, week, month.")
@click.option("--compare", help="previous, year, or FROM,TO.")
@click.option("--attribution", help="session, first or last.")
@click.option(
    "--order-by", multiple=True, metavar="NAME[:asc]", help="Most first, unless :asc."
)
@click.option("--limit", type=int, help="The most rows.  [default: 100]")
@click.option("--offset", type=int, help="Rows that are passed over.")
@click.option(
    "--question", metavar="JSON", help="The whole question; - reads standard input."
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "csv", "json"]),
    default="table",
    show_default=True,
)
@data_option
def query(
    *,
    form: Literal["table", "csv", "json"],
    question: str | None,
    data: str | None,
    **said: object,
) -> None:
    """Ask for METRICS, as in `visitors bounce_rate`.

    docs/metrics.md lists metrics and dimensions, docs/api.md describes a question.
    The running server answers; when none runs, the files of the data folder do.
    """
    if question is None and not said["metrics"]:
        raise click.UsageError("Name at least one metric, or give --question.")
    asked = read_options(said) if question is None else read_json(question)
    from liveinsight.cli.asking import asking
    from liveinsight.query.answered import QueryAnswer, tabulate
    from liveinsight.query.csv import write_csv

    with asking(data) as ask:
        answered = ask("v1/query", asked, QueryAnswer)
    if form == "json":
        print_json(answered)
    elif form == "csv":
        click.echo(write_csv(tabulate(answered)), nl=False, color=True)  # as it is
    else:
        show(answered)


def read_json(text: str) -> "Query":
    """The question of `--question`.

    Raises:
        QueryError: it is none.
    """
    from liveinsight.query.decode import decode_question
    from liveinsight.query.wire import Query

    return decode_question(sys.stdin.read() if text == "-" else text, Query)


def read_options(said: dict[str, object]) -> "Query":
    """The question that arguments and options spell.

    Raises:
        QueryError: one cannot be read.
    """
    from liveinsight.query.decode import decode_question
    from liveinsight.query.parse import parse_filter
    from liveinsight.query.where import write_where
    from liveinsight.query.wire import Query

    begin, end = said.pop("from_"), said.pop("to")
    filters = [parse_filter(each) for each in texts(said.pop("filters"))]
    orders = [each.partition(":") for each in texts(said.pop("order_by"))]
    compare = said.pop("compare")
    asked = {name: value for name, value in said.items() if value is not None}
    asked["filters"] = [write_where(each) for each in filters]
    asked["order_by"] = [(name, way or "desc") for name, _, way in orders]
    if begin or end:
        if "period" in asked:
            raise QueryError("period", "give it, or --from and --to")
        asked["period"] = [begin or "", end or time.time_ns() // 1_000_000]
    if compare is not None:
        first, comma, last = str(compare).partition(",")
        asked["compare"] = [first, last] if comma else first
    return decode_question(msgspec.json.encode(asked), Query)


def texts(values: object) -> "Iterable[str]":
    """What an option that may be repeated was given."""
    return map(str, cast("Sequence[object]", values))


def show(answered: "QueryAnswer") -> None:
    """Prints the rows and their totals; what is not shown is said on standard error."""
    from liveinsight.query.answered import tabulate

    asked, totals = answered.query, answered.totals
    table = tabulate(answered)
    rows: list[Sequence[Cell]] = list(table.rows)
    if asked.dimensions:
        first: list[Cell] = [TOTAL, *[""] * (len(asked.dimensions) - 1)]
        numbers = (totals.metrics, totals.before or [], totals.change or [])
        rows.append([*first, *(cell for part in numbers for cell in part)])
    labels = len(asked.dimensions)
    shown_rows = [
        [show_cell(cell, NOT_SET if at < labels else NOTHING) for at, cell in cells]
        for cells in map(enumerate, rows)
    ]
    print_table(table.heads, shown_rows)
    if answered.next is not None:
        shown = len(answered.results)
        click.echo(
            f"{shown} of {answered.row_count} rows; "
            f"the next with --offset {answered.next}",
            err=True,
        )


def show_cell(cell: "Cell", empty: str) -> str:
    """The cell for a terminal: no control character of a page reaches it."""
    if cell is None:
        return empty
    if not isinstance(cell, str):
        return msgspec.json.encode(cell).decode()
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode()
        for each in cell
    )
