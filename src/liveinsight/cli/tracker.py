"""`liveinsight tracker`: the script itself, for a site that serves it."""

from pathlib import Path
from typing import Final

import click

from liveinsight.cli.options import examples
from liveinsight.errors import ConfigError

PLACEHOLDER: Final = "YOUR_API_GATEWAY_URL"


@click.command(
    epilog=examples(
        "liveinsight tracker > liveinsight.js",
        "liveinsight tracker --output public/liveinsight.js",
        f"liveinsight tracker --tag --api {PLACEHOLDER} --site shop.example",
    )
)
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the script to this file.",
)
@click.option("--tag", is_flag=True, help="Print the lines for the page instead.")
@click.option(
    "--api",
    default=PLACEHOLDER,
    show_default=True,
    help="With --tag: the address that events go to.",
)
@click.option("--site", default="", help="With --tag: the site, as in shop.example.")
@click.option(
    "--src",
    default="/liveinsight.js",
    show_default=True,
    help="With --tag: where the page finds the script.",
)
def tracker(output: Path | None, api: str, site: str, src: str, *, tag: bool) -> None:
    """Print the tracker, for a site that serves it beside its pages.

    One file without dependencies: put it on the site under any name, and the lines
    of --tag into its pages. `liveinsight up` serves it by itself.
    """
    if tag:
        from liveinsight.tracker.tag import write_tag

        click.echo(write_tag(api, site, src))
        return
    from liveinsight.tracker.script import tracker_script

    body = tracker_script().body
    if output is None:
        click.echo(body, nl=False)
        return
    try:
        output.write_bytes(body)
        # A web server reads it, and all the world through it.
        output.chmod(0o644)
    except OSError as error:
        raise ConfigError(f"{output} cannot be written: {error.strerror}") from error
    click.echo(f"Wrote {output} ({len(body)} bytes).", err=True)
