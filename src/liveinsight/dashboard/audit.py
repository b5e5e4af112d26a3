"""What somebody did and cannot undo, kept for whoever asks later."""

import time
from typing import Final

from django.db import connection
from django.utils.translation import gettext_noop

from liveinsight.dashboard.models import AuditLine
from liveinsight.store.eraser import Erased
from liveinsight.store.person import Person

COMMAND_LINE: Final = "command line"
SERVER: Final = "LiveInsight"
MOST_LINES: Final = 500
VISITOR: Final = gettext_noop("%(site)s, visitor %(fingerprint)s")
ERASED: Final = gettext_noop("%(site)s, visitor %(fingerprint)s: %(events)s events")
ERASED_IN_PART: Final = gettext_noop(
    "%(site)s, visitor %(fingerprint)s: %(events)s events,"
    " %(files)s broken files of the archive left"
)


def note(account: str, action: str, subject: str, **values: object) -> None:
    """Keeps a line; `subject` never names a visitor, nor do its values."""
    AuditLine.objects.create(
        at=time.time_ns() // 1_000_000,
        account=account[:150],
        action=action[:32],
        subject=subject,
        values=values,
    )


def note_visitor(account: str, action: str, person: Person) -> None:
    """Keeps a line about a visitor, without the id: who knows it can tell by this."""
    note(account, action, VISITOR, site=person.site, fingerprint=person.fingerprint)


def note_erased(erased: Erased) -> None:
    """Keeps what became of an erasure; called in a thread of the stores."""
    person = erased.person
    try:
        note(
            SERVER,
            "erased",
            ERASED_IN_PART if erased.unreadable else ERASED,
            site=person.site,
            fingerprint=person.fingerprint,
            events=erased.events,
            files=erased.unreadable,
        )
    finally:
        connection.close()


def list_lines() -> list[AuditLine]:
    """The latest lines, newest first."""
    return list(AuditLine.objects.all()[:MOST_LINES])
