"""The ledger as a page shows it: every received event, and what became of it."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Final

import msgspec
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from liveinsight.core import limits
from liveinsight.core.outcome import Outcome, Sample
from liveinsight.dashboard import runtime

REASONS: Final = {
    "bot": gettext_noop("A known bot or crawler"),
    "excluded_address": gettext_noop("The address is excluded"),
    "unknown_site": gettext_noop("The site is not configured"),
    "origin_not_allowed": gettext_noop("The origin is not allowed"),
    "repeated": gettext_noop("The same event again"),
    "conflict": gettext_noop("Another event under the same id"),
}
OUTCOMES: Final = {
    Outcome.STORED: gettext_noop("Stored"),
    Outcome.DUPLICATE: gettext_noop("Duplicate"),
    Outcome.DROPPED: gettext_noop("Dropped"),
    Outcome.REJECTED: gettext_noop("Rejected"),
}


class LedgerRow(msgspec.Struct, frozen=True, kw_only=True):
    """One outcome and reason."""

    outcome: Outcome
    outcome_name: str
    reason: str
    reason_name: str
    last_day: int
    ever: int


class LedgerView(msgspec.Struct, frozen=True, kw_only=True):
    """received = stored + duplicate + dropped + rejected, and what is on its way."""

    received: int
    stored: int
    duplicate: int
    dropped: int
    rejected: int
    in_flight: int
    """Received and durable, not yet in the warehouse."""
    missing: int
    """What no outcome and no backlog explains; not 0 is a fault."""
    rows: list[LedgerRow]


def read_ledger(site: str, now: int) -> LedgerView:
    """The ledger of one site; "" is what belongs to no site."""
    state = runtime.current()
    # Before the ledger: what is applied in between is then counted as stored.
    backlog = state.applier_stats().backlog_events
    return sum_up(site, state.ledger(), backlog, now)


def sum_up(
    site: str, lines: Iterable[runtime.LedgerLine], backlog: int, now: int
) -> LedgerView:
    """The view over these lines; `backlog` is that of all sites together."""
    ever: dict[tuple[Outcome, str], int] = defaultdict(int)
    last_day: dict[tuple[Outcome, str], int] = defaultdict(int)
    for line in lines:
        if line.site != site:
            continue
        key = (Outcome(line.outcome), line.reason)
        ever[key] += line.count
        if line.hour > now - limits.DAY:
            last_day[key] += line.count
    sums = {
        outcome: sum(count for key, count in ever.items() if key[0] is outcome)
        for outcome in Outcome
    }
    difference = sums[Outcome.RECEIVED] - sum(sums[outcome] for outcome in OUTCOMES)
    in_flight = max(0, min(difference, backlog))
    return LedgerView(
        received=sums[Outcome.RECEIVED],
        stored=sums[Outcome.STORED],
        duplicate=sums[Outcome.DUPLICATE],
        dropped=sums[Outcome.DROPPED],
        rejected=sums[Outcome.REJECTED],
        in_flight=in_flight,
        missing=difference - in_flight,
        rows=[
            LedgerRow(
                outcome=outcome,
                outcome_name=_(OUTCOMES[outcome]),
                reason=reason,
                reason_name=explain_reason(reason),
                last_day=last_day[(outcome, reason)],
                ever=count,
            )
            for outcome in OUTCOMES
            for reason, count in sorted(
                (key[1], count) for key, count in ever.items() if key[0] is outcome
            )
        ],
    )


def explain_reason(reason: str) -> str:
    """The reason in words; a field's own name where there are none."""
    return _(REASONS[reason]) if reason in REASONS else reason


def list_samples(site: str) -> list[Sample]:
    """The kept examples of the site, newest first."""
    kept = [sample for sample in runtime.current().samples() if sample.site == site]
    return sorted(kept, key=lambda sample: -sample.received_at)[:50]


class Knock(msgspec.Struct, frozen=True, kw_only=True):
    """A host that sends events and is no site."""

    host: str
    events: int
    kept: bool
    """Whether its events are stored and appear once it is added."""


def list_knocks(configured: Iterable[str]) -> list[Knock]:
    """The hosts that knocked, most events first."""
    state = runtime.current()
    known = set(configured)
    events: dict[str, int] = defaultdict(int)
    kept = set(state.hosts())
    for line in state.ledger():
        if line.outcome == Outcome.STORED:
            kept.add(line.site)
            events[line.site] += line.count
        elif line.reason == "unknown_site":
            events[line.site] += line.count
    knocks = [
        Knock(host=host, events=events.get(host, 0), kept=host in kept)
        for host in {*kept, *events}
        if host and host not in known
    ]
    return sorted(knocks, key=lambda knock: (-knock.events, knock.host))
