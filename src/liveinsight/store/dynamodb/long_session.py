"""Rows of sessions with more events than are folded: what of them stays right.

Start, last activity and pages are extremes, so any part of the events may be taken in,
in any order and as often as it comes. Counts would be sums: they say "at least".
"""

from typing import Final

from liveinsight.store.dynamodb.items import Item
from liveinsight.store.dynamodb.session_rows import Row

_COUNTS: Final = (
    "page_views",
    "total_events",
    "conversions",
    "engagement_ms",
    "folded",
)


def widened(stored: Row | None, item: Item) -> Item:
    """The stored row, extended by what `item` says of a part of its run."""
    partial: Item = {**item, "is_partial": {"BOOL": True}}
    if stored is None:
        return partial
    both = stored.item, partial
    latest = max(both, key=_end)
    earliest = min(both, key=_start)
    wide: Item = {**earliest, "is_partial": {"BOOL": True}}
    for name in ("last_activity", "last_event", "exit_page"):
        if name in latest:
            wide[name] = latest[name]
    for name in _COUNTS:
        most = max(_number(one.get(name)) for one in both)
        if most:
            wide[name] = {"N": str(most)}
    duration = _number(wide["last_activity"]) - _number(wide["start_time"])
    wide["session_duration"] = {"N": str(duration)}
    return wide


def _number(attribute: object) -> int:
    return int(attribute["N"]) if isinstance(attribute, dict) else 0


def _start(item: Item) -> tuple[int, str]:
    return _number(item["start_time"]), str(item["start_event"].get("S"))


def _end(item: Item) -> tuple[int, str]:
    return _number(item["last_activity"]), str(item["last_event"].get("S"))
