"""The drawing of journeys: blocks for places, bands for the sessions between them.

Heights are pixels. Across, blocks are placed in percent, so that text keeps its size in
a window of any width; bands are paths in a box of 1000 that the page stretches.
"""

from typing import Final

import msgspec

from liveinsight.query.journeys_model import (
    Column,
    Direction,
    Journeys,
    Link,
    Node,
    Place,
)

HEAD: Final = 50
"""Above the blocks, for the name of the step."""
LEAST_HEIGHT: Final = 430
GAP: Final = 8
LEAST_BLOCK: Final = 28
"""A line of text fits."""
TALL: Final = 54
"""From this height on a block has two lines."""
WIDTH: Final = 1000
BLOCK_SHARE: Final = 0.64
"""Of a column's width; the rest is for bands."""
STUB: Final = 0.5
"""How far into that rest the end of journeys reaches."""
DROP: Final = 12
THINNEST: Final = 0.75


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """The name of a step, above its blocks."""

    column: Column
    share: float
    """Of all journeys."""
    x: str
    width: str


class Block(msgspec.Struct, frozen=True, kw_only=True):
    """A place at a step."""

    key: str
    step: int
    node: Node
    share: float
    """Of all journeys."""
    x: str
    y: str
    width: str
    height: str
    lit: str
    """Height of the part that goes through the chosen place."""
    is_tall: bool


class Band(msgspec.Struct, frozen=True, kw_only=True):
    """The sessions between two places."""

    link: Link
    path: str
    lit: str
    """The part of it that goes through the chosen place; "" for none."""
    source: str
    target: str
    """Keys of its blocks."""


class Stub(msgspec.Struct, frozen=True, kw_only=True):
    """The sessions that have no further step."""

    source: str
    ended: int
    path: str


class Sankey(msgspec.Struct, frozen=True, kw_only=True):
    """All shapes, and the height of the drawing."""

    height: int
    heads: list[Head]
    blocks: list[Block]
    bands: list[Band]
    stubs: list[Stub]
    is_mirrored: bool

    @property
    def columns(self) -> int:
        """How many steps are drawn."""
        return len(self.heads)


class Spot(msgspec.Struct, frozen=True, kw_only=True):
    """Where a block is, and where in it the bands begin: its least height is more."""

    key: str
    top: float
    height: float
    start: float


class Plan:
    """The places of all blocks; forwards to the right, backwards to the left."""

    def __init__(self, found: Journeys, direction: Direction) -> None:
        self.columns = found.columns
        self.is_mirrored = direction is Direction.BACKWARDS
        most = max(len(column.nodes) for column in self.columns)
        self.height = max(LEAST_HEIGHT, most * (LEAST_BLOCK + GAP) + 130)
        self.scale = find_scale(self.columns, self.height)
        self.spots = [self._place(column) for column in self.columns]
        self.slot = WIDTH / len(self.columns)
        self.block = self.slot * BLOCK_SHARE

    def left(self, index: int) -> float:
        """The left side of a column's blocks."""
        if self.is_mirrored:
            return (len(self.columns) - index) * self.slot - self.block
        return index * self.slot

    def sides(self, index: int) -> tuple[float, float]:
        """Where bands come into a column's blocks, and where they go out of them."""
        left, right = self.left(index), self.left(index) + self.block
        return (right, left) if self.is_mirrored else (left, right)

    def _place(self, column: Column) -> dict[Place, Spot]:
        spots = {}
        top = float(HEAD)
        for number, node in enumerate(column.nodes):
            inner = node.sessions * self.scale
            height = max(LEAST_BLOCK, inner)
            spots[node.place] = Spot(
                key=f"{column.step}-{number}",
                top=top,
                height=height,
                start=top + (height - inner) / 2,
            )
            top += height + GAP
        return spots


def find_scale(columns: list[Column], height: float) -> float:
    """The pixels of a session with which the fullest column is that high."""
    low, high = 0.0, height / max(column.sessions for column in columns)
    for _ in range(30):
        middle = (low + high) / 2
        fits = all(
            sum(max(LEAST_BLOCK, node.sessions * middle) + GAP for node in column.nodes)
            <= height + GAP
            for column in columns
        )
        low, high = (middle, high) if fits else (low, middle)
    return low


def draw_sankey(found: Journeys, direction: Direction) -> Sankey:
    """The shapes of journeys, of which there is one at least."""
    plan = Plan(found, direction)
    width = f"{plan.block / WIDTH:.2%}"
    return Sankey(
        height=HEAD + plan.height,
        heads=[
            Head(
                column=column,
                share=column.sessions / found.journeys,
                x=f"{plan.left(index) / WIDTH:.2%}",
                width=width,
            )
            for index, column in enumerate(plan.columns)
        ],
        blocks=[
            draw_block(plan, index, node, found.journeys)
            for index, column in enumerate(plan.columns)
            for node in column.nodes
        ],
        bands=[
            band
            for index in range(len(plan.columns))
            for band in draw_bands(plan, index)
        ],
        stubs=[
            draw_stub(plan, index, node)
            for index, column in enumerate(plan.columns)
            for node in column.nodes
            if node.ended
        ],
        is_mirrored=plan.is_mirrored,
    )


def draw_block(plan: Plan, index: int, node: Node, journeys: int) -> Block:
    """The block of a place."""
    spot = plan.spots[index][node.place]
    return Block(
        key=spot.key,
        step=index + 1,
        node=node,
        share=node.sessions / journeys,
        x=f"{plan.left(index) / WIDTH:.2%}",
        y=f"{spot.top:.1f}",
        width=f"{plan.block / WIDTH:.2%}",
        height=f"{spot.height:.1f}",
        lit=f"{spot.height * node.through / node.sessions:.1f}",
        is_tall=spot.height >= TALL,
    )


def draw_bands(plan: Plan, index: int) -> list[Band]:
    """The bands to the next column, in the order of the blocks at both of their ends."""
    if index + 1 >= len(plan.columns):
        return []
    sources, targets = plan.spots[index], plan.spots[index + 1]
    out = {place: spot.start for place, spot in sources.items()}
    into = {place: spot.start for place, spot in targets.items()}
    across = (plan.sides(index)[1], plan.sides(index + 1)[0])
    links = sorted(
        plan.columns[index].links,
        key=lambda link: (sources[link.source].top, targets[link.target].top),
    )
    bands = []
    for link in links:
        thick = link.sessions * plan.scale
        down = (out[link.source], into[link.target])
        lit = link.through * plan.scale
        bands.append(
            Band(
                link=link,
                path=draw_band(across, down, max(thick, THINNEST)),
                lit=draw_band(across, down, max(lit, THINNEST)) if lit else "",
                source=sources[link.source].key,
                target=targets[link.target].key,
            )
        )
        out[link.source] += thick
        into[link.target] += thick
    return bands


def draw_band(
    across: tuple[float, float], down: tuple[float, float], thick: float
) -> str:
    """The path of a band from one side to the other."""
    (x0, x1), (y0, y1) = across, down
    middle = (x0 + x1) / 2
    return (
        f"M{x0:.1f} {y0:.1f}C{middle:.1f} {y0:.1f} {middle:.1f} {y1:.1f} {x1:.1f} {y1:.1f}"
        f"V{y1 + thick:.1f}"
        f"C{middle:.1f} {y1 + thick:.1f} {middle:.1f} {y0 + thick:.1f}"
        f" {x0:.1f} {y0 + thick:.1f}Z"
    )


def draw_stub(plan: Plan, index: int, node: Node) -> Stub:
    """The end of journeys, below the bands of a block: it falls and fades."""
    spot = plan.spots[index][node.place]
    thick = max(node.ended * plan.scale, THINNEST)
    top = spot.start + (node.sessions - node.ended) * plan.scale
    x = plan.sides(index)[1]
    reach = (plan.slot - plan.block) * STUB
    across = (x, x - reach if plan.is_mirrored else x + reach)
    return Stub(
        source=spot.key,
        ended=node.ended,
        path=draw_band(across, (top, top + DROP), thick),
    )
