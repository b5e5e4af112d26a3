"""`/sessions/<id>/`: one visit, step by step, and how long on which page."""

from typing import Final

import msgspec
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from liveinsight.core import limits
from liveinsight.core.event import ENGAGEMENT, PAGE_VIEW
from liveinsight.dashboard import runtime
from liveinsight.dashboard.pages.scope import answering_errors, read_scope
from liveinsight.query.sessions import (
    MOST_STEPS,
    PageTime,
    TimelineStep,
    find_session,
    page_times,
    read_timeline,
)

LONG_SILENCE: Final = 3 * limits.MINUTE
"""A pause worth a line of its own between two steps."""


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One event of the timeline, as shown."""

    event: TimelineStep
    silence: int
    """Since the step before that is not quiet, ms; 0 where it is short."""
    properties: list[tuple[str, str]]
    is_quiet: bool
    """Engagement without a view of its page before it: all other is told with the view."""
    engagement_ms: int = 0
    """Of a page view: how long the page was in view and in use until the next one."""
    scroll_percent: int | None = None


class PageLine(msgspec.Struct, frozen=True, kw_only=True):
    """A page of the session, as shown."""

    time: PageTime
    share: int
    """Of the time in view of all pages, in percent."""


@require_safe
@answering_errors
def session(request: HttpRequest, session_id: str) -> HttpResponse:
    """The facts and steps of a session, also by an id that a reply gave for it."""
    scope = read_scope(request)
    with runtime.current().reading_session(scope.site, session_id) as reader:
        found = find_session(scope.site, session_id, scope.now, reader)
        if found is None:
            raise Http404
        events = read_timeline(scope.site, session_id, reader) or []
    context = {
        "scope": scope,
        "session": found,
        "steps": list_steps(events),
        "pages": list_pages(events),
        "most": MOST_STEPS if len(events) >= MOST_STEPS else 0,
    }
    return render(request, "session.html", context)


def list_pages(events: list[TimelineStep]) -> list[PageLine]:
    """The pages of the session, with their share of the time."""
    times = page_times(events)
    whole = sum(time.engagement_ms for time in times) or 1
    return [
        PageLine(time=time, share=round(100 * time.engagement_ms / whole))
        for time in times
    ]


def list_steps(events: list[TimelineStep]) -> list[Step]:
    """The events with the silences between them; engagement with the view it is of."""
    steps: list[Step] = []
    view_of: dict[str | None, int] = {}
    before = events[0].time if events else 0
    for event in events:
        is_quiet = event.event_type == ENGAGEMENT
        if is_quiet and event.page in view_of:
            at = view_of[event.page]
            steps[at] = add_engagement(steps[at], event)
            continue
        silence = 0 if is_quiet else event.time - before
        steps.append(
            Step(
                event=event,
                silence=silence if silence >= LONG_SILENCE else 0,
                properties=list_properties(event),
                is_quiet=is_quiet,
                engagement_ms=event.engagement_ms or 0,
                scroll_percent=event.scroll_percent,
            )
        )
        if event.event_type == PAGE_VIEW:
            view_of[event.page] = len(steps) - 1
        before = before if is_quiet else event.time
    return steps


def add_engagement(step: Step, event: TimelineStep) -> Step:
    """The page view with what was told of it later."""
    depths = [
        depth
        for depth in (step.scroll_percent, event.scroll_percent)
        if depth is not None
    ]
    return msgspec.structs.replace(
        step,
        engagement_ms=step.engagement_ms + (event.engagement_ms or 0),
        scroll_percent=max(depths, default=None),
    )


def list_properties(event: TimelineStep) -> list[tuple[str, str]]:
    """The custom data of the event, and its revenue."""
    shown = [
        (key, value if isinstance(value, str) else msgspec.json.encode(value).decode())
        for key, value in (event.properties or {}).items()
    ]
    if event.revenue_amount is not None:
        money = f"{event.revenue_amount:,.2f} {event.revenue_currency or ''}"
        shown.append(("revenue", money.strip()))
    return shown
