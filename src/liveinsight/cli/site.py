"""`liveinsight site`: the sites whose events are taken."""

import click

from liveinsight.cli.opening import open_folder
from liveinsight.cli.options import (
    data_option,
    examples,
    json_option,
    print_json,
    print_table,
)
from liveinsight.data_dir import DataDir
from liveinsight.errors import ConfigError


@click.group(
    epilog=examples(
        "liveinsight site add shop.example --timezone Asia/Seoul",
        "liveinsight site list --json",
        "liveinsight site remove shop.example",
    )
)
def site() -> None:
    """The sites whose events are taken.

    While there is none, events of every host are taken; from the first site on,
    events of other hosts are dropped as unknown_site. A running server follows a
    change within a second.
    """


def open_own_folder(data: str | None) -> None:
    """As open_folder, for what only the sites of one machine allow.

    Raises:
        ConfigError: the folder shows a stack on AWS, which has its own.
    """
    folder = DataDir(open_folder(data).data_dir)
    if folder.stack.exists():
        raise ConfigError(
            f"{folder.root} shows a stack on AWS: "
            "`liveinsight deploy --site` names its sites"
        )


@site.command()
@click.argument("domain")
@click.option("--name", default="", help="What people call it.")
@click.option(
    "--timezone", default="UTC", show_default=True, help="It cuts the site's days."
)
@data_option
def add(domain: str, name: str, timezone: str, data: str | None) -> None:
    """Add a site by its DOMAIN, as in shop.example."""
    open_own_folder(data)
    from liveinsight.dashboard.sites import add_site

    added = add_site(domain, timezone=timezone, name=name)
    click.echo(f"Added {added}.")


@site.command("list")
@json_option
@data_option
def list_(data: str | None, *, as_json: bool) -> None:
    """List the sites."""
    open_folder(data)
    from liveinsight.dashboard.sites import list_sites

    sites = list_sites()
    if as_json:
        print_json(sites)
    else:
        print_table(("SITE", "TIME ZONE"), [(one.id, one.timezone) for one in sites])


@site.command()
@click.argument("domain")
@data_option
def remove(domain: str, data: str | None) -> None:
    """Stop taking a site's events; what was collected stays."""
    open_own_folder(data)
    from liveinsight.dashboard.sites import remove_site

    remove_site(domain)
    click.echo(f"Removed {domain}.")
