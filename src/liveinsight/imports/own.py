"""Our own exports, and objects of an archive: the events as they are stored."""

import csv
import re
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Annotated

import msgspec
from msgspec import Meta

from liveinsight.core import limits
from liveinsight.core.event import Event, Revenue, Scalar, Timestamp, Url
from liveinsight.core.site import site_id
from liveinsight.errors import ConfigError
from liveinsight.imports.model import Lines, Outcome, Reason, Terms, skip

Short = Annotated[str, Meta(max_length=255)]

_EVENT = msgspec.json.Decoder(Event)


class _Bounds(msgspec.Struct, frozen=True, gc=False):
    """The limits of a stored event; its types alone are those of Event."""

    site: Annotated[str, Meta(min_length=1, max_length=limits.SITE_CHARS)]
    event_id: Annotated[str, Meta(pattern=r"^evt_[A-Za-z0-9_-]{1,64}\Z")]
    timestamp: Timestamp
    received_at: Timestamp
    present_at: Timestamp
    session_id: Annotated[str, Meta(max_length=limits.SESSION_ID_CHARS + 5)]
    adjusted_timestamp: Timestamp | None = None
    event_type: Annotated[
        str, Meta(min_length=1, max_length=limits.EVENT_TYPE_CHARS)
    ] = "page_view"
    user_id: Annotated[str, Meta(max_length=limits.USER_ID_CHARS)] | None = None
    visitor_id: Annotated[str, Meta(max_length=limits.USER_ID_CHARS)] | None = None
    page_url: Url | None = None
    page: Url | None = None
    referrer: Url | None = None
    page_title: Annotated[str, Meta(max_length=limits.TITLE_CHARS)] | None = None
    host: Short | None = None
    source: Annotated[str, Meta(max_length=limits.URL_CHARS)] | None = None
    channel: Short = "Direct"
    utm_source: Short | None = None
    utm_medium: Short | None = None
    utm_campaign: Short | None = None
    utm_term: Short | None = None
    utm_content: Short | None = None
    country: Annotated[str, Meta(pattern=r"^[A-Z]{2}\Z")] | None = None
    region: Short | None = None
    city: Short | None = None
    language: Annotated[str, Meta(max_length=limits.LANGUAGE_CHARS)] | None = None
    device: Short | None = None
    browser: Short | None = None
    browser_version: Short | None = None
    os: Short | None = None
    os_version: Short | None = None
    ip: Annotated[str, Meta(max_length=64)] | None = None
    screen_width: Annotated[int, Meta(ge=0, le=100_000)] | None = None
    engagement_ms: Annotated[int, Meta(ge=0, le=limits.DAY)] | None = None
    scroll_percent: Annotated[int, Meta(ge=0, le=100)] | None = None
    properties: (
        Annotated[
            dict[Annotated[str, Meta(max_length=limits.PROPERTY_KEY_CHARS)], Scalar],
            Meta(max_length=limits.PROPERTY_KEYS),
        ]
        | None
    ) = None
    revenue: Revenue | None = None


_BOUNDS = msgspec.json.Decoder(_Bounds)
_NUL = b"\\u0000"


def read_event(record: bytes, terms: Terms) -> Outcome:
    """The event in a line of newline JSON, as it is stored."""
    try:
        event = _EVENT.decode(record)
        _BOUNDS.decode(record)
    except (ValueError, RecursionError):
        return skip(Reason.MALFORMED, record)
    long = any(
        isinstance(value, str) and len(value) > limits.PROPERTY_CHARS
        for value in (event.properties or {}).values()
    )
    if long or not event.user or _NUL in record or site_id(event.site) != event.site:
        return skip(Reason.MALFORMED, record)
    reason = terms.refuse(event)
    return event if reason is None else skip(reason, record)


def read_ndjson(lines: Lines, terms: Terms) -> Iterator[Outcome]:
    """What becomes of each line of newline JSON."""
    for line in lines:
        if line.strip():
            yield read_event(line, terms)


_NUMBERS = (
    *("timestamp", "adjusted_timestamp", "received_at", "present_at"),
    *("screen_width", "engagement_ms", "scroll_percent"),
)
_BOOLEANS = ("session_sent", "interactive")
_APOSTROPHE = re.compile(r"'(?='*[=+\-@\t\r])")


def read_csv(lines: Lines, terms: Terms) -> Iterator[Outcome]:
    """What becomes of each row of our own CSV.

    Raises:
        ConfigError: there is no heading.
    """
    rows = csv.reader(_texts(lines), strict=True)
    heading = next(_whole(rows), None)
    if heading is None:
        raise ConfigError("the CSV has no heading")
    for row in _whole(rows):
        if row is None:
            yield skip(Reason.MALFORMED, "a row that is no CSV")
        elif len(row) != len(heading):
            if row:
                yield skip(Reason.MALFORMED, ",".join(row))
        else:
            cells = dict(zip(heading, map(_as_written, row), strict=True))
            yield _read_row(cells, terms)


def read_parquet_rows(
    batches: Iterable[Iterable[str]], terms: Terms
) -> Iterator[Outcome]:
    """What becomes of each row of our own Parquet, given as JSON objects."""
    for batch in batches:
        for row in batch:
            cells = msgspec.json.decode(row, type=dict[str, object])
            text = {
                name: value if isinstance(value, str) else msgspec.json.encode(value)
                for name, value in cells.items()
                if value is not None
            }
            yield _read_row(
                {k: v if isinstance(v, str) else v.decode() for k, v in text.items()},
                terms,
            )


def _read_row(cells: dict[str, str], terms: Terms) -> Outcome:
    """The event of a row of texts, "" being absent."""
    record: dict[str, object] = {
        name: text for name, text in cells.items() if text or name == "session_id"
    }
    try:
        for name in _NUMBERS:
            if name in record:
                record[name] = int(cells[name])
        for name in _BOOLEANS:
            if name in record:
                record[name] = _BOOLEAN[cells[name]]
        if "properties" in record:
            record["properties"] = msgspec.json.decode(cells["properties"])
        amount = record.pop("revenue_amount", None)
        currency = record.pop("revenue_currency", None)
        if amount is not None:
            record["revenue"] = {"amount": float(str(amount)), "currency": currency}
        line = msgspec.json.encode(record)
    except (ValueError, KeyError, RecursionError):
        return skip(Reason.MALFORMED, ",".join(cells.values()))
    return read_event(line, terms)


_BOOLEAN = {"true": True, "false": False}


def _as_written(text: str) -> str:
    """The text before it was made harmless for spreadsheets (store.export)."""
    return _APOSTROPHE.sub("", text, count=1) if text[:1] == "'" else text


def _texts(lines: Lines) -> Iterator[str]:
    for line in lines:
        yield line.decode("utf-8", errors="replace").removeprefix("\ufeff")


def _whole(rows: Iterator[list[str]]) -> Iterator[list[str] | None]:
    """The rows; None for one that is no CSV."""
    following = partial(next, rows, None)
    while True:
        try:
            row = following()
        except csv.Error:
            yield None
            continue
        if row is None:
            return
        yield row
