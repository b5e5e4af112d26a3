"""The ledger of a stack on AWS: what its door counted, and what its archive did.

received = stored + duplicate + dropped(reason) + rejected, once all has come through:
the counts are made in two places and shown by CloudWatch some minutes later, so a
difference is shown and not hidden.
"""

from collections.abc import Mapping

import msgspec


class StackCounts(msgspec.Struct, frozen=True, kw_only=True):
    """Sums over a period, of all sites together, in events."""

    received: int = 0
    stored: int = 0
    duplicate: int = 0
    """Known to the door, or found to be stored already."""
    dropped: Mapping[str, int] = {}
    """By reason."""
    rejected: int = 0
    unavailable: int = 0
    """Requests that were asked to come again: not received."""

    @property
    def difference(self) -> int:
        """What is on its way, or not yet counted by both."""
        known = (
            self.stored + self.duplicate + sum(self.dropped.values()) + self.rejected
        )
        return self.received - known


class StackLedger(msgspec.Struct, frozen=True, kw_only=True):
    """The counts of two periods that end at `as_of` (ms)."""

    as_of: int
    last_day: StackCounts
    month: StackCounts
    """30 days."""
