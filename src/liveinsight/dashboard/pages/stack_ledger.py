"""The ledger of the stack that collects, as a page shows it."""

import msgspec
from django.utils.translation import gettext as _

from liveinsight.core.outcome import Outcome
from liveinsight.core.stack_counts import StackCounts, StackLedger
from liveinsight.dashboard import runtime
from liveinsight.dashboard.pages.ledger import OUTCOMES, explain_reason


class StackRow(msgspec.Struct, frozen=True, kw_only=True):
    """One outcome and reason."""

    outcome: Outcome
    outcome_name: str
    reason_name: str
    last_day: int
    month: int


class StackLedgerView(msgspec.Struct, frozen=True, kw_only=True):
    """received = stored + duplicate + dropped + rejected + difference."""

    as_of: int
    last_day: StackCounts
    dropped: int
    difference: int
    """Of the last day: on its way, or counted on one side only so far."""
    unavailable: int
    rows: list[StackRow]


def read_stack_ledger() -> StackLedgerView | None:
    """The ledger of all sites together; None where there is no stack, or no answer."""
    stack = runtime.current().stack
    found = stack.ledger() if stack is not None else None
    return None if found is None else view_of(found)


def view_of(found: StackLedger) -> StackLedgerView:
    """The counts as rows."""
    day, month = found.last_day, found.month
    counts = [
        (Outcome.STORED, "", day.stored, month.stored),
        (Outcome.DUPLICATE, "", day.duplicate, month.duplicate),
        *(
            (Outcome.DROPPED, reason, day.dropped.get(reason, 0), count)
            for reason, count in sorted(month.dropped.items())
        ),
        (Outcome.REJECTED, "", day.rejected, month.rejected),
    ]
    return StackLedgerView(
        as_of=found.as_of,
        last_day=day,
        dropped=sum(day.dropped.values()),
        difference=day.difference,
        unavailable=month.unavailable,
        rows=[
            StackRow(
                outcome=outcome,
                outcome_name=_(OUTCOMES[outcome]),
                reason_name=explain_reason(reason),
                last_day=of_day,
                month=of_month,
            )
            for outcome, reason, of_day, of_month in counts
            if of_month
        ],
    )
