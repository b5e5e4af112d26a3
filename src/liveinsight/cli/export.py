"""`liveinsight export`: the events as a file, by the running server or from its files."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

import click

from liveinsight.cli.asking import Ask, asking
from liveinsight.cli.options import data_option, examples

if TYPE_CHECKING:
    from liveinsight.store.export import AskedExport, Plan

STANDARD_OUTPUT: Final = "-"


@click.command(
    epilog=examples(
        "liveinsight export --site shop.example --period 30d",
        "liveinsight export --from 2026-01-01 --to 2026-03-31 --format parquet",
        "liveinsight export --format ndjson --gzip --output - | ssh backup 'cat > all.gz'",
    )
)
@click.option("--site", default="", metavar="DOMAIN", help="One site.  [default: all]")
@click.option(
    "--period",
    default="",
    metavar="NAME",
    help="today, yesterday, 7d, 30d, 90d, 12mo, or all.  [default: all]",
)
@click.option("--from", "first_day", default="", metavar="DAY", help="As 2026-01-31.")
@click.option("--to", "last_day", default="", metavar="DAY", help="That day included.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["csv", "ndjson", "parquet"]),
    default="csv",
    show_default=True,
    help="How the events are written.",
)
@click.option(
    "--gzip", "compressed", is_flag=True, help="Compress CSV or newline JSON."
)
@click.option(
    "--output",
    "-o",
    metavar="FILE",
    help="Where to; `-` is standard output.  [default: a name of site and days]",
)
@data_option
def export(  # noqa: PLR0913, PLR0917 one parameter for each option
    site: str,
    period: str,
    first_day: str,
    last_day: str,
    form: str,
    compressed: bool,  # noqa: FBT001 click gives it by name
    output: str | None,
    data: str | None,
) -> None:
    """Write the events of a period to a file.

    Days are those of the site's time zone, or of UTC for all sites together. What is
    written can be read again by `liveinsight import`, and gives the same numbers.
    """
    with asking(data) as ask:
        from liveinsight.store.export import AskedExport

        asked = AskedExport(
            site=site,
            period=period,
            first_day=first_day,
            last_day=last_day,
            format=form,
            compressed=compressed,
        )
        plan = _plan(ask, asked)
        if form == "parquet" and output == STANDARD_OUTPUT:
            raise click.UsageError(
                "a Parquet file cannot be written to standard output"
            )
        where = output or plan.name
        written = write_export(ask, plan, where)
    if where != STANDARD_OUTPUT:
        click.echo(f"{written} events are in {where}.")


def _plan(ask: Ask, asked: "AskedExport") -> "Plan":
    from liveinsight.store.export import Plan

    return ask("export-plan", asked, Plan)


def write_export(ask: Ask, plan: "Plan", where: str) -> int:
    """The number of events that have been written."""
    from liveinsight.store.export import ExportFormat, PartOfExport
    from liveinsight.store.exporter import Part, heading, read_away

    total = sum(window.events for window in plan.windows)
    written = 0
    parts: list[Path] = []
    with (
        _whole_file(where) as (file, path),
        click.progressbar(length=total, label="Exporting", file=sys.stderr) as bar,
    ):
        file.write(heading(plan.wanted))
        for window in plan.windows:
            asked = PartOfExport(wanted=plan.wanted, window=window)
            part = ask("export-part", asked, Part)
            parts.append(Path(part.path))
            written += part.events
            if plan.wanted.format is not ExportFormat.PARQUET:
                for piece in read_away(parts.pop()):
                    file.write(piece)
            bar.update(window.events)
        if plan.wanted.format is ExportFormat.PARQUET:
            _join(parts, path)
    return written


def _join(parts: Sequence[Path], path: Path) -> None:
    from liveinsight.store.parquet import join_parquet

    try:
        join_parquet(parts, path)
    finally:
        for part in parts:
            part.unlink(missing_ok=True)


@contextmanager
def _whole_file(where: str) -> Iterator[tuple[IO[bytes], Path]]:
    """The file to write to and its path; it gets its name when all is in it."""
    if where == STANDARD_OUTPUT:
        yield sys.stdout.buffer, Path()
        return
    path = Path(where)
    draft = path.with_name(f"{path.name}.part")
    try:
        with draft.open("wb") as file:
            yield file, draft
        draft.replace(path)
    except OSError as error:
        raise click.FileError(where, error.strerror or "") from error
    finally:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
