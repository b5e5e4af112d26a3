"""`liveinsight key`: the keys that read the API."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from liveinsight.cli.opening import open_folder
from liveinsight.cli.options import (
    data_option,
    examples,
    json_option,
    print_json,
    print_table,
)

if TYPE_CHECKING:
    from liveinsight.dashboard.models import ApiKey


@click.group(
    epilog=examples(
        "liveinsight key add --name report --site shop.example",
        "KEY=$(liveinsight key add --name report | tail -n 1)",
        "liveinsight key revoke report",
    )
)
def key() -> None:
    """The keys that read the API, as in `Authorization: Bearer KEY`."""


@key.command()
@click.option("--name", required=True, help="What it is for; one key per name.")
@click.option("--site", help="The one site that it reads; without it, all.")
@data_option
def add(name: str, site: str | None, data: str | None) -> None:
    """Make a key and print it, alone on the last line.

    It is kept as a hash, so this is the only time that it can be seen.
    """
    open_folder(data)
    from liveinsight.dashboard.keys import add_key

    made = add_key(name, site)
    click.echo(f"The key {name!r}; it is not shown again:", err=True)
    click.echo(made)


@key.command("list")
@json_option
@data_option
def list_(data: str | None, *, as_json: bool) -> None:
    """List the keys in force by their first characters."""
    open_folder(data)
    from liveinsight.dashboard.keys import list_keys

    keys = list_keys()
    if as_json:
        print_json([describe(one) for one in keys])
        return
    print_table(
        ("NAME", "KEY", "SITE", "LAST USED"),
        [
            (one.name, f"{one.prefix}…", one.site or "all", tell(one.last_used_at))
            for one in keys
        ],
    )


@key.command()
@click.argument("name")
@data_option
def revoke(name: str, data: str | None) -> None:
    """End the key of this NAME, at once."""
    open_folder(data)
    from liveinsight.dashboard.keys import revoke_key

    revoke_key(name)
    click.echo(f"Revoked {name}.")


def describe(one: "ApiKey") -> dict[str, str | int | None]:
    """A key as --json shows it; times are ms."""
    return {
        "name": one.name,
        "prefix": one.prefix,
        "site": one.site or None,
        "created_at": one.created_at,
        "last_used_at": one.last_used_at,
    }


def tell(moment: int | None) -> str:
    """A time in ms as people read it."""
    if moment is None:
        return "never"
    return f"{datetime.fromtimestamp(moment / 1000, UTC):%Y-%m-%d %H:%M} UTC"
