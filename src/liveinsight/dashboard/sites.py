"""The configured sites: for the door, the pages and the command line."""

import zoneinfo
from collections.abc import Iterable

from liveinsight.core.site import Site, Sites, site_id, sites_of
from liveinsight.dashboard import models
from liveinsight.dashboard.clock import now_ms
from liveinsight.errors import ConfigError


def load_sites() -> Sites:
    """The sites as the door and the query layer take them; one short select."""
    return sites_of(plain_site(row) for row in models.Site.objects.all())


def plain_site(row: models.Site) -> Site:
    """The row as a value."""
    return Site(
        id=row.domain,
        timezone=row.timezone,
        allowed_origins=tuple(row.allowed_origins),
        excluded_addresses=tuple(row.excluded_addresses),
        keep_addresses=row.keep_addresses,
    )


def add_site(domain: str, timezone: str = "UTC", name: str = "") -> str:
    """Adds a site; returns its id.

    Raises:
        ConfigError: no host name, no IANA time zone, or the site is there already.
    """
    site = site_id(domain)
    if not site:
        raise ConfigError("%(name)r is no host name, as in shop.example", name=domain)
    check_timezone(timezone)
    _, is_new = models.Site.objects.get_or_create(
        domain=site,
        defaults={"timezone": timezone, "name": name.strip(), "created_at": now_ms()},
    )
    if not is_new:
        raise ConfigError("the site %(name)s is there already", name=site)
    return site


def follow_stack(sites: Iterable[Site]) -> None:
    """Makes the sites those of a stack; names and time zones stay as chosen here."""
    wanted = {site.id: site for site in sites}
    models.Site.objects.exclude(domain__in=wanted).delete()
    for site in wanted.values():
        chosen = {
            "allowed_origins": list(site.allowed_origins),
            "excluded_addresses": list(site.excluded_addresses),
            "keep_addresses": site.keep_addresses,
        }
        new = {"timezone": site.timezone, "created_at": now_ms()}
        models.Site.objects.update_or_create(
            domain=site.id, defaults=chosen, create_defaults=chosen | new
        )


def list_sites() -> list[Site]:
    """The sites, by domain."""
    return list(load_sites().by_id.values())


def remove_site(domain: str) -> None:
    """Stops collecting for a site; what was collected stays.

    Raises:
        ConfigError: there is no such site.
    """
    removed, _ = models.Site.objects.filter(domain=site_id(domain)).delete()
    if not removed:
        raise ConfigError("there is no site %(name)r", name=domain)


def check_timezone(name: str) -> None:
    """Raises ConfigError for what is no IANA time zone."""
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise ConfigError(
            "%(name)r is no time zone, as in Asia/Seoul", name=name
        ) from None
