"""The start of Django on one data folder: for the server and the command line."""

from typing import Final
from urllib.parse import urlsplit

from liveinsight.config.defaults import choose_mail_sender
from liveinsight.config.settings import Config
from liveinsight.dashboard.configuration import (
    LOOPBACK_HOSTS,
    Configuration,
    Mail,
    configure,
)
from liveinsight.data_dir import DataDir

EVERY_INTERFACE: Final = ("0.0.0.0", "::")  # noqa: S104 (compared with, not bound)


def open_app(config: Config, data: DataDir) -> Configuration:
    """Starts Django on the folder's app.sqlite3, migrated; returns its configuration."""
    configuration = Configuration(
        secret_key=data.secret("django"),
        database=data.app,
        hosts=(*LOOPBACK_HOSTS, *hosts_of(config)),
        https=config.is_https,
        trusted_proxies=config.trusted_proxies,
        base_address=config.base_url.rstrip("/"),
        mail=Mail(
            host=config.smtp_host,
            port=config.smtp_port,
            security=config.smtp_security,
            user=config.smtp_user,
            password=config.smtp_password,
            sender=choose_mail_sender(config),
        ),
        api_requests_per_minute=config.api_requests_per_minute,
    )
    configure(configuration)
    from django.core.management import call_command

    call_command("migrate", interactive=False, verbosity=0)
    return configuration


def hosts_of(config: Config) -> tuple[str, ...]:
    """The host names that the dashboard answers to, besides loopback's.

    Who listens on every interface and names no base address is reached by names
    that are not known here: any is taken.
    """
    if config.base_url:
        named = urlsplit(config.base_url).hostname or ""
        return (*config.allowed_hosts, named)
    if config.allowed_hosts:
        return config.allowed_hosts
    return ("*",) if config.host in EVERY_INTERFACE else (config.host,)
