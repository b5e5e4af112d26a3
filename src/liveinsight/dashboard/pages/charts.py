"""Charts as plain SVG, for the first paint and for browsers without scripts.

Coordinates are in a box of 1000 × 100 that the page stretches.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

WIDTH: Final = 1000
HEIGHT: Final = 100
HEADROOM: Final = 1.08


class Column(msgspec.Struct, frozen=True):
    """One column of a bar chart."""

    x: str
    y: str
    width: str
    height: str


class Still(msgspec.Struct, frozen=True, kw_only=True):
    """The shapes of a chart."""

    line: str
    running: str = ""
    """The last part of the line, to a bucket that is not over yet."""
    area: str
    before: str = ""
    columns: list[Column] = []
    marks: list[str] = []
    """Where something is noted: x."""


def draw_still(
    values: Sequence[float | None],
    *,
    before: Sequence[float | None] = (),
    columns: Sequence[float] = (),
    running: int | None = None,
) -> Still:
    """A line over `values`, one over the values before, and columns behind.

    The bucket at `running` is not over yet: after it the line ends.
    """
    everything = [value or 0 for value in (*values, *before, *columns)]
    top = max([*everything, 1]) * HEADROOM
    last = len(values) - 1 if running is None else running
    whole = draw_line(values[: last + 1], len(values), top)
    end = f"{last * WIDTH / max(1, len(values) - 1):.1f}"
    line, coming = whole, ""
    if running:
        line = draw_line(values[:running], len(values), top)
        coming = "M" + "L".join(whole.split("L")[-2:]).removeprefix("M")
    return Still(
        line=line,
        running=coming,
        area=f"{whole}L{end} {HEIGHT}L0 {HEIGHT}Z" if whole else "",
        before=draw_line(before[: len(values)], len(values), top),
        columns=draw_columns(columns, top),
    )


def place_marks(indexes: Sequence[int], count: int) -> list[str]:
    """Where these of `count` points are."""
    step = WIDTH / max(1, count - 1)
    return [f"{index * step:.1f}" for index in sorted(set(indexes))]


def draw_line(values: Sequence[float | None], count: int, top: float) -> str:
    """The path through the values; `count` of them fill the width."""
    step = WIDTH / max(1, count - 1)
    points = [
        f"{index * step:.1f} {HEIGHT - HEIGHT * (value or 0) / top:.1f}"
        for index, value in enumerate(values)
    ]
    return "M" + "L".join(points) if points else ""


def draw_columns(values: Sequence[float], top: float) -> list[Column]:
    """One column per value, centred on its step."""
    step = WIDTH / max(1, len(values))
    return [
        Column(
            x=f"{index * step + step * 0.2:.1f}",
            y=f"{HEIGHT - HEIGHT * value / top:.1f}",
            width=f"{step * 0.6:.1f}",
            height=f"{HEIGHT * value / top:.1f}",
        )
        for index, value in enumerate(values)
    ]
