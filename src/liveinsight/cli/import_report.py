"""What `liveinsight import` says at its end, or at a dry run."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import click
import msgspec

from liveinsight.cli.asking import Ask
from liveinsight.cli.options import print_json, print_table
from liveinsight.core import limits
from liveinsight.core.outcome import Outcome
from liveinsight.imports.kinds import NAMES, Kind
from liveinsight.imports.marks import Account
from liveinsight.imports.model import MEANINGS, Reason, Skipped, Terms, is_rejected
from liveinsight.imports.run import Report
from liveinsight.store.export import AskedExport, Plan

FOREIGN: Final = (Kind.UMAMI, Kind.LOG)
"""What may have been counted here, too."""


class Example(msgspec.Struct, frozen=True, kw_only=True):
    """A record that was left out."""

    outcome: Outcome
    reason: Reason
    file: str
    line: int
    text: str


class ImportReport(msgspec.Struct, frozen=True, kw_only=True):
    """read = stored + duplicate + dropped(reason) + rejected(reason)."""

    kind: Kind
    files: list[str]
    is_dry_run: bool
    """Then nothing is stored, and the counts say what would be."""
    was_finished: bool = False
    """By an earlier command: nothing was read now."""
    went_on_after: int
    """Records that an earlier, interrupted command had read; they are counted here."""
    read: int
    stored: int
    duplicate: int
    dropped: dict[Reason, int]
    rejected: dict[Reason, int]
    first_day: str | None
    """Of the events that are stored or duplicate, UTC."""
    last_day: str | None
    examples: list[Example]


def report_on(
    kind: Kind,
    files: Sequence[Path],
    report: Report,
    *,
    is_dry_run: bool = False,
    was_finished: bool = False,
    went_on_after: int = 0,
) -> ImportReport:
    """The account of an import as it is told."""
    account = report.account
    return ImportReport(
        kind=kind,
        files=[path.name for path in files],
        is_dry_run=is_dry_run,
        was_finished=was_finished,
        went_on_after=went_on_after,
        read=account.read,
        stored=account.stored,
        duplicate=account.duplicates,
        dropped=account.dropped,
        rejected=account.rejected,
        first_day=day_of(account.first) if account.events else None,
        last_day=day_of(account.last) if account.events else None,
        examples=[
            example_of(each) for some in report.samples.values() for each in some
        ],
    )


def example_of(skipped: Skipped) -> Example:
    """The record that was left out, and what became of it."""
    return Example(
        outcome=Outcome.REJECTED if is_rejected(skipped.reason) else Outcome.DROPPED,
        reason=skipped.reason,
        file=skipped.file,
        line=skipped.line,
        text=skipped.text,
    )


def tell(told: ImportReport, *, as_json: bool) -> None:
    """Prints what became of the records, with a few of those that were left out."""
    if as_json:
        print_json(told)
        return
    click.echo(f"{title_of(told.kind)}: {told.read} records.")
    print_table(("RECORDS", "OUTCOME", "REASON", "WHICH"), rows_of(told))
    for each in told.examples:
        where = f"{each.file} line {each.line}" if each.line else each.file
        click.echo(f"  {each.reason}, {where}: {each.text}")


def rows_of(told: ImportReport) -> list[tuple[str, str, str, str]]:
    """What became of the records; the first column adds up to those that were read."""
    is_of_days = told.kind is Kind.PLAUSIBLE
    span = f", {told.first_day} to {told.last_day}" if told.first_day else ""
    unit = "totals of days" if is_of_days else "events"
    would = "would be " if told.is_dry_run else ""
    known = (
        "here already: they get the counts of this file"
        if is_of_days
        else "here already, or twice in the files: they count once"
    )
    left_out = [
        (str(count), outcome, reason, MEANINGS[reason])
        for outcome, counts in (
            (Outcome.DROPPED, told.dropped),
            (Outcome.REJECTED, told.rejected),
        )
        for reason, count in sorted(counts.items(), key=lambda item: -item[1])
    ]
    utc = "" if is_of_days or not span else " UTC"
    return [
        (str(told.stored), Outcome.STORED, "", f"{would}new {unit}{span}{utc}"),
        (str(told.duplicate), Outcome.DUPLICATE, "", known),
        *left_out,
    ]


def warn_of_overlap(ask: Ask, terms: Terms, kind: Kind, account: Account) -> None:
    """Says where the site has events of its own in the time of another tool's."""
    if kind not in FOREIGN or not account.stored:
        return
    asked = AskedExport(
        site=terms.site, first_day=str(account.first), last_day=str(account.last + 1)
    )
    there = sum(window.events for window in ask("export-plan", asked, Plan).windows)
    others = there - account.duplicates
    if others > 0:
        click.echo(
            f"Take care: {terms.site} has {others} other events in that time. What "
            "was counted by both would count twice: say --to with the day before.",
            err=True,
        )


def title_of(kind: Kind) -> str:
    """What the files hold, as the beginning of a sentence."""
    return NAMES[kind][:1].upper() + NAMES[kind][1:]


def day_of(at: int) -> str:
    """The UTC day of a time in ms."""
    return datetime.fromtimestamp(at / limits.SECOND, UTC).date().isoformat()
