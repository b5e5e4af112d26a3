"""The course of `liveinsight import` for totals of days, which Plausible exports."""

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Final

import click

from liveinsight.cli.asking import Ask
from liveinsight.cli.import_report import tell_skipped, title_of
from liveinsight.cli.importing import Said, find_site
from liveinsight.core.site import Site, sites_of
from liveinsight.errors import ConfigError
from liveinsight.imports.files import (
    ZIP,
    Tell,
    magic_of,
    members,
    read_lines,
    read_member,
)
from liveinsight.imports.handover import ImportedTotals
from liveinsight.imports.kinds import Kind
from liveinsight.imports.model import Reason, Skipped
from liveinsight.imports.plausible import Total, read_totals, table_of

TOOL: Final = "Plausible"
AT_ONCE: Final = 1_000
"""Totals that are handed over together."""


def import_totals(ask: Ask, said: Said) -> None:
    """Keeps the totals of the files, or tells what would be kept.

    A total that is there already gets the new counts: to begin again changes nothing.

    Raises:
        ConfigError: a file cannot be read, or there is no such site.
    """
    if not said.site:
        raise ConfigError("say with --site whose export it is")
    site = find_site(sites_of(ask("sites", None, list[Site])), said.site)
    skipped: dict[Reason, int] = {}
    samples: dict[Reason, list[str]] = {}
    days: set[str] = set()
    kept = 0
    length = sum(path.stat().st_size for path in said.files)
    label = "Looking" if said.dry_run else "Importing"
    with click.progressbar(length=length, label=label) as bar:
        found = read_tables(said.files, lambda read: bar.update(max(0, read - bar.pos)))
        while some := list(islice(found, AT_ONCE)):
            totals = [each for each in some if isinstance(each, Total)]
            kept += len(totals)
            days.update(total.day for total in totals)
            for each in some:
                if isinstance(each, Skipped):
                    skipped[each.reason] = skipped.get(each.reason, 0) + 1
                    samples.setdefault(each.reason, [each.text])
            if not said.dry_run:
                given = ImportedTotals(site=site, tool=TOOL, totals=totals)
                ask("import-totals", given, type(None))
    click.echo(f"{title_of(Kind.PLAUSIBLE)}: totals of days, and no events.")
    done = "would be kept" if said.dry_run else "are kept"
    span = f" of {len(days)} days, {min(days)} to {max(days)}" if days else ""
    click.echo(f"{kept} totals{span} {done}, beside the events of {site}.")
    tell_skipped(skipped, samples)


def read_tables(files: Sequence[Path], tell: Tell) -> Iterator[Total | Skipped]:
    """What becomes of each row of all tables of the files."""
    before = 0
    for path in files:
        done = before

        def tell_all(read: int, done: int = done) -> None:
            tell(done + read)

        if magic_of(path) == ZIP:
            for name in members(path):
                table = table_of(Path(name).name)
                if table is not None:
                    yield from read_totals(read_member(path, name, tell_all), table)
        else:
            table = table_of(path.name)
            if table is not None:
                yield from read_totals(read_lines(path, tell_all), table)
        before += path.stat().st_size
        tell(before)
