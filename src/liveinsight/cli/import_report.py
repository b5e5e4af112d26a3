"""What `liveinsight import` says at its end, or at a dry run."""

from datetime import UTC, datetime
from typing import Final

import click

from liveinsight.cli.asking import Ask
from liveinsight.cli.options import print_table
from liveinsight.core import limits
from liveinsight.imports.kinds import NAMES, Kind
from liveinsight.imports.model import MEANINGS, Reason, Terms
from liveinsight.imports.run import Account, Report
from liveinsight.store.export import AskedExport, Plan

FOREIGN: Final = (Kind.UMAMI, Kind.LOG)
"""What may have been counted here, too."""


def tell(kind: Kind, report: Report, done: str) -> None:
    """Prints what came in, and what not and why, with a few of those records."""
    account = report.account
    click.echo(f"{title_of(kind)}: {account.read} records.")
    span = f", {day_of(account.first)} to {day_of(account.last)} UTC"
    click.echo(f"{account.events} events {done}{span if account.events else ''}.")
    tell_skipped(account.skipped, report.samples)


def tell_skipped(skipped: dict[Reason, int], samples: dict[Reason, list[str]]) -> None:
    """Prints how many records were left out for each reason."""
    if not skipped:
        return
    click.echo(f"{sum(skipped.values())} are left out:")
    ranked = sorted(skipped.items(), key=lambda item: -item[1])
    rows = [(str(count), reason, MEANINGS[reason]) for reason, count in ranked]
    print_table(("RECORDS", "REASON", "WHICH"), rows)
    for reason, _ in ranked:
        for text in samples.get(reason, ()):
            click.echo(f"  {reason}: {text}")


def warn_of_overlap(ask: Ask, terms: Terms, kind: Kind, account: Account) -> None:
    """Says where the site has events of its own in the time of another tool's."""
    if kind not in FOREIGN or not account.events:
        return
    asked = AskedExport(
        site=terms.site, first_day=str(account.first), last_day=str(account.last + 1)
    )
    there = sum(window.events for window in ask("export-plan", asked, Plan).windows)
    if there:
        click.echo(
            f"Take care: {terms.site} has {there} events in that time already. What "
            "was counted by both would count twice: say --to with the day before."
        )


def title_of(kind: Kind) -> str:
    """What the files hold, as the beginning of a sentence."""
    return NAMES[kind][:1].upper() + NAMES[kind][1:]


def day_of(at: int) -> str:
    """The UTC day of a time in ms."""
    return datetime.fromtimestamp(at / limits.SECOND, UTC).date().isoformat()
