"""What the AWS mode counts, as CloudWatch knows it: one place for all who write or read.

No metric says a site, a user or a session: a metric costs money for each value of a
dimension, and only REASON has a closed list of them (core.outcome.DropReason).
"""

from enum import StrEnum
from typing import Final

NAMESPACE: Final = "LiveInsight"

REASON: Final = "Reason"
"""The only dimension, of DROPPED alone; all other metrics have none."""


class Metric(StrEnum):
    """The name of a count, in events unless it says otherwise."""

    RECEIVED = "Received"
    """By the door: decoded, or one for a body that cannot be."""
    ACCEPTED = "Accepted"
    """By the door: durable when the answer was given."""
    DUPLICATE = "Duplicate"
    """By the door: known to it; what it does not know is DUPLICATE_STORED later."""
    DROPPED = "Dropped"
    """By the door, for a reason."""
    REJECTED = "Rejected"
    """By the door."""
    UNAVAILABLE = "Unavailable"
    """Requests that the door answered 503: nothing of them is in another count."""
    ARCHIVED = "Archived"
    """By the stream function: written to the archive for the first time."""
    DUPLICATE_STORED = "DuplicateStored"
    """By the stream function: accepted by the door, but stored before."""
    SETTLED = "Settled"
    """Sessions that the stream function folded again."""
