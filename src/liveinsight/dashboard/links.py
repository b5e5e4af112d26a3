"""The shared links of a site: made, listed and revoked. What they open is in shares."""

import datetime as dt
import secrets
from typing import Final

import msgspec
from django.contrib.auth.hashers import make_password
from django.utils.translation import gettext_noop

from liveinsight.dashboard import models
from liveinsight.dashboard.audit import note
from liveinsight.dashboard.clock import now_ms
from liveinsight.errors import ConfigError
from liveinsight.query.buckets import find_zone, start_of_day

SLUG_BYTES: Final = 16
"""Random: the link is the secret."""
MOST_LINKS: Final = 100
NAME_CHARS: Final = 100
PASSWORD_CHARS: Final = (8, 128)


class NewLink(msgspec.Struct, frozen=True, kw_only=True):
    """What the owner chooses."""

    site: str
    name: str
    segment: models.Segment | None = None
    password: str = ""
    last_day: dt.date | None = None
    """In the site's time zone; None: until it is revoked."""
    timezone: str = "UTC"
    is_embeddable: bool = False


def add_link(chosen: NewLink, account: str) -> models.SharedLink:
    """Makes a link; `account` is who does.

    Raises:
        ConfigError: what is chosen does not do.
    """
    name = chosen.name.strip()[:NAME_CHARS]
    if not name:
        raise ConfigError("a link needs a name that says whom it is for")
    if len(list_links(chosen.site)) >= MOST_LINKS:
        raise ConfigError(
            "a site has at most %(most)s links; revoke one first", most=MOST_LINKS
        )
    if chosen.is_embeddable and chosen.password:
        # A frame on another site gets no cookie that would say it was given.
        raise ConfigError("an embedded page cannot ask for a password: choose one")
    least, most = PASSWORD_CHARS
    if chosen.password and not least <= len(chosen.password) <= most:
        raise ConfigError(
            "the password has %(least)s to %(most)s characters", least=least, most=most
        )
    now = now_ms()
    link = models.SharedLink.objects.create(
        site=chosen.site,
        name=name,
        slug=secrets.token_urlsafe(SLUG_BYTES),
        segment=chosen.segment,
        password_hash=make_password(chosen.password) if chosen.password else "",
        is_embeddable=chosen.is_embeddable,
        created_at=now,
        expires_at=end_of(chosen, now),
    )
    write_down(account, "share", link)
    return link


def end_of(chosen: NewLink, now: int) -> int | None:
    """The end of the last day, ms.

    Raises:
        ConfigError: it is over.
    """
    if chosen.last_day is None:
        return None
    following = chosen.last_day + dt.timedelta(days=1)
    end = start_of_day(following, find_zone(chosen.timezone))
    if end <= now:
        raise ConfigError("the last day is over")
    return end


def list_links(site: str) -> list[models.SharedLink]:
    """The site's links that were not revoked, by name; also those that have ended."""
    return list(
        models.SharedLink.objects.select_related("segment").filter(
            site=site, revoked_at__isnull=True
        )
    )


def revoke_link(link_id: int, account: str) -> None:
    """Ends the link for good: at once for pages, within a minute for open live pages.

    Raises:
        ConfigError: there is no such link in force.
    """
    link = models.SharedLink.objects.filter(pk=link_id, revoked_at__isnull=True).first()
    if link is None:
        raise ConfigError("there is no such link")
    link.revoked_at = now_ms()
    link.save(update_fields=["revoked_at"])
    write_down(account, "revoke", link)


def write_down(account: str, action: str, link: models.SharedLink) -> None:
    """A line of the audit; never the link itself."""
    said = gettext_noop("shared link %(name)r of %(site)s")
    note(account, action, said, name=link.name, site=link.site)
