"""What somebody did and cannot undo, kept for whoever asks later."""

import time
from typing import Final

from django.db import connection

from liveinsight.dashboard.models import AuditLine
from liveinsight.store.eraser import Erased
from liveinsight.store.person import Person

COMMAND_LINE: Final = "command line"
SERVER: Final = "LiveInsight"
MOST_LINES: Final = 500


def note(account: str, action: str, subject: str) -> None:
    """Keeps a line; `subject` never names a visitor."""
    AuditLine.objects.create(
        at=time.time_ns() // 1_000_000,
        account=account[:150],
        action=action[:32],
        subject=subject[:300],
    )


def describe(person: Person) -> str:
    """A visitor, without the id: who knows it can tell by the fingerprint."""
    return f"{person.site}, visitor {person.fingerprint}"


def note_erased(erased: Erased) -> None:
    """Keeps what became of an erasure; called in a thread of the stores."""
    said = f"{describe(erased.person)}: {erased.events} events"
    if erased.unreadable:
        said += f", {erased.unreadable} broken files of the archive left"
    try:
        note(SERVER, "erased", said)
    finally:
        connection.close()


def list_lines() -> list[AuditLine]:
    """The latest lines, newest first."""
    return list(AuditLine.objects.all()[:MOST_LINES])
