"""`liveinsight status`: how the collector in AWS is."""

import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from liveinsight.cli.options import examples, json_option, print_json, print_table
from liveinsight.cli.stacks import open_stack_account, region_option, stack_option

if TYPE_CHECKING:
    from liveinsight.aws.status import Cost, Status
    from liveinsight.aws.usage import LastHour


@click.command(
    epilog=examples(
        "liveinsight status",
        "liveinsight status --stack shop --region us-east-1",
        "liveinsight status --json",
    )
)
@stack_option
@region_option
@json_option
def status(stack: str, region: str | None, *, as_json: bool) -> None:
    """Show how the collector in AWS is: parts, alarms, last hour, cost.

    Status 1 while something needs a person: a stuck stack, an alarm, or errors in
    the last hour.
    """
    from liveinsight.aws.status import read_status

    found = read_status(open_stack_account(region, stack), stack)
    if as_json:
        print_json(found)
    else:
        print_status(found)
    sys.exit(0 if found.is_well else 1)


def print_status(found: "Status") -> None:
    """All of it, for a person."""
    click.echo(f"{found.stack}: {found.state}, changed {tell(found.changed_at)}")
    if found.advice:
        click.echo(found.advice)
    if found.api is not None:
        click.echo(
            f"API  {found.api.url}  (at most {found.api.requests_per_s:g} requests/s, "
            f"deployed {tell(found.api.deployed_at)})"
        )
    if graphs := found.outputs.get("DashboardUrl"):
        click.echo(f"Graphs  {graphs}")
    heading("Tables")
    print_table(
        ("TABLE", "STATE", "ITEMS", "SIZE", "PROTECTED"),
        [
            (
                one.name,
                one.state,
                f"{one.items:,}",
                tell_size(one.bytes),
                "yes" if one.is_protected else "no",
            )
            for one in found.tables
        ],
    )
    heading("Functions")
    print_table(
        ("FUNCTION", "STATE", "RUNTIME", "MEMORY", "CODE"),
        [
            (
                one.name,
                one.state,
                f"{one.runtime} {one.architecture}",
                f"{one.memory_mb} MB",
                tell_size(one.code_bytes),
            )
            for one in found.functions
        ],
    )
    print_alarms(found)
    if found.last_hour is not None:
        print_hour(found.last_hour)
    if found.cost is not None:
        print_cost(found.cost)


def print_alarms(found: "Status") -> None:
    """The alarms that are not silent; only their number if all are."""
    loud = [one for one in found.alarms if one.state != "OK"]
    heading(f"Alarms: {len(found.alarms)}, of which {len(loud)} not OK")
    print_table(
        ("ALARM", "STATE", "MEANING"),
        [(one.name, one.state, one.meaning) for one in loud],
    )


def print_hour(hour: "LastHour") -> None:
    """The last hour's events and errors."""
    events, errors = hour.events, hour.errors
    heading("Last hour")
    click.echo(
        f"  {events.received:,} events received: {events.accepted:,} accepted, "
        f"{events.duplicate:,} duplicate, {events.dropped:,} dropped, "
        f"{events.rejected:,} rejected; {events.archived:,} archived"
    )
    click.echo(
        f"  {hour.usage.api_requests:,.0f} requests: {errors.api_4xx:,} refused (4xx), "
        f"{errors.api_5xx:,} failed (5xx), {errors.answered_503:,} told to come again"
    )
    click.echo(
        f"  functions: {errors.function_errors:,} errors, "
        f"{errors.function_throttles:,} throttles; tables: "
        f"{errors.table_throttles:,} throttles; "
        f"{errors.failures_waiting:,} waiting in the failures queue"
    )


def print_cost(cost: "Cost") -> None:
    """The estimate, and what it is an estimate of."""
    heading("Cost, estimated")
    click.echo(
        f"  ${cost.last_hour:.4f} in the last hour; "
        f"${cost.month_at_this_rate:.2f} a month at this rate, of which "
        f"${cost.fixed_month:.2f} alarms and graphs and ${cost.storage_month:.2f} "
        "storage of the tables"
    )
    click.echo(
        f"  (prices of {cost.prices_of}, without free tiers, tax, backups and the "
        "archive's storage; the bill is in AWS Billing)"
    )


def heading(text: str) -> None:
    """A line above a part."""
    click.echo(f"\n{text}")


def tell(moment: int) -> str:
    """A time in ms as people read it."""
    return f"{datetime.fromtimestamp(moment / 1000, UTC):%Y-%m-%d %H:%M} UTC"


def tell_size(size: float) -> str:
    """Bytes as people read them."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"
