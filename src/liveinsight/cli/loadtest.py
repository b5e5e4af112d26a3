"""`liveinsight loadtest`: how much a collector takes, and how fast it answers."""

import asyncio
import math
import signal
import sys
from typing import TYPE_CHECKING, Final

import click
import msgspec

from liveinsight.cli.options import examples, json_option, print_json
from liveinsight.core import limits as wire
from liveinsight.errors import ConfigError

if TYPE_CHECKING:
    from liveinsight.loadtest.report import Limits, Report
    from liveinsight.loadtest.run import Plan

MISSED: Final = 3
"""The exit status where a limit was exceeded."""
SITE: Final = "loadtest.example"
_POSITIVE: Final = click.FloatRange(min=0, min_open=True)


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """The options, as they were given."""

    rate: float
    seconds: float
    batch: int
    site: str
    headers: tuple[str, ...]
    connections: int
    timeout: float
    max_p50_ms: float | None
    max_p99_ms: float | None
    max_errors: str


@click.command(
    epilog=examples(
        "liveinsight loadtest http://127.0.0.1:8000",
        "liveinsight loadtest https://ID.execute-api.REGION.amazonaws.com/prod/events",
        "liveinsight loadtest URL --rate 200 --seconds 60 --max-p99-ms 250 --json",
    )
)
@click.argument("url")
@click.option(
    "--rate", default=20.0, show_default=True, type=_POSITIVE, help="Requests a second."
)
@click.option("--seconds", default=10.0, show_default=True, type=_POSITIVE)
@click.option(
    "--batch",
    default=10,
    show_default=True,
    type=click.IntRange(1, wire.BATCH_EVENTS),
    help="Events in each request.",
)
@click.option(
    "--site", default=SITE, show_default=True, help="The site that the events name."
)
@click.option(
    "--header",
    "headers",
    multiple=True,
    metavar="NAME: VALUE",
    help="Sent with every request, as in 'x-api-key: …'.",
)
@click.option(
    "--connections",
    default=256,
    show_default=True,
    type=click.IntRange(1, 10_000),
    help="At most this many at once.",
)
@click.option(
    "--timeout",
    default=30.0,
    show_default=True,
    type=_POSITIVE,
    help="Seconds, after which a request counts as failed.",
)
@click.option("--max-p50-ms", type=_POSITIVE, help="Status 3 if p50 is over this.")
@click.option("--max-p99-ms", type=_POSITIVE, help="Status 3 if p99 is over this.")
@click.option(
    "--max-errors",
    default="0",
    show_default=True,
    metavar="N|N%",
    help="Status 3 if more requests fail.",
)
@json_option
def loadtest(url: str, *, as_json: bool, **options: object) -> None:
    """Send visits to a collector, and measure its answers.

    URL is that of the collector; where it has no path, /events is meant. Requests leave at a steady rate, answered or not, and each one's time counts
    from the moment it was due: a stall of the server is in the figures in full.
    A request has failed unless all of its events were taken.

    The events are real and are stored, under a site of their own; on AWS they
    cost what events cost. Nothing but a LiveInsight collector gets more than one
    request.
    """
    import uvloop

    from liveinsight.loadtest.report import describe

    asked = msgspec.convert(options, Asked)
    report = uvloop.run(measure(plan_of(url, asked), limits_of(asked)))
    if as_json:
        print_json(report)
    else:
        click.echo("\n".join(describe(report)))
    sys.exit(MISSED if report.missed else 0)


def plan_of(url: str, asked: Asked) -> "Plan":
    """The load that is wanted.

    Raises:
        ConfigError: the URL, a header or the site cannot be meant so.
    """
    from liveinsight.core.site import site_id
    from liveinsight.loadtest.client import target_of
    from liveinsight.loadtest.run import Plan

    site = site_id(asked.site)
    if not site:
        raise ConfigError(f"{asked.site!r} is not a domain")
    return Plan(
        target=target_of(url, asked.headers),
        site=site,
        rate=asked.rate,
        seconds=asked.seconds,
        batch=asked.batch,
        connections=asked.connections,
        timeout=asked.timeout,
    )


def limits_of(asked: Asked) -> "Limits":
    """What the figures must not exceed."""
    from liveinsight.loadtest.report import Limits

    text = asked.max_errors
    is_share = text.endswith("%")
    try:
        errors = float(text.removesuffix("%"))
    except ValueError:
        errors = -1.0
    if not 0 <= errors < math.inf:
        told = f"{text!r} is neither a number nor a percentage"
        raise click.BadParameter(told, param_hint="--max-errors")
    return Limits(
        p50_ms=asked.max_p50_ms,
        p99_ms=asked.max_p99_ms,
        errors=errors / 100 if is_share else errors,
        errors_are_share=is_share,
    )


async def measure(plan: "Plan", limits: "Limits") -> "Report":
    """The report of one load; progress goes to standard error.

    Raises:
        ConfigError: there is no collector that takes it.
    """
    from liveinsight.loadtest.check import check_collector
    from liveinsight.loadtest.report import describe_second, report_of
    from liveinsight.loadtest.run import Load

    await check_collector(plan)
    load = Load(plan)
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGINT, load.stop)
    try:
        await load.run(
            lambda second: click.echo(describe_second(second, plan), err=True)
        )
    finally:
        loop.remove_signal_handler(signal.SIGINT)
    return report_of(plan, load, limits)
