"""Events out of the warehouse, as files of open formats: CSV, newline JSON, Parquet.

A window at a time, each a file of its own that the engine writes: what is in memory
is one window, however much is exported. The form is that of the archive: read again,
events give the same sessions and the same numbers.
"""

from collections.abc import Iterator
from enum import StrEnum
from functools import cache
from pathlib import Path

import msgspec

from liveinsight.core.limits import MINUTE
from liveinsight.core.ports import Reader
from liveinsight.core.session import Origin

WINDOW_EVENTS = 50_000


class ExportFormat(StrEnum):
    """How the events are written."""

    CSV = "csv"
    NDJSON = "ndjson"
    PARQUET = "parquet"


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which events: of a site ("" is all), by effective time, ms; `end` is not in it."""

    site: str
    start: int
    end: int
    format: ExportFormat
    compressed: bool = False
    """gzip, for the two text formats; Parquet is compressed always."""

    @property
    def suffix(self) -> str:
        """What the name of such a file ends with."""
        is_gzip = self.compressed and self.format is not ExportFormat.PARQUET
        return f".{self.format}" + (".gz" if is_gzip else "")


class Window(msgspec.Struct, frozen=True):
    """A part of the time, and how many events are in it."""

    start: int
    end: int
    events: int


class AskedExport(msgspec.Struct, frozen=True, kw_only=True):
    """An export in the words of an address; "" is not said."""

    site: str = ""
    period: str = ""
    first_day: str = ""
    last_day: str = ""
    format: str = ExportFormat.CSV
    compressed: bool = False


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """An export, its parts, and the name of its file."""

    wanted: Wanted
    windows: list[Window]
    name: str


class PartOfExport(msgspec.Struct, frozen=True, kw_only=True):
    """A part to be written."""

    wanted: Wanted
    window: Window


COLUMNS = (
    *("site", "event_id", "event_type", "timestamp", "adjusted_timestamp"),
    *("received_at", "present_at", "user_id", "visitor_id"),
    *("session_id", "session_sent", "page_url", "page", "page_title"),
    *Origin.__struct_fields__,
    *("engagement_ms", "scroll_percent", "properties", "revenue"),
    *("interactive", "ip"),
)
"""The fields of a stored event, by their names; in CSV `revenue` is two columns."""

_FIELDS = {name: f"events.{name}" for name in COLUMNS} | {
    "adjusted_timestamp": "case when time <> timestamp then time end",
    "user_id": "case when not users.is_derived then users.user_id end",
    "visitor_id": "case when users.is_derived then users.user_id end",
    "session_id": "coalesce(sent_session_id, runs.session_id, '')",
    "session_sent": "sent_session_id is not null",
    "properties": "properties::json",
    "revenue": """case
        when revenue_currency is not null
        then {'amount': revenue_amount::double, 'currency': revenue_currency}
    end""",
}

_NUMBERS = frozenset(
    {"timestamp", "adjusted_timestamp", "received_at", "present_at", "session_sent"}
    | {"screen_width", "engagement_ms", "scroll_percent", "interactive"}
)

_SELECT = """
copy (
    select
        {fields}
    from events
    left join users using (user_key)
    left join (
        select session_key, session_id
        from runs
        where last_activity >= $1 and start_time < $2
    ) as runs using (session_key)
    where events.time >= $1 and events.time < $2 {of_site}
    order by events.time, events.event_id
) to $3 ({options})
"""

_MINUTES = f"""
select time // {MINUTE} as minute, count(*)
from events
where time >= $1 and time < $2 {{of_site}}
group by minute
order by minute
"""  # noqa: S608  # a number of ours

_OF_SITE = "and events.site = $4"

_OPTIONS = {
    ExportFormat.CSV: "format csv, header false",
    ExportFormat.NDJSON: "format json",
    ExportFormat.PARQUET: "format parquet, compression zstd",
}


def plan_windows(reader: Reader, wanted: Wanted) -> list[Window]:
    """The windows to write one after the other; none where there is no event.

    Of about 50,000 events, more where one minute holds more.

    Raises:
        StoreUnavailable: the warehouse is closed or being replaced.
    """
    sql = _MINUTES.format(of_site="and site = $3" if wanted.site else "")
    site = (wanted.site,) if wanted.site else ()
    windows: list[Window] = []
    begin, events = wanted.start, 0
    for minute, count in reader.query(sql, (wanted.start, wanted.end, *site)):
        events += int(str(count))
        if events >= WINDOW_EVENTS:
            end = min((int(str(minute)) + 1) * MINUTE, wanted.end)
            windows.append(Window(begin, end, events))
            begin, events = end, 0
    if events:
        windows.append(Window(begin, wanted.end, events))
    return windows


def write_window(reader: Reader, wanted: Wanted, window: Window, path: Path) -> int:
    """How many events it has written: the window's, to `path`, in order of time.

    There is no heading.

    Raises:
        StoreUnavailable: the warehouse is closed or being replaced, or the disk full.
    """
    options = _OPTIONS[wanted.format]
    if wanted.suffix.endswith(".gz"):
        options += ", compression gzip"
    sql = _SELECT.format(
        fields=_fields(wanted.format),
        of_site=_OF_SITE if wanted.site else "",
        options=options,
    )
    site = (wanted.site,) if wanted.site else ()
    ((written,),) = reader.query(sql, (window.start, window.end, str(path), *site))
    return int(str(written))


def csv_columns() -> Iterator[str]:
    """The heading of a CSV export."""
    for name in COLUMNS:
        if name == "revenue":
            yield "revenue_amount"
            yield "revenue_currency"
        else:
            yield name


def json_object() -> str:
    """SQL for one event, joined with its user and run as in an export, as a struct."""
    return "{" + ", ".join(f"'{name}': {_FIELDS[name]}" for name in COLUMNS) + "}"


@cache
def _fields(to: ExportFormat) -> str:
    if to is ExportFormat.NDJSON:
        return ",\n        ".join(f"{_FIELDS[name]} as {name}" for name in COLUMNS)
    return ",\n        ".join(
        f"{_plain(name, is_csv=to is ExportFormat.CSV)} as {name}"
        for name in csv_columns()
    )


def _plain(name: str, *, is_csv: bool) -> str:
    """A column that is a number or a text."""
    if name in ("revenue_amount", "properties"):
        return name
    field = f"events.{name}" if name == "revenue_currency" else _FIELDS[name]
    return harmless(field) if is_csv and name not in _NUMBERS else field


def harmless(field: str) -> str:
    """SQL for a text that no spreadsheet takes for a formula.

    It gets an apostrophe before it; so does one that has them already, so that taking
    one away gives back what was there (imports.own).
    """
    return (
        rf"case when regexp_matches({field}, '^''*[=+\-@\t\r]')"
        rf" then '''' || {field} else {field} end"
    )
