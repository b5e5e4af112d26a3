"""Umami's export: `website_event.csv`, and `event_data.csv` beside it in the zip.

An Umami session id stands for a visitor during a month, by address and browser: here
it is a visitor without a lasting id, and the sessions are cut anew by our own rule.
"""

import csv
import sqlite3
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Final

import msgspec

from liveinsight.core import limits
from liveinsight.core.country import country_code
from liveinsight.core.event import PAGE_VIEW, Event, Scalar
from liveinsight.core.site import site_id
from liveinsight.errors import ConfigError
from liveinsight.imports.foreign import Visits, with_page, within
from liveinsight.imports.model import Lines, Outcome, Reason, Terms, skip

NEEDED: Final = frozenset({"session_id", "created_at", "url_path", "event_type"})
PAGE_VIEW_TYPE: Final = "1"
CUSTOM_TYPE: Final = "2"
NUMBER_DATA: Final = "2"
BOOLEAN_DATA: Final = "3"
SHORT_CHARS: Final = 255

BROWSERS: Final = {
    "chrome": "Chrome",
    "crios": "Chrome",
    "chromium-webview": "Android WebView",
    "edge": "Edge",
    "edge-chromium": "Edge",
    "edge-ios": "Edge",
    "facebook": "Facebook",
    "firefox": "Firefox",
    "fxios": "Firefox",
    "ie": "Internet Explorer",
    "instagram": "Instagram",
    "ios": "Safari",
    "ios-webview": "iOS WebView",
    "kakaotalk": "KakaoTalk",
    "opera": "Opera",
    "opera-mini": "Opera Mini",
    "safari": "Safari",
    "samsung": "Samsung Internet",
    "silk": "Amazon Silk",
    "yandexbrowser": "Yandex Browser",
}
"""Umami's names of browsers in ours; another name stays as it is."""
SYSTEMS: Final = {"Mac OS": "macOS", "Android OS": "Android"}
DEVICES: Final = {
    "desktop": "Desktop",
    "laptop": "Desktop",
    "mobile": "Mobile",
    "tablet": "Tablet",
}


class Properties:
    """The properties of events, by event id, in a file of SQLite that goes away."""

    def __init__(self) -> None:
        self._rows = sqlite3.connect("")  # on the disk as soon as it is large
        self._rows.execute(
            "create table rows (event text, key text, value text,"
            " primary key (event, key)) without rowid"
        )

    def read(self, lines: Lines) -> None:
        """Takes in an `event_data.csv`."""
        self._rows.executemany(
            "insert or ignore into rows values (?, ?, ?)",
            (
                (row["event_id"], row["data_key"], _encode(_value_of(row)))
                for row in read_rows(lines)
                if row is not None and row.get("event_id") and row.get("data_key")
            ),
        )

    def of(self, event: str) -> dict[str, Scalar] | None:
        """The properties of an event, within our limits."""
        rows = self._rows.execute(
            "select key, value from rows where event = ? limit ?",
            (event, limits.PROPERTY_KEYS),
        )
        return {
            key[: limits.PROPERTY_KEY_CHARS]: msgspec.json.decode(value)
            for key, value in rows
        } or None

    def close(self) -> None:
        """Forgets them."""
        self._rows.close()


class UmamiReader:
    """Reads the events of one site."""

    def __init__(self, terms: Terms, properties: Properties | None = None) -> None:
        if not terms.site:
            raise ConfigError("say with --site whose export it is")
        self._terms = terms
        self._properties = properties
        self._visits = Visits()

    def read(self, lines: Lines) -> Iterator[Outcome]:
        """What becomes of each row of a `website_event.csv`.

        Raises:
            ConfigError: it has not the columns of one.
        """
        for row in read_rows(lines, NEEDED):
            if row is None:
                yield skip(Reason.MALFORMED, "a row that is no CSV")
            else:
                yield self._outcome_of(row)

    def _outcome_of(self, row: dict[str, str]) -> Outcome:
        shown = ",".join(row.values())
        at, visitor = time_of(row["created_at"]), row["session_id"]
        is_visitor = 1 <= len(visitor) <= limits.USER_ID_CHARS
        if at is None or not is_visitor or "\0" in shown:
            return skip(Reason.MALFORMED, shown)
        if row["event_type"] not in (PAGE_VIEW_TYPE, CUSTOM_TYPE):
            return skip(Reason.UNSUPPORTED, shown)
        host = site_id(row.get("hostname") or self._terms.site)
        site = self._terms.site
        if host != site and not host.endswith(f".{site}"):
            return skip(Reason.OTHER_SITE, shown)
        event = self._event(row, at, host)
        if event is None:
            return skip(Reason.MALFORMED, shown)
        refused = self._terms.refuse(event)
        return event if refused is None else skip(refused, shown)

    def _event(self, row: dict[str, str], at: int, host: str) -> Event | None:
        page_url = f"https://{host}{_path(row, 'url_path', 'url_query')}"
        is_view = row["event_type"] == PAGE_VIEW_TYPE
        name = (
            PAGE_VIEW
            if is_view
            else within(row.get("event_name", ""), limits.EVENT_TYPE_CHARS)
        )
        if name is None or len(page_url) > limits.URL_CHARS:
            return None
        event_id = _event_id(row)
        lasting = within(row.get("distinct_id", ""), limits.USER_ID_CHARS)
        site, user = self._terms.site, lasting or row["session_id"]
        system, version = _system(row.get("os", ""))
        browser = row.get("browser", "")
        event = Event(
            site=site,
            language=within(row.get("language", ""), limits.LANGUAGE_CHARS),
            country=country_code(row.get("country", "")),
            region=within(row.get("region", ""), SHORT_CHARS),
            city=within(row.get("city", ""), SHORT_CHARS),
            device=DEVICES.get(row.get("device", "")),
            browser=BROWSERS.get(browser, within(browser, SHORT_CHARS)),
            os=system,
            os_version=version,
            user_id=lasting,
            visitor_id=None if lasting else user,
            session_id=self._visits.session_of(site, user, at, event_id),
            received_at=at,
            present_at=at,
            event_id=event_id,
            event_type=name,
            timestamp=at,
            page_title=within(row.get("page_title", ""), limits.TITLE_CHARS),
            screen_width=_width(row.get("screen", "")),
            properties=self._properties_of(row) if not is_view else None,
        )
        return with_page(event, page_url, _referrer(row))

    def _properties_of(self, row: dict[str, str]) -> dict[str, Scalar] | None:
        if self._properties is None:
            return None
        return self._properties.of(row.get("event_id", ""))


def is_heading(line: bytes) -> bool:
    """Whether it is the first line of a `website_event.csv`."""
    names = line.decode("utf-8", errors="replace").replace('"', "").split(",")
    return set(names) >= NEEDED


def read_rows(
    lines: Lines, needed: Iterable[str] = ()
) -> Iterator[dict[str, str] | None]:
    """The rows by column, each text as it was before it was made harmless.

    None for one that is no CSV, or has other columns.

    Raises:
        ConfigError: a needed column is missing.
    """
    texts = (line.decode("utf-8", errors="replace") for line in lines)
    rows = csv.reader(texts)
    heading = [name.removeprefix("\ufeff") for name in next(rows, [])]
    missing = sorted(set(needed) - set(heading))
    if missing:
        raise ConfigError(f"the CSV has no column {', '.join(missing)}")
    while True:
        try:
            row = next(rows, None)
        except csv.Error:
            yield None
            continue
        if row is None:
            return
        if len(row) == len(heading):
            yield dict(zip(heading, map(_as_written, row), strict=True))
        elif row:
            yield None


def time_of(text: str) -> int | None:
    """Ms of a time as `2026-01-31 10:20:30`, in UTC where it names no zone."""
    try:
        moment = datetime.fromisoformat(text.strip())
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        at = round(moment.timestamp() * limits.SECOND)
    except (ValueError, OverflowError):
        return None
    in_bounds = limits.EARLIEST_TIMESTAMP <= at <= limits.LATEST_TIMESTAMP
    return at if in_bounds else None


def _as_written(text: str) -> str:
    """Umami puts an apostrophe before what a spreadsheet would take for a formula."""
    return text[1:] if text[:1] == "'" and text[1:2] in tuple("=+-@\t\r") else text


def _event_id(row: dict[str, str]) -> str:
    """Umami's own id; where an old export has none, one made of the row."""
    given = "".join(c for c in row.get("event_id", "") if c.isalnum() or c in "-_")
    if given.isascii() and 8 <= len(given) <= 60:
        return f"evt_{given}"
    return "evt_" + _hash(row)


def _hash(row: dict[str, str]) -> str:
    said = "\0".join(row.values()).encode(errors="replace")
    return blake2b(said, digest_size=16).hexdigest()


def _path(row: dict[str, str], path: str, query: str) -> str:
    where = row.get(path) or "/"
    asked = row.get(query, "").removeprefix("?")
    return (where if where.startswith("/") else f"/{where}") + (
        f"?{asked}" if asked else ""
    )


def _referrer(row: dict[str, str]) -> str:
    domain = row.get("referrer_domain", "").strip()
    if not domain:
        return ""
    url = f"https://{domain}{_path(row, 'referrer_path', 'referrer_query')}"
    return url if len(url) <= limits.URL_CHARS else f"https://{domain}/"


def _system(text: str) -> tuple[str | None, str | None]:
    """System and version of a name as `Windows 10`."""
    name, _, version = text.strip().rpartition(" ")
    if name and version[:1].isdigit():
        return SYSTEMS.get(name, name[:SHORT_CHARS]), version[:SHORT_CHARS]
    return SYSTEMS.get(text, within(text, SHORT_CHARS)), None


def _width(screen: str) -> int | None:
    text = screen.partition("x")[0]
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else None


def _value_of(row: dict[str, str]) -> Scalar:
    text = row.get("string_value") or row.get("date_value", "")
    kind, number = row.get("data_type"), row.get("number_value") or text
    if kind == BOOLEAN_DATA:
        return text == "true"
    if kind == NUMBER_DATA:
        try:
            value = float(number)
            return int(value) if value.is_integer() else value
        except (ValueError, OverflowError):
            return number[: limits.PROPERTY_CHARS]
    return (text or number)[: limits.PROPERTY_CHARS]


def _encode(value: Scalar) -> str:
    return msgspec.json.encode(value).decode()
