"""The ledger: what became of all that ever came, by its hour of receipt."""

from collections.abc import Iterable
from typing import Any

import msgspec

from liveinsight.core.outcome import Outcome


class LedgerLine(msgspec.Struct, frozen=True, kw_only=True):
    """One count of the ledger; `hour` is the start of the hour of receipt, ms."""

    site: str
    hour: int
    outcome: Outcome
    reason: str = ""
    count: int


def as_lines(rows: Iterable[tuple[Any, ...]]) -> list[LedgerLine]:
    """The lines of rows of (site, hour, outcome, reason, count)."""
    return [
        LedgerLine(
            site=site, hour=hour, outcome=Outcome(outcome), reason=reason, count=count
        )
        for site, hour, outcome, reason, count in rows
    ]
