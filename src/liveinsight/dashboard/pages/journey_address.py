"""What an address asks about journeys, and the addresses that ask something else.

`at` is where journeys begin or end, `direction`, `steps`, `breadth`, `events`, `g` (each
a pattern; one empty: none; none at all: found by themselves), and `step` and `place` of
the place that they are shown through.
"""

import re
from collections import Counter
from collections.abc import Iterable
from typing import Final

from django.http import QueryDict

from liveinsight.dashboard.api import read_number
from liveinsight.dashboard.pages.address import change_query, write_query
from liveinsight.errors import QueryError
from liveinsight.query.journeys import MOST_BREADTH, MOST_STEPS
from liveinsight.query.journeys_model import Direction, Place, PlaceKind, Through
from liveinsight.query.model import Filter, Operator
from liveinsight.query.parse import format_filter
from liveinsight.query.patterns import ANY, pattern_filter

PAGE: Final = "page:"
EVENT: Final = "event:"
STEPS: Final = (3, 5, 7, 10, 15, 20)
DEFAULT_STEPS: Final = 5
DEFAULT_BREADTH: Final = 8
LEAST_OF_FOLDER: Final = 4
"""So many pages of one folder are told as one place."""
LEAST_OF_IDS: Final = 2
MOST_FOUND: Final = 15
_ID: Final = re.compile(r"[0-9]+|[0-9a-fA-F-]{16,}")


def read_start(query: QueryDict) -> Place | None:
    """Where journeys begin or end; None: with the session."""
    text = query.get("at", "").strip()
    return read_place(text) if text else None


def read_place(text: str) -> Place:
    """The place of `page:…` or `event:…`; without either, what begins as a path is a page."""
    if text.startswith(EVENT):
        return Place(kind=PlaceKind.EVENT, name=text.removeprefix(EVENT))
    if text.startswith((PAGE, "/", ANY)):
        return Place(kind=PlaceKind.PAGE, name=text.removeprefix(PAGE))
    return Place(kind=PlaceKind.EVENT, name=text)


def write_place(place: Place) -> str:
    """The text that `read_place` reads as this place."""
    return f"{place.kind}:{place.name}"


def read_direction(query: QueryDict) -> Direction:
    """Which way; by default forwards.

    Raises:
        QueryError: there is no such way.
    """
    try:
        return Direction(query.get("direction") or Direction.FORWARDS)
    except ValueError as error:
        known = ", ".join(Direction)
        raise QueryError("direction", "give one of %(known)s", known=known) from error


def read_through(query: QueryDict) -> Through | None:
    """The place that journeys are shown through."""
    text = query.get("place")
    if not text:
        return None
    return Through(
        step=read_number(query, "step", 1, MOST_STEPS), place=read_place(text)
    )


def read_steps(query: QueryDict) -> int:
    """How many steps."""
    return read_number(query, "steps", DEFAULT_STEPS, MOST_STEPS)


def read_breadth(query: QueryDict) -> int:
    """How many places of each step."""
    return read_number(query, "breadth", DEFAULT_BREADTH, MOST_BREADTH)


def read_groups(query: QueryDict, pages: Iterable[str]) -> tuple[str, ...]:
    """The patterns of the address; if it is silent, those found in the pages."""
    if "g" not in query:
        return find_groups(pages)
    return tuple(text.strip() for text in query.getlist("g") if text.strip())


def find_groups(pages: Iterable[str]) -> tuple[str, ...]:
    """A pattern for each folder of many pages, and for ids inside of paths.

    A folder that has folders is none: its pages are the parts of a site.
    """
    known = [page for page in pages if page.strip("/")]
    parents = {page.rstrip("/").rpartition("/")[0] for page in known}
    of_parts = {page_pattern(page) for page in known if page.rstrip("/") in parents}
    counted = Counter(page_pattern(page) for page in known)
    found = [
        pattern
        for pattern, count in counted.most_common()
        if pattern.strip(ANY + "/")
        and (pattern not in of_parts or not is_of_folder(pattern))
        and count >= (LEAST_OF_FOLDER if is_of_folder(pattern) else LEAST_OF_IDS)
    ]
    return tuple(found[:MOST_FOUND])


def page_pattern(page: str) -> str:
    """The page with `*` in place of its ids, else of its last part."""
    parts = page.split("/")
    if any(_ID.fullmatch(part) for part in parts):
        return "/".join(ANY if _ID.fullmatch(part) else part for part in parts)
    last = len(parts) - (2 if page.endswith("/") else 1)
    return "/".join([*parts[:last], ANY, *parts[last + 1 :]])


def is_of_folder(pattern: str) -> bool:
    """Whether the one `*` is at the end."""
    return pattern.count(ANY) == 1 and pattern.rstrip("/").endswith(ANY)


def groups_query(query: QueryDict, groups: Iterable[str]) -> str:
    """The address with these patterns, written out."""
    changed = query.copy()
    changed.setlist("g", list(groups) or [""])
    for name in ("step", "place"):
        changed.pop(name, None)
    return write_query(changed)


def start_query(query: QueryDict, place: Place | None, direction: Direction) -> str:
    """The address of the journeys from or to there."""
    return change_query(
        query,
        at=None if place is None else write_place(place),
        direction=None if direction is Direction.FORWARDS else direction.value,
        step=None,
        place=None,
    )


def through_query(query: QueryDict, through: Through | None) -> str:
    """The address of the same journeys, shown through there."""
    if through is None:
        return change_query(query, step=None, place=None)
    return change_query(query, step=str(through.step), place=write_place(through.place))


def only_query(query: QueryDict, place: Place) -> str:
    """The address limited to sessions that were there."""
    added = Filter("event_type", Operator.IS, (place.name,))
    if place.kind is PlaceKind.PAGE:
        added = pattern_filter(place.name)
    text = format_filter(added)
    changed = query.copy()
    changed.setlist("f", [*(each for each in query.getlist("f") if each != text), text])
    for name in ("step", "place"):
        changed.pop(name, None)
    return write_query(changed)
