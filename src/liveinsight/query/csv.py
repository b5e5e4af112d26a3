"""Answers as CSV that a spreadsheet can open without harm."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from liveinsight.query.buckets import find_zone, local_time
from liveinsight.query.catalog.dimensions import ACTIVE_INTERVALS, TIME
from liveinsight.query.model import Interval, Label, Row

Cell = str | int | float | None

_FORMULAS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001
"""What a spreadsheet may take for the beginning of a formula."""


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """Rows under heads."""

    heads: Sequence[str]
    rows: Iterable[Sequence[Cell]]


def safe_cell(value: Cell) -> str:
    """The cell's text: numbers as in JSON, and text that no spreadsheet calculates.

    Source: OWASP, "CSV Injection".
    """
    if value is None:
        return ""
    if not isinstance(value, str):
        return msgspec.json.encode(value).decode()
    return f"'{value}" if value.startswith(_FORMULAS) else value


def write_csv(table: Table) -> str:
    """The table as CSV (RFC 4180), its heads first."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([safe_cell(head) for head in table.heads])
    writer.writerows([safe_cell(cell) for cell in row] for row in table.rows)
    return text.getvalue()


def heads_of(
    dimensions: Sequence[str], metrics: Sequence[str], *, compared: bool
) -> list[str]:
    """The heads of `cells_of`: dimensions, metrics, `…_before` and `…_change`."""
    more = ("", "_before", "_change") if compared else ("",)
    return [*dimensions, *(name + suffix for suffix in more for name in metrics)]


def cells_of(
    row: Row,
    dimensions: Sequence[str],
    interval: Interval | None,
    timezone: str,
    *,
    compared: bool,
) -> list[Cell]:
    """The row's cells; a time is a local date, or a local time with its offset."""
    cells: list[Cell] = [
        write_time(label, interval, timezone) if name == TIME else label
        for name, label in zip(dimensions, row.dimensions, strict=True)
    ]
    cells += row.metrics
    if compared:
        nothing: list[Cell] = [None] * len(row.metrics)
        cells += row.before or nothing
        cells += row.change or nothing
    return cells


def write_time(label: Label, interval: Interval | None, timezone: str) -> str:
    """The start of a bucket: 2026-03-01, or 2026-03-01T09:00+09:00."""
    local = local_time(int(label or 0), find_zone(timezone))
    if interval in ACTIVE_INTERVALS:
        return local.isoformat(timespec="minutes")
    return local.date().isoformat()
