"""Plausible's export: what it holds are totals of days, and no events.

Each row of its tables becomes one total of a day under one value of one dimension.
Totals are kept beside the events, never among them: who the visitors were, and which
of two days' visitors were the same, is in no such file.
"""

import re
from collections.abc import Iterator
from datetime import date
from hashlib import blake2b

import msgspec

from liveinsight.imports.model import Lines, Reason, Skipped, skip
from liveinsight.imports.umami import read_rows

VALUE_CHARS = 512
_COUNT = re.compile(r"[0-9]{1,15}")

_NAME = re.compile(r"(imported_[a-z_]+?)(?:_\d{8}_\d{8})?\.csv")

COUNTS = ("visitors", "visits", "page_views", "bounces", "duration_s", "events")


class Table(msgspec.Struct, frozen=True):
    """Which dimension a table counts by, and in which column its value is."""

    dimension: str
    column: str = ""
    details: tuple[str, ...] = ()
    """Columns that tell rows of the same day and value apart."""
    visits: str = "visits"
    """The column of visits."""
    page_views: str = "pageviews"
    """The column of page views of the value; "" is none."""

    @property
    def columns(self) -> dict[str, str]:
        """Our names of the counts, and the columns that they are in."""
        return {
            "visitors": "visitors",
            "visits": self.visits,
            "page_views": self.page_views,
            "bounces": "bounces",
            "duration_s": "visit_duration",
            "events": "events",
        }


TABLES = {
    "imported_visitors": Table(""),
    "imported_pages": Table("page", "page", ("hostname",)),
    "imported_entry_pages": Table(
        "entry_page", "entry_page", visits="entrances", page_views=""
    ),
    "imported_exit_pages": Table(
        "exit_page", "exit_page", visits="exits", page_views=""
    ),
    "imported_sources": Table(
        "source",
        "source",
        (
            *("referrer", "utm_source", "utm_medium"),
            *("utm_campaign", "utm_content", "utm_term"),
        ),
    ),
    "imported_locations": Table("country", "country", ("region", "city")),
    "imported_devices": Table("device", "device"),
    "imported_browsers": Table("browser", "browser", ("browser_version",)),
    "imported_operating_systems": Table(
        "os", "operating_system", ("operating_system_version",)
    ),
    "imported_custom_events": Table("event_type", "name", ("link_url", "path")),
}
"""By the name of the file; `imported_custom_props` has no totals of its own."""


class Total(msgspec.Struct, frozen=True, kw_only=True):
    """What was counted on a day under one value; all the day where `dimension` is ""."""

    day: str
    """ISO date, in the time zone that the site had there."""
    dimension: str
    value: str
    detail: str
    """Tells rows of the same value apart, as those of a browser's versions."""
    visitors: int = 0
    visits: int = 0
    page_views: int = 0
    bounces: int = 0
    duration_s: int = 0
    """Of all visits together, seconds."""
    events: int = 0


def table_of(name: str) -> Table | None:
    """The table that a file of that name holds; None if it is not kept."""
    match = _NAME.fullmatch(name)
    return None if match is None else TABLES.get(match[1])


def is_table(name: str) -> bool:
    """Whether a file of that name is one of Plausible's tables."""
    return _NAME.fullmatch(name) is not None


def read_totals(lines: Lines, table: Table) -> Iterator[Total | Skipped]:
    """What becomes of each row of a table.

    Raises:
        ConfigError: a column is missing.
    """
    needed = {"date", "visitors"} | ({table.column} if table.column else set())
    for row in read_rows(lines, needed):
        if row is None:
            yield skip(Reason.MALFORMED, "a row that is no CSV")
        else:
            total = _total(row, table)
            yield total or skip(Reason.MALFORMED, ",".join(row.values()))


def _total(row: dict[str, str], table: Table) -> Total | None:
    counts = {
        ours: row[column]
        for ours, column in table.columns.items()
        if column and column in row
    }
    if not all(map(_COUNT.fullmatch, counts.values())):
        return None
    try:
        day = date.fromisoformat(row["date"]).isoformat()
    except ValueError:
        return None
    said = [row.get(each, "") for each in table.details]
    detail = _hash(said) if any(said) else ""
    value = row[table.column] if table.column else ""
    if len(value) > VALUE_CHARS or "\0" in value:
        return None
    return Total(
        day=day,
        dimension=table.dimension,
        value=value,
        detail=detail,
        **{name: int(text) for name, text in counts.items()},
    )


def _hash(texts: list[str]) -> str:
    return blake2b(msgspec.json.encode(texts), digest_size=16).hexdigest()
