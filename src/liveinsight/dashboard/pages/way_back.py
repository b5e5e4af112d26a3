"""The report that an editor was opened from, and the way back to it."""

from urllib.parse import urlencode

import msgspec
from django.http import Http404, HttpRequest, QueryDict
from django.urls import Resolver404, get_script_prefix, resolve
from django.utils.http import url_has_allowed_host_and_scheme

from liveinsight.dashboard.pages.address import write_query
from liveinsight.errors import QueryError

LONGEST: int = 16_000


class WayBack(msgspec.Struct, frozen=True, kw_only=True):
    """A report's address, and which of its filters is meant."""

    to: str
    query: QueryDict
    at: int | None
    """None: a new one."""

    @property
    def address(self) -> str:
        """The report as it was."""
        return self.to + write_query(self.query)

    @property
    def others(self) -> QueryDict:
        """The report's parameters without the filter that is meant."""
        changed = self.query.copy()
        filters = changed.getlist("f")
        if self.at is not None:
            del filters[self.at]
        changed.setlist("f", filters)
        return changed

    @property
    def parameters(self) -> list[tuple[str, str]]:
        """What says the same to an editor."""
        at = "" if self.at is None else str(self.at)
        return [("back", self.to), ("q", self.query.urlencode()), ("at", at)]

    def with_parameters(self, **more: str) -> str:
        """`?…` of an editor that leads back here."""
        return "?" + urlencode([*self.parameters, *more.items()])

    def replaced(self, texts: list[str]) -> str:
        """The report with these in the place of the filter that is meant."""
        changed = self.query.copy()
        filters = changed.getlist("f")
        at = len(filters) if self.at is None else self.at
        filters[at : at + 1] = texts
        changed.setlist("f", filters)
        return self.to + write_query(changed)


def read_way_back(asked: QueryDict, request: HttpRequest, default: str) -> WayBack:
    """The way back that the parameters `back`, `q` and `at` give.

    Raises:
        QueryError: it is none of our pages, or the filter is not among its filters.
    """
    to, q, at = asked.get("back") or default, asked.get("q", ""), asked.get("at", "")
    if len(q) > LONGEST or not is_ours(to, request):
        raise QueryError("back", "it is no page of this dashboard")
    query = QueryDict(q)
    known = len(query.getlist("f"))
    if at and not (at.isascii() and at.isdigit() and int(at[:4]) < known):
        raise QueryError("at", "there is no such filter")
    return WayBack(to=to, query=query, at=int(at) if at else None)


def is_ours(to: str, request: HttpRequest) -> bool:
    """Whether the path is that of a page here, and nothing but a path."""
    if not to.startswith("/") or "?" in to or "#" in to or len(to) > LONGEST:
        return False
    if not url_has_allowed_host_and_scheme(to, {request.get_host()}):
        return False
    try:
        resolve("/" + to.removeprefix(get_script_prefix()))
    except (Resolver404, Http404):
        return False
    return True
