"""Messages: written down first, tried until they got through, never twice on purpose."""

import base64
import hashlib
import hmac
from collections.abc import Iterator
from email import message_from_bytes

import msgspec
import pytest
from django.conf import settings
from django.utils.translation import override

from liveinsight.core.limits import DAY, HOUR, MINUTE
from liveinsight.dashboard import runtime
from liveinsight.dashboard.alerts.manage import (
    Chosen,
    add_alert,
    save_alert,
    send_test,
)
from liveinsight.dashboard.alerts.model import Visitors, read_state
from liveinsight.dashboard.alerts.outbox import (
    Delivery,
    Outbox,
    Progress,
    forget_old_messages,
    read_deliveries,
    retell,
    write_message,
)
from liveinsight.dashboard.alerts.steps import News, Reading, Turn
from liveinsight.dashboard.alerts.watch import Watcher
from liveinsight.dashboard.alerts.words import explain_delivery
from liveinsight.dashboard.models import Alert, AlertMessage
from liveinsight.dashboard.sites import add_site
from liveinsight.errors import ConfigError, StoreUnavailable
from tests.dashboard.alerts.receivers import (
    HOST,
    Got,
    a_webhook,
    receiving,
    receiving_mail,
)
from tests.dashboard.pages import two_visits
from tests.dashboard.project import NOW, SITE, a_server

URL = f"https://{HOST}/T000/secret"
NEWS = News(
    turn=Turn.BEGAN,
    watched=Visitors(than=1),
    reading=Reading(value=2, is_over=True, is_calm=False),
)
REFUSES = b"HTTP/1.1 503 Busy\r\n\r\n"


@pytest.fixture(autouse=True)
def _fresh_alerts() -> Iterator[None]:
    Alert.objects.all().delete()
    add_site(SITE, "Asia/Seoul")
    yield
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    settings.EMAIL_HOST = ""


class Clock:
    """A clock that is set."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> int:
        return self.now


def an_alert(**chosen: object) -> Alert:
    """More than one visitor, told to a webhook."""
    fields = {"name": "Rush", "watched": Visitors(than=1), "webhook_url": URL}
    return add_alert(SITE, msgspec.convert(fields | chosen, Chosen))


def delivery_of(message: AlertMessage | None = None) -> Delivery:
    """The first delivery of the newest message."""
    shown = message or AlertMessage.objects.latest("pk")
    shown.refresh_from_db()
    return read_deliveries(shown)[0]


def use_mail_server(got: Got) -> None:
    """Sends mail through this server."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", got.port
    settings.EMAIL_USE_TLS = False


def test_a_rush_is_told_signed_once_and_its_end_once() -> None:
    alert, clock = an_alert(), Clock()
    a_server(two_visits())
    with receiving() as got:
        watcher = Watcher(clock, Outbox(clock, a_webhook(got)))
        for _ in range(5):
            watcher.look()
            watcher.deliver()
        assert len(got.requests) == 1
        said = msgspec.json.decode(got.body)
        assert said["type"] == "alert.began"
        assert said["data"]["site"] == SITE
        assert "2" in said["data"]["text"]
        check_signature(alert, got)
        clock.now += HOUR
        for _ in range(3):
            watcher.look()
            watcher.deliver()
    assert [msgspec.json.decode(got.body)["type"]] == ["alert.ended"]
    assert len(got.requests) == 2
    assert delivery_of().progress is Progress.DONE


def check_signature(alert: Alert, got: Got) -> None:
    """As a receiver does, by the specification."""
    signed = b"%b.%b.%b" % (
        got.headers["webhook-id"].encode(),
        got.headers["webhook-timestamp"].encode(),
        got.body,
    )
    key = base64.b64decode(alert.secret.removeprefix("whsec_"))
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest())
    assert got.headers["webhook-signature"] == "v1," + expected.decode()


def test_what_was_refused_is_tried_again_later_and_given_up_in_the_end() -> None:
    alert, clock = an_alert(), Clock()
    write_message(alert, NEWS, NOW)
    ids, tries = set(), []
    with receiving(REFUSES) as got:
        outbox = Outbox(clock, a_webhook(got))
        for minute in range(200):
            clock.now = NOW + minute * MINUTE
            before = got.connections
            outbox.deliver()
            if got.connections > before:
                tries.append(minute)
                ids.add(got.headers["webhook-id"])
    assert tries == [0, 1, 6, 36, 156]
    assert len(ids) == 1
    found = delivery_of()
    assert found.progress is Progress.FAILED
    assert found.said == "it answered 503"


def test_a_killed_server_goes_on_where_it_was() -> None:
    alert, clock = an_alert(), Clock()
    write_message(alert, NEWS, NOW)
    with receiving() as got:
        Outbox(clock, a_webhook(got)).deliver()
        Outbox(clock, a_webhook(got)).deliver()
    assert len(got.requests) == 1


def test_old_messages_are_neither_tried_nor_kept_for_ever() -> None:
    alert, clock = an_alert(), Clock()
    write_message(alert, NEWS, NOW - 2 * DAY)
    write_message(alert, NEWS, NOW - 91 * DAY)
    with receiving() as got:
        Outbox(clock, a_webhook(got)).deliver()
    assert got.connections == 0
    forget_old_messages(NOW)
    assert AlertMessage.objects.count() == 1


def test_one_who_is_not_reached_keeps_nobody_from_being_told() -> None:
    alert = an_alert(emails=["ada@example.com", "ben@example.com"])
    clock = Clock()
    write_message(alert, NEWS, NOW)
    with receiving() as got, receiving_mail(refuses=b"RCPT TO:<ADA") as mail:
        use_mail_server(mail)
        Outbox(clock, a_webhook(got)).deliver()
    found = read_deliveries(AlertMessage.objects.get())
    assert [each.progress for each in found] == ["waiting", "done", "done"]
    assert found[0].said == "the mail server refused the address"
    assert b"To: ben@example.com" in mail.requests[0]


def test_a_name_with_a_line_in_it_makes_no_header() -> None:
    name = "Rush\r\nBcc: eve@example.com"
    alert = an_alert(name=name, emails=["ada@example.com"], webhook_url="")
    write_message(alert, NEWS, NOW)
    with receiving_mail() as mail:
        use_mail_server(mail)
        Outbox(Clock()).deliver()
    head = mail.requests[0].partition(b"\r\n\r\n")[0].lower()
    assert b"\nbcc:" not in head
    assert b"auto-submitted: auto-generated" in head


def test_without_a_mail_server_it_is_said_so() -> None:
    alert = an_alert(emails=["ada@example.com"], webhook_url="")
    write_message(alert, NEWS, NOW)
    Outbox(Clock()).deliver()
    assert "LIVEINSIGHT_SMTP_HOST" in delivery_of().said


def test_a_mail_server_that_is_gone_is_tried_again() -> None:
    alert = an_alert(emails=["ada@example.com"], webhook_url="")
    write_message(alert, NEWS, NOW)
    with receiving_mail() as mail:
        use_mail_server(mail)
    Outbox(Clock()).deliver()
    assert delivery_of().progress is Progress.WAITING
    assert delivery_of().said == "the mail server is not reached"


def test_a_test_goes_the_way_of_a_real_message() -> None:
    alert, clock = an_alert(), Clock()
    send_test(alert)
    clock.now = AlertMessage.objects.get().at
    with receiving() as got:
        Outbox(clock, a_webhook(got)).deliver()
    assert msgspec.json.decode(got.body)["type"] == "alert.test"


def test_messages_go_out_in_the_language_of_the_alert() -> None:
    clock = Clock()
    alert = an_alert(language="ko", emails=["ada@example.com"])
    write_message(alert, NEWS, NOW)
    with receiving() as got, receiving_mail() as mail:
        use_mail_server(mail)
        Outbox(clock, a_webhook(got)).deliver()
    korean = f"{SITE}: 현재 방문자 1명 초과. 현재 2명입니다."
    assert msgspec.json.decode(got.body)["data"]["text"] == korean
    mailed = message_from_bytes(mail.requests[0])
    body = mailed.get_payload(decode=True)
    assert isinstance(body, bytes)
    assert body.decode().startswith(korean)
    english = f"{SITE}: More than 1 current visitors. Now: 2."
    message = AlertMessage.objects.get()
    assert retell(message) == english
    message.news = {}
    assert retell(message) == korean


def test_a_change_of_language_begins_no_alert_anew() -> None:
    alert = an_alert()
    alert.state = {"is_firing": True}
    save_alert(alert, Chosen(name="Rush", watched=Visitors(than=1), language="ko"))
    assert read_state(alert).is_firing


@pytest.mark.parametrize(
    "chosen",
    [
        {"name": "  "},
        {"emails": ["ada"]},
        {"emails": ["ada@example.com\nBcc: eve@example.com"]},
        {"emails": [f"ada{number}@example.com" for number in range(11)]},
        {"webhook_url": "https://127.0.0.1/"},
        {"webhook_url": "http://hooks.example.com/"},
    ],
)
def test_an_alert_that_does_not_do_is_not_kept(chosen: dict[str, object]) -> None:
    with pytest.raises(ConfigError):
        an_alert(**chosen)
    assert not Alert.objects.exists()


def test_what_is_off_or_of_no_site_is_not_looked_at() -> None:
    a_server(two_visits())
    off = an_alert()
    Alert.objects.filter(pk=off.pk).update(is_on=False)
    other = add_alert("gone.example", Chosen(name="x", watched=Visitors(than=1)))
    watcher = Watcher(Clock())
    watcher.look()
    for alert in (off, other):
        alert.refresh_from_db()
        assert read_state(alert).looked_at == 0


def test_an_alert_that_changed_meanwhile_keeps_its_new_state() -> None:
    alert = an_alert()
    a_server(two_visits())
    stale = Alert.objects.get()
    Alert.objects.filter(pk=alert.pk).update(
        definition={"watched": {"kind": "visitors", "than": 9}, "language": "en"}
    )
    Watcher(Clock()).look_at(stale, "UTC")
    alert.refresh_from_db()
    assert read_state(alert).looked_at == 0


def test_one_broken_alert_stops_no_other() -> None:
    broken, sound = an_alert(), an_alert()
    Alert.objects.filter(pk=broken.pk).update(definition={"watched": {"kind": "odd"}})
    a_server(two_visits())
    Watcher(Clock()).look()
    sound.refresh_from_db()
    assert read_state(sound).looked_at == NOW


def test_while_the_warehouse_is_away_nothing_is_told() -> None:
    alert = an_alert()

    class Away:
        """A warehouse that is being replaced."""

        def query(self, *_: object) -> list[object]:
            raise StoreUnavailable("away")

    server = msgspec.structs.replace(runtime.current(), reader=Away())
    runtime.bind(server)
    Watcher(Clock()).look()
    alert.refresh_from_db()
    assert read_state(alert).looked_at == 0


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("it answered 503", "응답 503"),
        ("the host is not public", "공개된 호스트가 아님"),
        ("something %(else)s 7", "something %(else)s 7"),
        ("", ""),
    ],
)
def test_what_became_of_a_delivery_is_said_in_the_readers_language(
    said: str, shown: str
) -> None:
    with override("ko"):
        assert explain_delivery(said) == shown
