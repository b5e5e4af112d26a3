"""What becomes of a received event, and how it is counted.

received = stored + duplicate + dropped(reason) + rejected(reason)
"""

from enum import StrEnum

import msgspec


class Outcome(StrEnum):
    """The four ends of a received event, and `received` itself."""

    RECEIVED = "received"
    STORED = "stored"
    DUPLICATE = "duplicate"
    DROPPED = "dropped"
    REJECTED = "rejected"


class Status(StrEnum):
    """What a reply says of one event."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    DROPPED = "dropped"
    REJECTED = "rejected"


class DropReason(StrEnum):
    """Why a valid event is not counted."""

    BOT = "bot"
    EXCLUDED_ADDRESS = "excluded_address"
    UNKNOWN_SITE = "unknown_site"
    ORIGIN_NOT_ALLOWED = "origin_not_allowed"


class DuplicateReason(StrEnum):
    """Whether the second copy said the same."""

    REPEATED = "repeated"
    CONFLICT = "conflict"


class LedgerKey(msgspec.Struct, frozen=True):
    """One line of the ledger: (site, outcome, reason) → count.

    `site` is "" where none was found, `reason` "" where there is none.
    """

    site: str
    outcome: Outcome
    reason: str = ""


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """One kept example of a dropped or rejected event.

    Never holds an address or a user agent.
    """

    site: str
    outcome: Outcome
    reason: str
    received_at: int
    text: str
    """At most 500 characters of what came."""
