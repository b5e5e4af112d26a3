"""`/sessions/<id>/`: one visit, step by step."""

from typing import Final

import msgspec
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from liveinsight.core import limits
from liveinsight.core.event import ENGAGEMENT
from liveinsight.dashboard import runtime
from liveinsight.dashboard.pages.scope import answering_errors, read_scope
from liveinsight.query import lists

LONG_SILENCE: Final = 3 * limits.MINUTE
"""A pause worth a line of its own between two steps."""


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One event of the timeline, as shown."""

    event: lists.TimelineStep
    silence: int
    """Since the step before that is not quiet, ms; 0 where it is short."""
    properties: list[tuple[str, str]]
    is_quiet: bool


@require_safe
@answering_errors
def session(request: HttpRequest, session_id: str) -> HttpResponse:
    """The facts and steps of a session, also by an id that a reply gave for it."""
    scope = read_scope(request)
    with runtime.current().reading_session(scope.site, session_id) as reader:
        found = lists.session(scope.site, session_id, scope.now, reader)
        if found is None:
            raise Http404
        events = lists.timeline(scope.site, session_id, reader) or []
    context = {"scope": scope, "session": found, "steps": list_steps(events)}
    return render(request, "session.html", context)


def list_steps(events: list[lists.TimelineStep]) -> list[Step]:
    """The events with the silences between them."""
    steps = []
    before = events[0].time if events else 0
    for event in events:
        is_quiet = event.event_type == ENGAGEMENT
        silence = 0 if is_quiet else event.time - before
        steps.append(
            Step(
                event=event,
                silence=silence if silence >= LONG_SILENCE else 0,
                properties=list_properties(event),
                is_quiet=is_quiet,
            )
        )
        before = before if is_quiet else event.time
    return steps


def list_properties(event: lists.TimelineStep) -> list[tuple[str, str]]:
    """The custom data of the event, and its revenue."""
    shown = [
        (key, value if isinstance(value, str) else msgspec.json.encode(value).decode())
        for key, value in (event.properties or {}).items()
    ]
    if event.revenue_amount is not None:
        money = f"{event.revenue_amount:,.2f} {event.revenue_currency or ''}"
        shown.append(("revenue", money.strip()))
    return shown
