"""A number above a report, beside what it was before."""

from collections.abc import Sequence

import msgspec

from liveinsight.dashboard.pages.labels import format_metric, write_change
from liveinsight.query.catalog.metrics import Kind
from liveinsight.query.model import Value
from liveinsight.query.run import change_of


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """A number of the whole report, and how it has changed."""

    label: str
    value: str
    change: str = ""
    before: str = ""
    direction: str = ""
    """`up`, `down` or ""."""
    judged: str = ""
    """`good`, `bad` or ""."""


def make_fact(
    label: str,
    kind: Kind,
    unit: str,
    values: Sequence[Value],
    *,
    more_is_better: bool = True,
) -> Fact:
    """The number with its change; without one where there is nothing before."""
    now, before = values
    change = change_of(kind, now, before)
    rounded = round((change or 0) * 1000)
    direction = "" if not rounded else "up" if rounded > 0 else "down"
    judged = ""
    if direction:
        judged = "good" if (direction == "up") is more_is_better else "bad"
    return Fact(
        label=label,
        value=format_metric(now, unit),
        change=write_change(change, unit),
        before=format_metric(before, unit),
        direction=direction,
        judged=judged,
    )
