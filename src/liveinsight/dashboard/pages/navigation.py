"""The ways from any page to the others: the reports, and what is set up once."""

from typing import Final
from urllib.parse import urlencode

import msgspec
from django.http import HttpRequest
from django.urls import get_script_prefix, resolve, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from liveinsight.dashboard.shares import opens, share_of

CARRIED: Final = (
    *("f", "period", "from", "to", "compare", "compare_from", "compare_to"),
    "theme",  # of an embedded page
)
"""What one report hands on to the next: it is asked about the same."""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A page that can be gone to; `within` are the routes that belong to it."""

    route: str
    label: str
    within: tuple[str, ...] = ()


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """An entry as shown."""

    label: str
    address: str
    is_here: bool
    key: str
    """The key that goes there; "" is none."""


REPORTS: Final = (
    Entry(route="live", label=gettext_noop("Live")),
    Entry(
        route="statistics",
        label=gettext_noop("Statistics"),
        within=("breakdown",),
    ),
    Entry(
        route="funnels",
        label=gettext_noop("Funnels"),
        within=("funnel", "add-funnel", "edit-funnel"),
    ),
    Entry(route="journeys", label=gettext_noop("Journeys")),
    Entry(route="retention", label=gettext_noop("Retention")),
    Entry(
        route="sessions",
        label=gettext_noop("Sessions"),
        within=("session", "visitor", "erase-visitor"),
    ),
)
SETTINGS: Final = (
    Entry(route="sites", label=gettext_noop("Sites"), within=("site", "add-site")),
    Entry(route="goals", label=gettext_noop("Goals"), within=("goal", "add-goal")),
    Entry(
        route="segments",
        label=gettext_noop("Segments"),
        within=("segment", "add-segment"),
    ),
    Entry(route="links", label=gettext_noop("Shared links")),
    Entry(
        route="alerts",
        label=gettext_noop("Alerts"),
        within=("alert", "add-alert"),
    ),
    Entry(route="data", label=gettext_noop("Import and export"), within=("imported",)),
    Entry(route="keys", label=gettext_noop("API keys"), within=("api",)),
    Entry(route="audit", label=gettext_noop("Audit log")),
)


def list_reports(request: HttpRequest, site: str) -> list[Way]:
    """The reports, about what this page is about."""
    carried = [(name, value) for name in CARRIED for value in request.GET.getlist(name)]
    if share_of(request) is not None:
        return list_ways(request, REPORTS, write_pairs(carried))
    query = write_pairs(name_site(site) + carried)
    return list_ways(request, REPORTS, query, keys="123456789")


def list_settings(request: HttpRequest, site: str) -> list[Way]:
    """What is set up once."""
    return list_ways(request, SETTINGS, write_pairs(name_site(site)))


def name_site(site: str) -> list[tuple[str, str]]:
    """The parameter of the site, where there is one."""
    return [("site", site)] if site else []


def write_pairs(pairs: list[tuple[str, str]]) -> str:
    """`?…`; "" where there is nothing to say."""
    return "?" + urlencode(pairs, safe=":/") if pairs else ""


def list_ways(
    request: HttpRequest,
    entries: tuple[Entry, ...],
    query: str,
    *,
    keys: str = "",
) -> list[Way]:
    """The entries; by a shared link, those that it opens."""
    at = request.resolver_match.url_name if request.resolver_match else None
    share = share_of(request)
    ways: list[Way] = []
    for entry in entries:
        path = reverse(entry.route)
        within = "/" + path.removeprefix(get_script_prefix())
        if share is not None and not opens(share, resolve(within).func, entry.route):
            continue
        ways.append(
            Way(
                label=_(entry.label),
                address=path + query,
                is_here=at == entry.route or at in entry.within,
                key=keys[len(ways)] if len(ways) < len(keys) else "",
            )
        )
    return ways
