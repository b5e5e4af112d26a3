"""The demo's past: a month of visits, loaded before the server answers."""

import time
from typing import Final

import click

from liveinsight.core.limits import DAY, HOUR, SECOND
from liveinsight.core.ports import Reader
from liveinsight.demo.catalogue import SITE
from liveinsight.demo.history import DAYS, month_of_history
from liveinsight.store.applier import Applier
from liveinsight.store.inbox import Inbox

GAP: Final = HOUR
"""A demo that was off for longer has this time filled with visits, too."""


def load_history(inbox: Inbox, reader: Reader, applier: Applier) -> int:
    """The number of events loaded: those after the newest that is there.

    So a load that was interrupted goes on where it was.
    """
    now = int(time.time() * SECOND)
    newest = find_newest(reader)
    if newest > now - GAP:
        return 0
    loaded, at = 0, max(newest, now - DAYS * DAY)
    with click.progressbar(length=now - at, label="Loading a month of visits") as bar:
        for chunk in month_of_history(now):
            events = [event for event in chunk if event.time > newest]
            if not events:
                continue
            inbox.append(events)
            applier.apply_waiting()
            loaded += len(events)
            reached = max(at, events[-1].time)
            bar.update(reached - at)
            at = reached
        bar.update(now - at)
    return loaded


def find_newest(reader: Reader) -> int:
    """The time of the shop's newest event, ms; 0 where there is none."""
    ((newest,),) = reader.query(
        "select coalesce(max(time), 0) from events where site = ?", (SITE,)
    )
    return int(str(newest))
