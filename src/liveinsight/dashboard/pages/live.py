"""`/`: what happens now. Drawn here once, kept current by the scripts."""

from typing import Final
from urllib.parse import urlencode

import msgspec
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from liveinsight.core import limits
from liveinsight.core.outcome import Outcome
from liveinsight.dashboard import runtime
from liveinsight.dashboard.assets import asset_address
from liveinsight.dashboard.pages.api_call import call_current
from liveinsight.dashboard.pages.bars import Bar, list_bars
from liveinsight.dashboard.pages.charts import Still, draw_still
from liveinsight.dashboard.pages.filter_bar import make_filter_bar
from liveinsight.dashboard.pages.scope import Scope, answering_errors, read_scope
from liveinsight.dashboard.pages.snippet import write_snippet
from liveinsight.dashboard.shares import shareable
from liveinsight.query.concurrency import Concurrency, ask_concurrency
from liveinsight.query.live import LiveSession, Panels, live_panels
from liveinsight.query.parse import format_filter

STREAM: Final = "/live/stream"
"""No view: the same for all, opened by the token."""

SEEN: Final = 12
"""Sessions that stand in the feed until the first event arrives."""


class LiveRow(msgspec.Struct, frozen=True, kw_only=True):
    """An active session, and what follows from the moment of looking."""

    session: LiveSession
    is_current: bool
    lasted: int


class LiveDay(msgspec.Struct, frozen=True, kw_only=True):
    """How many were there over the last 24 hours."""

    still: Still
    data: object
    """For the script."""
    peak: int
    peak_at: int
    hours: list[tuple[int, int]]
    """Start of the hour, and the most at a time."""


@shareable
@require_safe
@answering_errors
def live(request: HttpRequest) -> HttpResponse:
    """The live page of one site."""
    scope = read_scope(request)
    if not scope.site:
        return redirect("add-site")
    state = runtime.current()
    panels = live_panels(scope.site, scope.filters, scope.now, state.now, scope.goals)
    # By a link nobody sees a single visitor, nor how the server is set up.
    rows = [] if scope.share else list_rows(panels)
    stack = None if scope.share else state.stack
    context = {
        "scope": scope,
        "panels": panels,
        "page_views": sum(minute.page_views for minute in panels.per_minute),
        "minutes": msgspec.to_builtins(panels.per_minute),
        "still": draw_still(
            [minute.visitors for minute in panels.per_minute],
            columns=[minute.page_views for minute in panels.per_minute],
            running=len(panels.per_minute) - 1,
        ),
        "day": describe_day(
            ask_concurrency(
                scope.site, scope.filters, scope.now, state.reader, scope.goals
            )
        ),
        "bars": list_live_bars(request, panels),
        "rows": rows,
        "seen": sorted(rows, key=lambda row: -row.session.last_activity)[:SEEN],
        "filter_bar": make_filter_bar(request, scope),
        "call": call_current(scope),
        "config": configure_scripts(scope),
        "is_waiting": not (panels.active_sessions or scope.share)
        and is_waiting(scope.site),
        "snippet": write_snippet(request, scope.site),
        "stack": stack,
        "live_limit": stack.live_limit() if stack else None,
    }
    return render(request, "live.html", context)


def describe_day(day: Concurrency) -> LiveDay:
    """The 24 hours as a chart, the most of each hour as a table."""
    first = day.as_of - (len(day.visitors) - 1) * day.step
    an_hour = limits.HOUR // day.step
    starts = range(0, len(day.visitors), an_hour)
    peak = max(day.visitors)
    return LiveDay(
        still=draw_still(day.visitors),
        data=msgspec.to_builtins(day),
        peak=peak,
        peak_at=first + day.visitors.index(peak) * day.step,
        hours=[
            (first + start * day.step, max(day.visitors[start : start + an_hour]))
            for start in starts
        ],
    )


def list_live_bars(request: HttpRequest, panels: Panels) -> dict[str, list[Bar]]:
    """The rows of the four panels."""
    presents = {
        "page": panels.pages,
        "source": panels.sources,
        "country": panels.countries,
        "device": panels.devices,
    }
    return {
        dimension: list_bars(
            request.GET,
            [([(dimension, each.name)], each.visitors) for each in rows],
        )
        for dimension, rows in presents.items()
    }


def list_rows(panels: Panels) -> list[LiveRow]:
    """The active sessions."""
    return [
        LiveRow(
            session=session,
            is_current=session.last_activity >= panels.as_of - limits.CURRENT_WINDOW,
            lasted=panels.as_of - session.since,
        )
        for session in panels.sessions
    ]


def configure_scripts(scope: Scope) -> dict[str, object]:
    """What live.js needs to know."""
    query = [("site", scope.site)]
    query += [("f", format_filter(each)) for each in scope.asked]
    return {
        "site": scope.site,
        "timezone": scope.timezone,
        "query": write_parameters(query),
        "addresses": {
            "token": reverse("live-token"),
            "stream": STREAM,
            "poll": reverse("live-poll"),
            "day": reverse("live-day"),
        },
        "worker": asset_address("live-worker.js"),
    }


def write_parameters(pairs: list[tuple[str, str]]) -> str:
    """The same text for the same filters: tabs that share it share a stream."""
    return urlencode(pairs)


def is_waiting(site: str) -> bool:
    """Whether nothing has ever been received for the site."""
    return not any(
        line.site == site and line.outcome in {Outcome.RECEIVED, Outcome.STORED}
        for line in runtime.current().ledger()
    )
