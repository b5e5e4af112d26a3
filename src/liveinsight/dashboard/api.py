"""The plain JSON addresses under /api/; docs/api.md describes them.

Each takes `site`, `from`, `to` (ms, or ISO dates in the site's time zone) and the
filters `f`. Without `site`: the only one the key reads, else the only one configured,
else all sites together.
"""

import functools
from collections.abc import Callable
from typing import Concatenate, Final, ParamSpec

import msgspec
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from liveinsight.core.site import site_id
from liveinsight.dashboard import runtime
from liveinsight.dashboard.errors import answer_error
from liveinsight.dashboard.goals import load_goals
from liveinsight.dashboard.rights import Asker, find_asker
from liveinsight.dashboard.segments import read_filters
from liveinsight.dashboard.shares import check_asked, share_of
from liveinsight.dashboard.sites import load_sites
from liveinsight.errors import FieldError, QueryError, StoreUnavailable
from liveinsight.query import lists
from liveinsight.query.goals import expand_goals
from liveinsight.query.model import Period, Where
from liveinsight.query.parse import parse_period
from liveinsight.query.sessions import read_events

CHALLENGE: Final = {"WWW-Authenticate": 'Bearer realm="LiveInsight"'}
MAX_HOURS: Final = 2_000

Rest = ParamSpec("Rest")


class ForbiddenError(FieldError):
    """The asker may not read what was asked for."""


class MissingError(FieldError):
    """There is no such thing."""


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """What every one of these questions says."""

    asker: Asker
    site: str | None
    """None is all sites together."""
    timezone: str
    period: Period
    filters: tuple[Where, ...]
    """All that hold, with the conditions of goals in place of their names."""
    spelt: tuple[Where, ...]
    """Those of them that the address spells."""
    now: int
    has_period: bool
    """Whether `from`, `to` or `period` was given."""
    asked: QueryDict


Question = Callable[Concatenate[Scope, Rest], object]


def answers_json(
    question: Question[Rest],
) -> Callable[Concatenate[HttpRequest, Rest], HttpResponse]:
    """The view of a question: who asks, what about, and the answer or error as JSON."""

    @csrf_exempt  # these only read
    @login_not_required  # a key will do; without either it is 401, not a redirection
    @functools.wraps(question)
    def view(
        request: HttpRequest, /, *args: Rest.args, **kwargs: Rest.kwargs
    ) -> HttpResponse:
        if request.method not in ("GET", "HEAD"):
            return answer_error(405, "method", "use GET", {"Allow": "GET, HEAD"})
        asker = find_asker(request)
        if asker is None:
            return answer_error(
                401, "authorization", "sign in, or send Bearer KEY", CHALLENGE
            )
        try:
            with runtime.one_moment():
                answer = question(read_scope(request, asker), *args, **kwargs)
        except (FieldError, StoreUnavailable) as error:
            return answer_failure(error)
        return HttpResponse(msgspec.json.encode(answer), "application/json")

    return view


def answer_failure(error: FieldError | StoreUnavailable) -> HttpResponse:
    """The answer to a question that cannot be answered as asked, or not now."""
    if isinstance(error, FieldError):
        status = STATUS_OF.get(type(error), 400)
        return answer_error(status, error.field, error.reason)
    retry = {"Retry-After": str(error.retry_after)}
    return answer_error(503, "warehouse", "it is being rebuilt; try again", retry)


STATUS_OF: Final[dict[type[FieldError], int]] = {
    QueryError: 400,
    ForbiddenError: 403,
    MissingError: 404,
}


def read_scope(request: HttpRequest, asker: Asker) -> Scope:
    """The scope that the parameters give.

    Raises:
        ForbiddenError: the key does not read the site.
        MissingError: sites are configured, and this is none of them.
        QueryError: a parameter cannot be read.
    """
    asked = request.GET
    sites = load_sites()
    site = choose_site(asked.get("site"), asker, list(sites.by_id))
    now = runtime.current().clock()
    zone = sites.get(site or "").timezone
    given = [asked.get(name) for name in ("period", "from", "to")]
    share = share_of(request)
    if share is not None:
        check_asked(share, asked.getlist("f"))
    goals = load_goals(site or "")
    spelt = read_filters(asked.getlist("f"), site or "", asker.account_id, goals)
    held = spelt if share is None else (*share.filters, *spelt)
    return Scope(
        asker=asker,
        site=site,
        timezone=zone,
        period=parse_period(given[0], given[1], given[2], zone, now),
        filters=expand_goals(held, goals),
        spelt=spelt,
        now=now,
        has_period=any(given),
        asked=asked,
    )


def choose_site(named: str | None, asker: Asker, configured: list[str]) -> str | None:
    """The site that is asked about; None is all of them together."""
    if named is None:
        only = configured[0] if len(configured) == 1 else None
        return asker.site or only
    site = site_id(named)
    if not site:
        raise QueryError("site", "give a domain, as in shop.example")
    if not asker.may_read(site):
        raise ForbiddenError("site", "this key does not read it")
    if configured and site not in configured:
        raise MissingError("site", "is not one of the sites here")
    return site


@answers_json
def active(scope: Scope) -> object:
    """`[{session_id, user_id, last_activity, current_page, duration}]`."""
    reader = runtime.current().now
    found = lists.active_sessions(scope.site, scope.filters, scope.now, reader)
    if scope.has_period:
        period = scope.period
        found = [
            each for each in found if period.start <= each.last_activity < period.end
        ]
    return found


@answers_json
def session_events(scope: Scope, session: str) -> object:
    """`[{event_id, timestamp, event_type, page_url, referrer}]`."""
    with runtime.current().reading_session(scope.site, session) as reader:
        found = read_events(scope.site, session, reader)
    if found is None:
        raise MissingError("id", "there is no such session")
    if scope.has_period:
        period = scope.period
        found = [each for each in found if period.start <= each.timestamp < period.end]
    return found


@answers_json
def summary(scope: Scope) -> object:
    """`{total_sessions, total_events, avg_session_time, conversion_rate}`."""
    reader = runtime.current().reader
    return lists.summary(scope.site, scope.period, scope.filters, reader)


@answers_json
def hourly(scope: Scope) -> object:
    """`[{hour, count}]`: of the period, else of the last `hours` (24)."""
    period = scope.period
    if not scope.has_period or "hours" in scope.asked:
        hours = read_number(scope.asked, "hours", 24, MAX_HOURS)
        period = lists.last_hours(hours, scope.timezone, scope.now)
    reader = runtime.current().reader
    return lists.hourly(scope.site, period, scope.filters, scope.timezone, reader)


@answers_json
def pages(scope: Scope) -> object:
    """`[{page, views}]`, most first; all of them."""
    reader = runtime.current().reader
    return lists.pages(scope.site, scope.period, scope.filters, reader)


@answers_json
def referrers(scope: Scope) -> object:
    """`{labels, data}`, most first; all of them."""
    reader = runtime.current().reader
    return lists.referrers(scope.site, scope.period, scope.filters, reader)


def read_number(asked: QueryDict, name: str, default: int, most: int) -> int:
    """A whole number of the address, 1 to `most`."""
    text = asked.get(name, str(default))
    if not (text.isascii() and text.isdigit()) or not 1 <= int(text[:9]) <= most:
        raise QueryError(name, "give a whole number from 1 to %(most)s", most=most)
    return int(text)


api_urls = [
    path("api/sessions/active/", active, name="api-active"),
    path("api/sessions/<path:session>/events/", session_events, name="api-events"),
    path("api/statistics/summary/", summary, name="api-summary"),
    path("api/statistics/hourly/", hourly, name="api-hourly"),
    path("api/statistics/pages/", pages, name="api-pages"),
    path("api/statistics/referrers/", referrers, name="api-referrers"),
]
