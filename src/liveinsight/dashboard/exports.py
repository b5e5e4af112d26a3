"""Which events an export is of: asked for on a page, or from the command line."""

import datetime as dt
import zoneinfo

from liveinsight.core import limits
from liveinsight.core.site import site_id
from liveinsight.dashboard import runtime
from liveinsight.dashboard.sites import load_sites
from liveinsight.errors import QueryError
from liveinsight.query.model import Period
from liveinsight.query.parse import parse_period
from liveinsight.store.export import AskedExport, ExportFormat, Wanted

ALL = "all"
EVERYTHING = Period(limits.EARLIEST_TIMESTAMP, limits.LATEST_TIMESTAMP)


def read_wanted(asked: AskedExport) -> Wanted:
    """The events that are asked for; all sites together where none is named.

    Raises:
        QueryError: there is no such site, period or format.
    """
    site = _known_site(asked.site)
    period = _read_period(asked, _timezone_of(site))
    try:
        to = ExportFormat(asked.format)
    except ValueError:
        known = ", ".join(ExportFormat)
        raise QueryError("format", "give one of %(known)s", known=known) from None
    return Wanted(
        site=site,
        start=period.start,
        end=period.end,
        format=to,
        compressed=asked.compressed,
    )


def file_name(wanted: Wanted) -> str:
    """The name of the file: whose events, and of which days."""
    zone = zoneinfo.ZoneInfo(_timezone_of(wanted.site))
    parts = [wanted.site.replace(":", "-") or "all-sites"]
    if (wanted.start, wanted.end) != (EVERYTHING.start, EVERYTHING.end):
        parts += [
            dt.datetime.fromtimestamp(at / limits.SECOND, zone).date().isoformat()
            for at in (wanted.start, wanted.end - 1)
        ]
    return "-".join(parts) + wanted.suffix


def _known_site(asked: str) -> str:
    if not asked:
        return ""
    site = site_id(asked)
    if site not in load_sites().by_id and site not in runtime.current().hosts():
        raise QueryError("site", "there is no site %(name)r", name=asked)
    return site


def _timezone_of(site: str) -> str:
    return load_sites().get(site).timezone


def _read_period(asked: AskedExport, timezone: str) -> Period:
    is_custom = bool(asked.first_day or asked.last_day)
    if not is_custom and asked.period in ("", ALL):
        return EVERYTHING
    return parse_period(
        None if is_custom else asked.period,
        asked.first_day or None,
        asked.last_day or None,
        timezone,
        runtime.current().clock(),
    )
