"""What stands between requests: sites, recent ids, hosts seen, budgets, settings."""

from collections.abc import Callable, Iterable

import msgspec

from liveinsight.collect.recent import RecentIds
from liveinsight.core import limits
from liveinsight.core.country import NOWHERE, Place
from liveinsight.core.outcome import Outcome
from liveinsight.core.site import Sites

_SAMPLES_AN_HOUR = 20
_KNOCKS = 100


class DoorSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How the owner set up the door; durations are ms.

    `trusted_proxies` are addresses or networks whose `X-Forwarded-For` and
    `country_headers` (lower case, the first that answers) are believed.
    """

    trusted_proxies: tuple[str, ...] = ()
    country_headers: tuple[str, ...] = (
        "cf-ipcountry",
        "cloudfront-viewer-country",
        "x-vercel-ip-country",
        "x-country-code",
    )
    clock_ahead: int = limits.CLOCK_AHEAD
    clock_behind: int = limits.CLOCK_BEHIND


class KnownHosts:
    """The hosts kept while no site is configured, and those that knock in vain."""

    def __init__(self, hosts: Iterable[str] = ()) -> None:
        self._admitted = set(hosts)
        self._knocked: set[str] = set()

    def __contains__(self, host: str) -> bool:
        return host in self._admitted

    def admit(self, host: str) -> bool:
        """Whether events of this host are kept: those of the first 100 are."""
        if host in self._admitted:
            return True
        if len(self._admitted) >= limits.HOSTS_BEFORE_A_SITE:
            return False
        self._admitted.add(host)
        return True

    def knock(self, host: str) -> str:
        """The name under which an unknown host is counted; "" beyond the first 100."""
        if host not in self._knocked:
            if len(self._knocked) >= _KNOCKS:
                return ""
            self._knocked.add(host)
        return host


class SampleBudget:
    """At most 20 kept samples an hour of each (outcome, reason)."""

    def __init__(self) -> None:
        self._hour = 0
        self._kept: dict[tuple[Outcome, str], int] = {}

    def take(self, outcome: Outcome, reason: str, now: int) -> bool:
        """Whether one more sample may be kept."""
        if now // limits.HOUR != self._hour:
            self._hour = now // limits.HOUR
            self._kept.clear()
        kept = self._kept.get((outcome, reason), 0)
        self._kept[outcome, reason] = kept + 1
        return kept < _SAMPLES_AN_HOUR


class Door:
    """One door's state. `sites` is replaced as a whole when sites change."""

    def __init__(
        self,
        settings: DoorSettings | None = None,
        *,
        sites: Sites | None = None,
        place_of: Callable[[str], Place] = lambda _: NOWHERE,
        hosts: Iterable[str] = (),
    ) -> None:
        self.settings = settings or DoorSettings()
        self.sites = sites or Sites()
        self.place_of = place_of
        self.hosts = KnownHosts(hosts)
        self.recent = RecentIds()
        self.samples = SampleBudget()
