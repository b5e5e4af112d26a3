"""`/visitors/<id>/`: one visitor's sessions."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from liveinsight.dashboard import runtime
from liveinsight.dashboard.pages.scope import answering_errors, read_scope
from liveinsight.query import lists


@require_safe
@answering_errors
def visitor(request: HttpRequest, user_id: str) -> HttpResponse:
    """All sessions of the visitor on the site, the latest first."""
    scope = read_scope(request)
    with runtime.current().reading_user(scope.site, user_id) as reader:
        visits = lists.visits(scope.site, user_id, scope.now, reader)
    if not visits:
        raise Http404
    context = {
        "scope": scope,
        "user_id": user_id,
        "visits": visits,
        "page_views": sum(visit.page_views for visit in visits),
        "events": sum(visit.total_events for visit in visits),
    }
    return render(request, "visitor.html", context)
