"""What every page is about: a site, its time zone and filters, read from the address."""

import functools
from collections.abc import Callable
from contextlib import nullcontext
from typing import Concatenate, ParamSpec

import msgspec
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render

from liveinsight.core import limits
from liveinsight.core.site import Sites, site_id
from liveinsight.dashboard import runtime
from liveinsight.dashboard.errors import NoSuchSiteError, explain
from liveinsight.dashboard.goals import load_goals
from liveinsight.dashboard.pages.attribution import PARAMETER as ATTRIBUTION
from liveinsight.dashboard.pages.attribution import read_attribution
from liveinsight.dashboard.segments import account_of, read_filters
from liveinsight.dashboard.shares import Share, check_asked, share_of
from liveinsight.dashboard.sites import load_sites
from liveinsight.errors import QueryError, StoreUnavailable
from liveinsight.query.goals import names_goals
from liveinsight.query.model import Attribution, Goal, Where

REMEMBERED = "site"

View = ParamSpec("View")


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """The site that a page shows, and under which filters."""

    site: str
    """ "" where nothing is configured and nothing has come."""
    timezone: str
    filters: tuple[Where, ...]
    """All that hold."""
    asked: tuple[Where, ...]
    """Those of them that the address spells, and that can be taken off."""
    goals: tuple[Goal, ...] = ()
    """The site's."""
    attribution: Attribution = Attribution.SESSION
    """Which of a user's visits a source is of."""
    now: int
    share: Share | None = None
    """The link that the reader came by."""

    @property
    def is_of_goals(self) -> bool:
        """Whether a filter keeps those alone who reached a goal."""
        return any(names_goals(where) for where in self.filters)


def read_scope(request: HttpRequest) -> Scope:
    """The scope that the address names, with the site last looked at by default.

    Raises:
        QueryError: a filter cannot be read.
    """
    return read_scope_of(request, request.GET)


def read_scope_of(request: HttpRequest, query: QueryDict) -> Scope:
    """The scope of a page that is asked for with these parameters.

    Raises:
        QueryError: a filter cannot be read.
    """
    sites = load_sites()
    share = share_of(request)
    site = choose_site(request, query, sites) if share is None else share.site
    goals = load_goals(site)
    account = account_of(request)
    if share is not None:
        check_asked(share, query.getlist("f"))
    asked = read_filters(query.getlist("f"), site, account, goals)
    attribution = read_attribution(query)
    is_limited = share is not None and bool(share.filters)
    if is_limited and attribution is not Attribution.SESSION:
        raise QueryError(ATTRIBUTION, "a shared link does not look beyond its segment")
    return Scope(
        site=site,
        timezone=sites.get(site).timezone,
        filters=asked if share is None else (*share.filters, *asked),
        asked=asked,
        goals=goals,
        attribution=attribution,
        now=runtime.current().clock(),
        share=share,
    )


def choose_site(request: HttpRequest, query: QueryDict, sites: Sites) -> str:
    """The site of the address, else the one last looked at, else the first.

    Raises:
        NoSuchSiteError: the address names none of those that are here.
    """
    named = query.get("site", "").strip()
    asked = site_id(named) or named[: limits.SITE_CHARS]
    remembered = request.session.get(REMEMBERED, "")
    known = known_sites(sites)
    if asked:
        if asked not in known and not is_of_stack(asked):
            raise NoSuchSiteError(asked, known)
        if asked != remembered:
            request.session[REMEMBERED] = asked
        return asked
    if remembered in known:
        return str(remembered)
    return known[0] if known else ""


def known_sites(sites: Sites) -> list[str]:
    """The configured sites; while there are none, the hosts that sent events."""
    if sites.configured:
        return sorted(sites.by_id)
    return sorted(runtime.current().hosts())


def is_of_stack(host: str) -> bool:
    """Whether a stack collects, and has events of the host: they may be looked at."""
    state = runtime.current()
    return state.stack is not None and host in state.hosts()


def is_rebuilding() -> float | None:
    """The share of a running rebuild that is done, 0-1."""
    return runtime.current().rebuild_progress()


def stack_name() -> str:
    """The stack that collects; "" where this server does."""
    stack = runtime.current().stack
    return "" if stack is None else stack.name


def answering_errors(
    view: Callable[Concatenate[HttpRequest, View], HttpResponse],
) -> Callable[Concatenate[HttpRequest, View], HttpResponse]:
    """The view, whose numbers agree; with a page for a question without an answer."""

    @functools.wraps(view)
    def answer(
        request: HttpRequest, /, *args: View.args, **kwargs: View.kwargs
    ) -> HttpResponse:
        reads = request.method in ("GET", "HEAD")
        try:
            with runtime.one_moment() if reads else nullcontext():
                return view(request, *args, **kwargs)
        except QueryError as error:
            said = {"field": error.field, "reason": explain(error)}
            return render(request, "refused.html", said, status=400)
        except StoreUnavailable as error:
            context = {"progress": is_rebuilding()}
            response = render(request, "unavailable.html", context, status=503)
            response.headers["Retry-After"] = str(error.retry_after)
            return response

    return answer
