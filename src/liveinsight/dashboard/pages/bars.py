"""Rows of a panel: a label, a number, a bar, and the address that filters by it."""

from collections.abc import Iterable, Sequence

import msgspec
from django.http import QueryDict

from liveinsight.dashboard.pages.address import filter_all
from liveinsight.dashboard.pages.labels import (
    flag_of,
    format_metric,
    format_share,
    label_of,
)

Named = tuple[str, str | None]
"""A dimension and its value."""


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
    rate: str = ""
    """Of conversion, where the page is about a goal."""


def list_bars(
    query: QueryDict,
    rows: Iterable[tuple[Sequence[Named], float]],
    whole: float = 0,
    rates: Sequence[float | None] = (),
) -> list[Bar]:
    """The rows in the order given; `whole` is what shares are of.

    A row has one dimension, or the last is within the first: Chrome 141. `rates` are of conversion, one for each row, and stand in the place of shares.
    """
    rows = list(rows)
    most = max([number for _, number in rows] + [1])
    return [
        Bar(
            key=names[-1][1] or "",
            label=name_bar(names),
            flag=flag_of(dict(names).get("country")),
            number=number,
            width=f"{100 * number / most:.2f}%",
            share=format_share(number / whole) if whole and not rates else "",
            address=filter_all(query, names),
            rate=format_metric(rates[index], "ratio") if rates else "",
        )
        for index, (names, number) in enumerate(rows)
    ]


def name_bar(names: Sequence[Named]) -> str:
    """Chrome 141; a city by itself, for the flag says the country."""
    first, last = names[0], names[-1]
    if len(names) == 1 or (first[0] == "country" and last[1]):
        return label_of(*last)
    space = " " if last[1] else " · "
    return space.join(label_of(*each) for each in names if each[1] or each is last)
