"""The course of `liveinsight import` for totals of days, which Plausible exports."""

import sys
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Final

import click

from liveinsight.cli.asking import Ask
from liveinsight.cli.import_report import report_on, tell
from liveinsight.cli.importing import Said, find_site
from liveinsight.core.limits import SECOND
from liveinsight.core.site import Site, sites_of
from liveinsight.errors import ConfigError
from liveinsight.imports.files import (
    ZIP,
    Spot,
    Tell,
    magic_of,
    members,
    read_lines,
    read_member,
)
from liveinsight.imports.handover import ImportedTotals, KeptTotals
from liveinsight.imports.kinds import Kind
from liveinsight.imports.marks import Account
from liveinsight.imports.model import Skipped
from liveinsight.imports.plausible import Total, read_totals, table_of
from liveinsight.imports.run import Report

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
    report = Report(account=Account(stored=0, duplicates=0))
    length = sum(path.stat().st_size for path in said.files)
    label = "Looking" if said.dry_run else "Importing"
    with click.progressbar(length=length, label=label, file=sys.stderr) as bar:
        found = read_tables(said.files, lambda read: bar.update(max(0, read - bar.pos)))
        while some := list(islice(found, AT_ONCE)):
            totals = [each for each in some if isinstance(each, Total)]
            given = ImportedTotals(
                site=site, tool=TOOL, totals=totals, is_dry=said.dry_run
            )
            there = ask("import-totals", given, KeptTotals).there
            count(report, some, there)
    told = report_on(Kind.PLAUSIBLE, said.files, report, is_dry_run=said.dry_run)
    tell(told, as_json=said.as_json)


def count(report: Report, some: Sequence[Total | Skipped], there: int) -> None:
    """Adds rows of a table, of which `there` were kept already."""
    account = report.account
    account.read += len(some)
    account.duplicates += there
    account.stored -= there
    for each in some:
        if isinstance(each, Total):
            account.stored += 1
            account.add_time(time_of_day(each.day))
        else:
            account.add_skipped(each)
            report.sample(each)


def time_of_day(day: str) -> int:
    """The first moment of the day in UTC, ms."""
    return int(datetime.fromisoformat(f"{day}T00:00Z").timestamp()) * SECOND


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
                    at = Spot(name)
                    lines = at.count(read_member(path, name, tell_all))
                    yield from map(at.mark, read_totals(lines, table))
        else:
            table = table_of(path.name)
            if table is not None:
                at = Spot(path.name)
                lines = at.count(read_lines(path, tell_all))
                yield from map(at.mark, read_totals(lines, table))
        before += path.stat().st_size
        tell(before)
