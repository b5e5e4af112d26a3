"""Rows of a panel: a label, a number, a bar, and the address that filters by it."""

from collections.abc import Iterable

import msgspec
from django.http import QueryDict

from liveinsight.dashboard.pages.address import filter_query
from liveinsight.dashboard.pages.labels import flag_of, label_of


class Bar(msgspec.Struct, frozen=True, kw_only=True):
    """One row."""

    key: str
    label: str
    flag: str
    number: float
    width: str
    """Of the bar, relative to the largest."""
    share: str
    """Of the whole, where the page shows it."""
    address: str


def list_bars(
    query: QueryDict,
    dimension: str,
    rows: Iterable[tuple[str | None, float]],
    whole: float = 0,
) -> list[Bar]:
    """The rows in the order given; `whole` is what shares are of."""
    rows = list(rows)
    most = max([number for _, number in rows] + [1])
    return [
        Bar(
            key=name or "",
            label=label_of(dimension, name),
            flag=flag_of(name) if dimension == "country" else "",
            number=number,
            width=f"{100 * number / most:.2f}%",
            share=f"{100 * number / whole:.0f}%" if whole else "",
            address=filter_query(query, dimension, name),
        )
        for name, number in rows
    ]
