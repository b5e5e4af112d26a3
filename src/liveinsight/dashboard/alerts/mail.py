"""A message as an e-mail of plain text, through the owner's mail server."""

import smtplib
from typing import Final

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.utils.translation import gettext_noop

from liveinsight.dashboard.alerts.destination import UndeliveredError

SUBJECT_CHARS: Final = 120


def is_configured() -> bool:
    """Whether there is a mail server to send through."""
    return bool(settings.EMAIL_HOST)


def send_mail(address: str, subject: str, text: str, message_id: str) -> str:
    """Sends it; returns what to note of the success.

    Raises:
        UndeliveredError: the server did not take it.
    """
    if not is_configured():
        raise UndeliveredError("no mail server is set: LIVEINSIGHT_SMTP_HOST")
    # One line: what an owner writes into a name must not become a header.
    line = " ".join(subject.split())[:SUBJECT_CHARS]
    mail = EmailMessage(
        line,
        text,
        settings.DEFAULT_FROM_EMAIL,
        [address],
        headers={"Auto-Submitted": "auto-generated", "X-LiveInsight-Id": message_id},
        connection=get_connection(fail_silently=False),
    )
    try:
        mail.send()
    except smtplib.SMTPAuthenticationError:
        raise UndeliveredError("the mail server refused name or password") from None
    except smtplib.SMTPRecipientsRefused:
        raise UndeliveredError("the mail server refused the address") from None
    except smtplib.SMTPResponseException as error:
        raise UndeliveredError(
            "the mail server answered %(number)s", number=error.smtp_code
        ) from None
    except (OSError, smtplib.SMTPException, ValueError):
        raise UndeliveredError("the mail server is not reached") from None
    return gettext_noop("the mail server took it")
