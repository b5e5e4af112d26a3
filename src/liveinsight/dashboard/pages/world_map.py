"""The map of the world: countries shaded by their visitors, each a link to its filter."""

import functools
import math
from typing import Final

import msgspec

from liveinsight.dashboard.pages.bars import Bar
from liveinsight.dashboard.pages.labels import BUILD, format_whole

FAINTEST: Final = 0.22


class Atlas(msgspec.Struct, frozen=True, kw_only=True):
    """Where the countries are, from the front end's build."""

    width: int
    height: int
    shapes: dict[str, str]
    """Code to path."""
    dots: dict[str, tuple[float, float]]
    """Those too small for a shape."""


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A country with visitors."""

    title: str
    address: str
    path: str
    """ "" where it is a dot."""
    x: float
    y: float
    shade: str
    """Opacity, by the root of the share of the most, so that few are seen too."""


class WorldMap(msgspec.Struct, frozen=True, kw_only=True):
    """The map as shown."""

    width: int
    height: int
    places: list[Place]


@functools.cache
def read_atlas() -> Atlas | None:
    """The atlas; None where the front end was not built."""
    try:
        return msgspec.json.decode((BUILD / "map.json").read_bytes(), type=Atlas)
    except FileNotFoundError:
        return None


def draw_map(bars: list[Bar]) -> WorldMap | None:
    """The map of these countries; None without an atlas."""
    atlas = read_atlas()
    if atlas is None:
        return None
    most = max([bar.number for bar in bars] + [1])
    places = [make_place(bar, atlas, most) for bar in bars]
    return WorldMap(
        width=atlas.width,
        height=atlas.height,
        # Dots last, so that no neighbour covers them.
        places=sorted(filter(None, places), key=lambda place: not place.path),
    )


def make_place(bar: Bar, atlas: Atlas, most: float) -> Place | None:
    """The country's place; None where the atlas has none."""
    path, dot = atlas.shapes.get(bar.key, ""), atlas.dots.get(bar.key)
    if not path and dot is None:
        return None
    x, y = dot or (0.0, 0.0)
    shade = FAINTEST + (1 - FAINTEST) * math.sqrt(bar.number / most)
    return Place(
        title=f"{bar.label}: {format_whole(bar.number)}",
        address=bar.address,
        path=path,
        x=x,
        y=y,
        shade=f"{shade:.2f}",
    )
