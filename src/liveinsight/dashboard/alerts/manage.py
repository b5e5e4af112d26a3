"""Alerts as their owner keeps them: made, changed, switched, tried and removed."""

from collections.abc import Sequence

import msgspec
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from liveinsight.dashboard import models
from liveinsight.dashboard.alerts.destination import read_destination
from liveinsight.dashboard.alerts.model import (
    MOST_ALERTS,
    MOST_EMAILS,
    NAME_CHARS,
    Definition,
    State,
    Watched,
    read_definition,
)
from liveinsight.dashboard.alerts.outbox import write_message
from liveinsight.dashboard.alerts.steps import News, Turn
from liveinsight.dashboard.alerts.webhook import make_secret
from liveinsight.dashboard.clock import now_ms
from liveinsight.errors import ConfigError


class Chosen(msgspec.Struct, frozen=True, kw_only=True):
    """What the owner writes."""

    name: str
    watched: Watched
    emails: Sequence[str] = ()
    webhook_url: str = ""
    language: str = "en"


def list_alerts(site: str) -> list[models.Alert]:
    """The site's alerts, by name."""
    return list(models.Alert.objects.filter(site=site))


def add_alert(site: str, chosen: Chosen) -> models.Alert:
    """Makes an alert, which is on.

    Raises:
        ConfigError: what is chosen does not do.
    """
    if models.Alert.objects.count() >= MOST_ALERTS:
        raise ConfigError(
            "there are %(most)s alerts already; remove one first", most=MOST_ALERTS
        )
    alert = models.Alert(site=site, secret=make_secret(), created_at=now_ms())
    return save_alert(alert, chosen)


def save_alert(alert: models.Alert, chosen: Chosen) -> models.Alert:
    """Changes the alert; with something else to watch it begins anew.

    Raises:
        ConfigError: what is chosen does not do; nothing is changed.
    """
    name = chosen.name.strip()[:NAME_CHARS]
    if not name:
        raise ConfigError("an alert needs a name")
    emails = check_emails(chosen.emails)
    if chosen.webhook_url:
        read_destination(chosen.webhook_url)
    definition = msgspec.to_builtins(
        Definition(watched=chosen.watched, language=chosen.language)
    )
    before = alert.definition if isinstance(alert.definition, dict) else {}
    if before.get("watched") != definition["watched"]:
        alert.state = msgspec.to_builtins(State())
    alert.name, alert.emails, alert.webhook_url = name, emails, chosen.webhook_url
    alert.kind = str(definition["watched"]["kind"])
    alert.definition = definition
    alert.save()
    return alert


def check_emails(emails: Sequence[str]) -> list[str]:
    """The addresses, each once.

    Raises:
        ConfigError: one is none, or there are too many.
    """
    found = list(dict.fromkeys(each.strip() for each in emails if each.strip()))
    if len(found) > MOST_EMAILS:
        raise ConfigError("at most %(most)s addresses of mail", most=MOST_EMAILS)
    for each in found:
        try:
            validate_email(each)
        except ValidationError:
            raise ConfigError(
                "%(name)r is no address of mail", name=each[:100]
            ) from None
    return found


def switch_alert(alert: models.Alert, *, is_on: bool) -> None:
    """Switches it on or off; on again, it begins anew."""
    alert.is_on = is_on
    alert.state = msgspec.to_builtins(State())
    alert.save(update_fields=["is_on", "state"])


def send_test(alert: models.Alert) -> None:
    """Puts a message to all whom the alert tells into the outbox, as a real one."""
    watched = read_definition(alert).watched
    write_message(alert, News(turn=Turn.TEST, watched=watched), now_ms())
