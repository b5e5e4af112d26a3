"""`liveinsight import`: events of other times and tools, into this installation."""

from pathlib import Path

import click
import msgspec

from liveinsight.cli.asking import asking
from liveinsight.cli.options import data_option, examples, json_option


@click.command(
    "import",
    epilog=examples(
        "liveinsight import shop.example.ndjson.gz",
        "liveinsight import umami-export.zip --site shop.example --dry-run",
        "liveinsight import /var/log/nginx/access.log* --site shop.example",
        "liveinsight import plausible-export.zip --site shop.example",
    ),
)
@click.argument(
    "files",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
)
@click.option("--site", default="", metavar="DOMAIN", help="Whose events they are.")
@click.option(
    "--from", "first_day", default="", metavar="DAY", help="Leave out what is before."
)
@click.option(
    "--to", "last_day", default="", metavar="DAY", help="Leave out what is after."
)
@click.option(
    "--exclude",
    multiple=True,
    metavar="PATH",
    help="Leave out pages, as in '/admin/*'; may be given several times.",
)
@click.option("--again", is_flag=True, help="Begin anew, also what was finished.")
@click.option(
    "--dry-run",
    is_flag=True,
    help="Only tell what would come in, and what not and why.",
)
@json_option
@data_option
def import_(data: str | None, **said: object) -> None:
    """Take in events from files.

    FILES are exports of LiveInsight (CSV, newline JSON, Parquet), Umami's export,
    Plausible's export, or logs of a web server in the combined format; text may be
    gzipped. What they are is told by their content. Interrupted, the same command
    goes on where it was; nothing comes in twice. Its report says what became of every
    record: stored, duplicate, dropped or rejected.
    """
    from liveinsight.cli.import_totals import import_totals
    from liveinsight.cli.importing import Said, import_events
    from liveinsight.imports.kinds import Kind, kind_of_all

    asked = msgspec.convert(said, Said)
    kind = kind_of_all(asked.files)
    with asking(data) as ask:
        if kind is Kind.PLAUSIBLE:
            import_totals(ask, asked)
        else:
            import_events(ask, data, asked, kind)
