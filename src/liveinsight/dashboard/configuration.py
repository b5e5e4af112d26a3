"""What the owner decides about the dashboard, and the start of Django with it."""

from pathlib import Path

import django
import msgspec
from django.conf import settings

LOOPBACK_HOSTS = ("localhost", "127.0.0.1", "[::1]")


class Mail(msgspec.Struct, frozen=True, kw_only=True):
    """The owner's mail server."""

    host: str = ""
    """ "" is none."""
    port: int = 587
    security: str = "starttls"
    """`starttls`, `tls` or `none`."""
    user: str = ""
    password: str = ""
    sender: str = "LiveInsight <liveinsight@localhost>"


class Configuration(msgspec.Struct, frozen=True, kw_only=True):
    """The choices that settings.py is made from."""

    secret_key: str = ""
    """At least 50 characters; serve.py keeps it in an owner-only file."""
    database: Path = Path("app.sqlite3")
    hosts: tuple[str, ...] = LOOPBACK_HOSTS
    """The host names that the dashboard answers to; `*` is all."""
    https: bool = False
    """Everybody comes by https: plain http is sent there, and browsers are told
    to stay (HSTS). Without it, each request goes by its own scheme."""
    trusted_proxies: tuple[str, ...] = ()
    """Addresses or networks whose X-Forwarded-Proto and -For are believed."""
    api_requests_per_minute: int = 600
    """Of API v1, by each key or account."""
    base_address: str = ""
    """Under which messages lead here, without a slash at the end; "" is not known."""
    mail: Mail = Mail()
    debug: bool = False


_chosen: list[Configuration] = []


def chosen() -> Configuration:
    """The configuration in force; settings.py reads it once."""
    return _chosen[-1] if _chosen else Configuration()


def configure(configuration: Configuration) -> None:
    """Starts Django with these choices, once in a process.

    Call it before importing any model.
    """
    _chosen.append(configuration)
    if not settings.configured:
        from liveinsight.dashboard import settings as module

        names = (name for name in dir(module) if name.isupper())
        settings.configure(**{name: getattr(module, name) for name in names})
    django.setup()
