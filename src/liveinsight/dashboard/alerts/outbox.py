"""Messages and their delivery: written down first, then tried until they got through.

A message is sent at least once: killed between sending and noting, it goes out again
under the same id, by which a receiver tells.
"""

import datetime as dt
from collections.abc import Callable
from enum import StrEnum
from typing import Final

import msgspec
from django.conf import settings
from django.utils.translation import override

from liveinsight.core.limits import DAY, MINUTE, SECOND
from liveinsight.dashboard import models
from liveinsight.dashboard.alerts import mail
from liveinsight.dashboard.alerts.destination import UndeliveredError
from liveinsight.dashboard.alerts.model import read_definition
from liveinsight.dashboard.alerts.steps import News
from liveinsight.dashboard.alerts.webhook import Payload, Webhook, sign
from liveinsight.dashboard.alerts.words import tell

WAITS: Final = (1 * MINUTE, 5 * MINUTE, 30 * MINUTE, 2 * 60 * MINUTE)
"""Before the second try, the third…; after the last of them it is given up."""
KEPT: Final = 90 * DAY
NEWEST: Final = DAY
"""What is older is not tried any more."""
RUN_MS: Final = 5 * SECOND
"""No delivery begins later in one run: the server can stop soon at any time."""


class Way(StrEnum):
    """How somebody is told."""

    MAIL = "mail"
    WEBHOOK = "webhook"


class Progress(StrEnum):
    """What became of a delivery."""

    WAITING = "waiting"
    DONE = "done"
    FAILED = "failed"


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of a message's `delivered`."""

    way: Way
    to: str
    """An address of mail, or the webhook's."""
    progress: Progress = Progress.WAITING
    tries: int = 0
    at: int = 0
    """When it is tried next, or was tried last; ms."""
    said: str = ""
    """Why it failed, or what was answered."""


def write_message(alert: models.Alert, news: News, now: int) -> None:
    """Puts a message to all whom the alert tells into the outbox, in its language."""
    deliveries = [Delivery(way=Way.MAIL, to=str(each), at=now) for each in alert.emails]
    if alert.webhook_url:
        deliveries.append(Delivery(way=Way.WEBHOOK, to=alert.webhook_url, at=now))
    with override(read_definition(alert).language):
        text = tell(alert.site, news)
    models.AlertMessage.objects.create(
        alert=alert,
        at=now,
        kind=news.turn,
        text=text,
        news=msgspec.to_builtins(news),
        delivered=msgspec.to_builtins(deliveries),
    )


def retell(message: models.AlertMessage) -> str:
    """The message in the language in force; as it went out, where that is all there is."""
    if not message.news:
        return message.text
    return tell(message.alert.site, msgspec.convert(message.news, News))


def read_deliveries(message: models.AlertMessage) -> list[Delivery]:
    """How far the message is on each way."""
    return msgspec.convert(message.delivered, list[Delivery])


class Outbox:
    """Tries what is due; one run at a time."""

    def __init__(
        self, clock: Callable[[], int], webhook: Webhook | None = None
    ) -> None:
        self.clock = clock
        self.webhook = webhook or Webhook()

    def deliver(self) -> None:
        """One run: what is due, the oldest first, for a few seconds."""
        began = self.clock()
        for message in waiting_messages(began):
            deliveries = read_deliveries(message)
            for index, delivery in enumerate(deliveries):
                now = self.clock()
                if now - began >= RUN_MS:
                    return
                if delivery.progress is Progress.WAITING and delivery.at <= now:
                    deliveries[index] = self.try_one(message, delivery, now)
                    message.delivered = msgspec.to_builtins(deliveries)
                    message.save(update_fields=["delivered"])

    def try_one(
        self, message: models.AlertMessage, delivery: Delivery, now: int
    ) -> Delivery:
        """The delivery after one more try."""
        try:
            said = self.send(message, delivery, now)
        except UndeliveredError as error:
            return after_failure(delivery, str(error), now)
        return msgspec.structs.replace(
            delivery,
            progress=Progress.DONE,
            tries=delivery.tries + 1,
            at=now,
            said=said,
        )

    def send(self, message: models.AlertMessage, delivery: Delivery, now: int) -> str:
        """Sends the message on this way.

        Raises:
            UndeliveredError: it did not get through.
        """
        message_id = f"msg_{message.pk}_{message.at}"
        if delivery.way is Way.MAIL:
            subject = f"{message.alert.name} · {message.alert.site}"
            text = write_mail(message)
            return mail.send_mail(delivery.to, subject, text, message_id)
        body = write_payload(message)
        seconds = now // SECOND
        headers = {
            "webhook-id": message_id,
            "webhook-timestamp": str(seconds),
            "webhook-signature": sign(message.alert.secret, message_id, seconds, body),
        }
        return self.webhook.post(delivery.to, headers, body)


def after_failure(delivery: Delivery, said: str, now: int) -> Delivery:
    """The delivery that waits for its next try, or is given up."""
    tries = delivery.tries + 1
    if tries > len(WAITS):
        progress, at = Progress.FAILED, now
    else:
        progress, at = Progress.WAITING, now + WAITS[tries - 1]
    return msgspec.structs.replace(
        delivery, progress=progress, tries=tries, at=at, said=said
    )


def waiting_messages(now: int) -> list[models.AlertMessage]:
    """The messages of the last day that somebody has not got yet, oldest first."""
    recent = models.AlertMessage.objects.select_related("alert").filter(
        at__gt=now - NEWEST
    )
    return [
        message
        for message in recent.order_by("at", "pk")
        if any(
            each.progress is Progress.WAITING and each.at <= now
            for each in read_deliveries(message)
        )
    ]


def forget_old_messages(now: int) -> None:
    """Deletes what is older than the history keeps."""
    models.AlertMessage.objects.filter(at__lt=now - KEPT).delete()


def write_mail(message: models.AlertMessage) -> str:
    """The text of the e-mail; with a way to the page, where its address is known."""
    lines = [message.text]
    if settings.BASE_ADDRESS:
        lines.append(f"{settings.BASE_ADDRESS}/alerts/{message.alert.pk}/")
    return "\n\n".join(lines) + "\n"


def write_payload(message: models.AlertMessage) -> bytes:
    """The JSON that a webhook gets."""
    alert = message.alert
    moment = dt.datetime.fromtimestamp(message.at / 1000, dt.UTC)
    return msgspec.json.encode(
        Payload(
            type=f"alert.{message.kind}",
            timestamp=moment.isoformat(timespec="milliseconds"),
            data={
                "alert": alert.name,
                "site": alert.site,
                "kind": alert.kind,
                "text": message.text,
            },
        )
    )
