"""The jobs of alerts: look each minute, write down what begins and ends, deliver."""

import logging
from collections.abc import Callable
from typing import Final

import msgspec
from django.db import close_old_connections, transaction

from liveinsight.dashboard import models, runtime
from liveinsight.dashboard.alerts.model import read_definition, read_state
from liveinsight.dashboard.alerts.outbox import (
    Outbox,
    forget_old_messages,
    write_message,
)
from liveinsight.dashboard.alerts.readings import Look, read
from liveinsight.dashboard.alerts.steps import News, step
from liveinsight.dashboard.sites import load_sites
from liveinsight.errors import LiveInsightError, StoreUnavailable

log = logging.getLogger("liveinsight.alerts")

LOOK_EVERY: Final = 60
DELIVER_EVERY: Final = 5
"""Seconds."""


class Watcher:
    """Looks at all alerts; made when the server begins."""

    def __init__(self, clock: Callable[[], int], outbox: Outbox | None = None) -> None:
        self.clock = clock
        self.up_since = clock()
        self.outbox = outbox or Outbox(clock)
        self.failing: set[int] = set()

    def look(self) -> None:
        """One look at every alert that is on; what fails in one stops no other."""
        try:
            sites = load_sites()
            for alert in models.Alert.objects.filter(is_on=True):
                site = sites.by_id.get(alert.site)
                if site is not None:
                    self.try_looking(alert, site.timezone)
            forget_old_messages(self.clock())
        except StoreUnavailable:
            return  # being rebuilt or closed: nothing is known now
        finally:
            close_old_connections()

    def try_looking(self, alert: models.Alert, timezone: str) -> None:
        """As look_at; logs the first of a row of failures."""
        try:
            self.look_at(alert, timezone)
        except StoreUnavailable:
            raise
        except (LiveInsightError, msgspec.MsgspecError):
            if alert.pk not in self.failing:
                log.exception("An alert cannot be judged", extra={"alert": alert.pk})
            self.failing.add(alert.pk)
        else:
            self.failing.discard(alert.pk)

    def look_at(self, alert: models.Alert, timezone: str) -> None:
        """One look at one alert."""
        definition, state = read_definition(alert), read_state(alert)
        now = self.clock()
        look = Look(
            site=alert.site,
            timezone=timezone,
            now=now,
            up_since=self.up_since,
            state=state,
            server=runtime.current(),
        )
        watched = definition.watched
        reading = read(watched, look)
        changed, turn = step(state, reading, now)
        # Only if nobody has changed the alert meanwhile.
        unchanged = models.Alert.objects.filter(
            pk=alert.pk, definition=alert.definition, is_on=True
        )
        with transaction.atomic():  # killed in between, nothing is lost or told twice
            is_kept = unchanged.update(state=msgspec.to_builtins(changed))
            if is_kept and turn is not None and reading is not None:
                news = News(
                    turn=turn, watched=watched, reading=reading, timezone=timezone
                )
                write_message(alert, news, now)

    def deliver(self) -> None:
        """Tries the messages that are due."""
        try:
            self.outbox.deliver()
        finally:
            close_old_connections()
