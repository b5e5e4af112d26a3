"""Which site an event belongs to, and whether that site takes it."""

import msgspec

from liveinsight.collect.door import Door
from liveinsight.collect.enrich import Client
from liveinsight.collect.http import ANY_ORIGIN, cors_for
from liveinsight.core.event import RawEvent
from liveinsight.core.outcome import DropReason
from liveinsight.core.site import Site, site_id
from liveinsight.core.url import split_url
from liveinsight.errors import PayloadError


class Hint(msgspec.Struct, frozen=True):
    """What can be read of an event that is rejected."""

    event_id: object = None
    site: object = None
    page_url: object = None


_HINT = msgspec.json.Decoder(Hint)


def read_hint(raw: bytes) -> Hint:
    """What can be read of the rejected event."""
    try:
        return _HINT.decode(raw)
    except (ValueError, RecursionError):  # both of msgspec's errors are ValueErrors
        return Hint()


class Admission:
    """What the sites say to the events of one request. `cors` is for its answer."""

    def __init__(self, door: Door, client: Client) -> None:
        self._door = door
        self._client = client
        self._reasons: dict[str, DropReason | None] = {}
        self.cors = ANY_ORIGIN

    def find_site(self, event: RawEvent) -> str | None:
        """The site of an event, None if none will have it.

        Raises:
            PayloadError: it names no site and has no page to find one by.
        """
        named, host = _asked_for(event)
        door = self._door
        if door.sites.configured:
            return door.sites.find(named, host)
        candidate = named or host or ""
        is_kept = candidate in door.hosts or (
            not self._client.device.is_bot and door.hosts.admit(candidate)
        )
        return candidate if is_kept else None

    def reason_on(self, site: str) -> DropReason | None:
        """Why events of this request on `site` are dropped; None if they are not."""
        if site not in self._reasons:
            self._reasons[site] = self._judge(self._door.sites.get(site))
        return self._reasons[site]

    def _judge(self, site: Site) -> DropReason | None:
        client = self._client
        is_allowed = site.allows(client.origin)
        if site.allowed_origins:
            listed = client.origin if is_allowed else None
            self.cors = cors_for(listed or site.allowed_origins[0])
        if client.device.is_bot:
            return DropReason.BOT
        if site.excludes(client.address):
            return DropReason.EXCLUDED_ADDRESS
        return None if is_allowed else DropReason.ORIGIN_NOT_ALLOWED

    def refuse_stranger(self, event: RawEvent) -> tuple[str, DropReason]:
        """The name to count an event under that no site will have, and the reason."""
        if self._client.device.is_bot:
            return "", DropReason.BOT
        named, host = _asked_for(event)
        return self._door.hosts.knock(named or host or ""), DropReason.UNKNOWN_SITE

    def site_of_rejected(self, hint: Hint) -> str:
        """The known site to count a rejected event under; "" if there is none."""
        named = site_id(hint.site) if isinstance(hint.site, str) else None
        page = split_url(hint.page_url) if isinstance(hint.page_url, str) else None
        host = None if page is None else page.host
        door = self._door
        if door.sites.configured:
            return door.sites.find(named, host) or ""
        candidate = named or host or ""
        return candidate if candidate in door.hosts else ""


def _asked_for(event: RawEvent) -> tuple[str | None, str | None]:
    """The site that an event names, and the host of its page.

    Raises:
        PayloadError: there is neither.
    """
    named = None
    if event.site:
        named = site_id(event.site)
        if not named:
            raise PayloadError("site", "must be a domain")
    page = split_url(event.page_url) if event.page_url else None
    host = None if page is None else page.host
    if named is None and host is None:
        raise PayloadError("site", "must be given, or else page_url")
    return named, host
