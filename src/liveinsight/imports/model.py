"""What an import takes, what it makes of a record, and why it leaves one out."""

from collections.abc import Callable, Iterator
from enum import StrEnum
from fnmatch import fnmatchcase

import msgspec

from liveinsight.core import limits
from liveinsight.core.country import NOWHERE, Place
from liveinsight.core.event import Event
from liveinsight.core.site import Sites

SAMPLE_CHARS = 200


class Reason(StrEnum):
    """Why a record is not imported."""

    MALFORMED = "malformed"
    UNKNOWN_SITE = "unknown_site"
    OTHER_SITE = "other_site"
    OUTSIDE_PERIOD = "outside_period"
    EXCLUDED_PAGE = "excluded_page"
    EXCLUDED_ADDRESS = "excluded_address"
    BOT = "bot"
    NOT_A_PAGE = "not_a_page"
    NOT_A_GET = "not_a_get"
    REDIRECT = "redirect"
    ERROR = "error"
    UNSUPPORTED = "unsupported"


MEANINGS = {
    Reason.MALFORMED: "not what such a file holds, or beyond the limits of an event",
    Reason.UNKNOWN_SITE: "of a site that is not configured: `liveinsight site add`",
    Reason.OTHER_SITE: "of another site than --site",
    Reason.OUTSIDE_PERIOD: "before --from or after --to",
    Reason.EXCLUDED_PAGE: "of a page that --exclude names",
    Reason.EXCLUDED_ADDRESS: "from an address that the site excludes",
    Reason.BOT: "from a bot, or from what is no browser",
    Reason.NOT_A_PAGE: "of a script, style, picture or another file",
    Reason.NOT_A_GET: "not a GET: forms, uploads, HEAD",
    Reason.REDIRECT: "answered with a redirect",
    Reason.ERROR: "answered with an error",
    Reason.UNSUPPORTED: "of a kind that is not kept here",
}
"""For the report."""


def is_rejected(reason: Reason) -> bool:
    """Whether the record is malformed; else it is dropped."""
    return reason is Reason.MALFORMED


class Skipped(msgspec.Struct, frozen=True):
    """A record that is not imported, and what of it may be shown."""

    reason: Reason
    text: str
    file: str = ""
    line: int = 0
    """Its last line in the file, from 1 on; of Parquet the row."""


Outcome = Event | Skipped


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What an import takes."""

    site: str = ""
    """The site of records that name none, and the only one that is taken, if given."""
    sites: Sites
    start: int = limits.EARLIEST_TIMESTAMP
    end: int = limits.LATEST_TIMESTAMP
    """By effective time, ms; `end` is not in it."""
    excluded_pages: tuple[str, ...] = ()
    """Paths, with `*` for any characters."""
    place_of: Callable[[str], Place] = lambda _: NOWHERE
    """Where an address is."""
    key: bytes = b""
    """Secret of the visitor ids that are made of addresses; forgotten at the end."""

    def refuse(self, event: Event) -> Reason | None:
        """Why the event is not wanted; None if it is."""
        if self.site and event.site != self.site:
            return Reason.OTHER_SITE
        if event.site not in self.sites.by_id:
            return Reason.UNKNOWN_SITE
        if not self.start <= event.time < self.end:
            return Reason.OUTSIDE_PERIOD
        page = event.page
        if page and any(fnmatchcase(page, each) for each in self.excluded_pages):
            return Reason.EXCLUDED_PAGE
        return None


Lines = Iterator[bytes]


def skip(reason: Reason, record: bytes | str) -> Skipped:
    """The record, left out."""
    if isinstance(record, bytes):
        record = record[: 4 * SAMPLE_CHARS].decode(errors="replace")
    shown = "".join(c if c.isprintable() else " " for c in record[:SAMPLE_CHARS])
    return Skipped(reason, shown.strip())
