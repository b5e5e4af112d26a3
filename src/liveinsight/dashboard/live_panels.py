"""The live page's panels: one computation for all who watch the same.

Called from threads; `computing` of a group is held during its question, no other lock.
"""

import logging
from collections.abc import Callable

import msgspec

from liveinsight.core.ports import Reader
from liveinsight.dashboard.live_group import Group
from liveinsight.dashboard.rights import Watch
from liveinsight.errors import StoreUnavailable
from liveinsight.query.live import live_panels

logger = logging.getLogger("liveinsight.live")


class LivePanels:
    """Asks the warehouse for panels; `read_at`: when what it knows of now was read."""

    def __init__(
        self,
        reader: Reader,
        clock: Callable[[], int],
        backlog: Callable[[], int],
        read_at: Callable[[], int],
    ) -> None:
        self.reader = reader
        self.clock = clock
        self.backlog = backlog
        self.read_at = read_at
        self.failing = False

    def compute(self, group: Group) -> bytes | None:
        """The message of panels, at most a second old; None while there is no warehouse.

        However many ask at once, one computes and the others take its result.
        """
        with group.computing:
            now = self.clock()
            is_due = group.is_due(now, is_applied=not self.backlog())
            if group.panels is not None and not is_due:
                return group.panels
            group.computed_at = now
            had_news, group.has_news = group.has_news, False
            if had_news and self.backlog():  # this question comes too early for it
                group.has_news = True
            try:
                said = self.ask(group.watch, now)
            except StoreUnavailable:
                return None
            except Exception:
                if not self.failing:  # one line for a row of failures
                    logger.exception("The live panels failed")
                self.failing = True
                return None
            self.failing = False
            group.compute_ms = self.clock() - now
            group.panels = b'{"sent_at":%d,"backlog_events":%d,"panels":%b}' % (
                self.read_at(),
                self.backlog(),
                said,
            )
            return group.panels

    def ask(self, watch: Watch, now: int) -> bytes:
        """The panels as JSON: one round of questions to the warehouse."""
        panels = live_panels(watch.site, watch.filters, now, self.reader)
        if watch.link_id is not None:
            panels = msgspec.structs.replace(panels, sessions=[])
        return msgspec.json.encode(panels)
