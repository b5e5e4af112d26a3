"""Sites: which one an event belongs to, and what each of them asks of the door."""

from collections.abc import Iterable, Mapping
from functools import lru_cache

import msgspec

from liveinsight.core.address import is_within
from liveinsight.core.url import host_of


@lru_cache(maxsize=4096)
def site_id(text: str) -> str:
    """The id of a site: its domain, lower case, no `www.`, no port; "" if no host."""
    return host_of(text.strip())


class Site(msgspec.Struct, frozen=True):
    """One tracked property.

    `allowed_origins` and `excluded_addresses` (addresses or networks) are off while
    empty; `timezone` cuts its days and hours.
    """

    id: str
    timezone: str = "UTC"
    allowed_origins: tuple[str, ...] = ()
    excluded_addresses: tuple[str, ...] = ()
    keep_addresses: bool = False

    def allows(self, origin: str | None) -> bool:
        """Whether pages of `origin` may send events; all may while none is listed."""
        if not self.allowed_origins:
            return True
        return origin is not None and _plain(origin) in map(
            _plain, self.allowed_origins
        )

    def excludes(self, address: str) -> bool:
        """Whether events from `address` are not counted."""
        return bool(self.excluded_addresses) and is_within(
            address, self.excluded_addresses
        )


def _plain(origin: str) -> str:
    return origin.rstrip("/").lower()


class Sites(msgspec.Struct, frozen=True):
    """The configured sites, by id."""

    by_id: Mapping[str, Site] = {}

    @property
    def configured(self) -> bool:
        """Whether there is any; while there is none, every host is accepted."""
        return bool(self.by_id)

    def find(self, named: str | None, host: str | None) -> str | None:
        """The site that is named, else the host's own or its closest parent's.

        Who names a site means that one: if it is not configured, no other will do.
        """
        if named:
            return named if named in self.by_id else None
        while host:
            if host in self.by_id:
                return host
            host = host.partition(".")[2]
        return None

    def get(self, site: str) -> Site:
        """The site's wishes; those of a plain site where it is not configured."""
        return self.by_id.get(site) or Site(site)

    def restricted_to(self, origin: str) -> bool:
        """Whether any site lists this origin."""
        return any(
            site.allowed_origins and site.allows(origin) for site in self.by_id.values()
        )


def sites_of(sites: Iterable[Site]) -> Sites:
    """The value that the door is given."""
    return Sites({site.id: site for site in sites})
