"""`/visitors/<id>/`: one visitor's sessions; all that is kept, handed out or erased."""

import shlex

import msgspec
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import content_disposition_header, urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from liveinsight.core.limits import USER_ID_CHARS
from liveinsight.dashboard import runtime
from liveinsight.dashboard.audit import note_visitor
from liveinsight.dashboard.pages.scope import (
    Scope,
    answering_errors,
    read_scope,
    read_scope_of,
)
from liveinsight.query.visitor import (
    MOST_VISITS,
    UserHistory,
    read_history,
    read_visits,
)
from liveinsight.store.person import Person
from liveinsight.store.user_export import make_export, read_warehouse


@require_safe
@answering_errors
def visitor(request: HttpRequest, user_id: str) -> HttpResponse:
    """All sessions of the visitor on the site, the latest first."""
    scope = read_scope(request)
    with runtime.current().reading_user(scope.site, user_id) as reader:
        visits = read_visits(scope.site, user_id, scope.now, reader)
        history = read_history(scope.site, user_id, reader)
    if not visits or history is None:
        raise Http404
    context = {
        "scope": scope,
        "user_id": user_id,
        "visits": visits,
        "history": history,
        "most": MOST_VISITS if history.sessions > len(visits) else 0,
        "is_being_erased": is_being_erased(scope, user_id),
    }
    return render(request, "visitor.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@answering_errors
def erase(request: HttpRequest) -> HttpResponse:
    """Asks whether it is meant; a POST has the visitor erased for good."""
    asked = request.POST if request.method == "POST" else request.GET
    scope, user_id = read_scope_of(request, asked), asked.get("id", "")
    history = find_history(scope, user_id)
    server = runtime.current()
    is_unsure = request.method == "POST" and asked.get("sure") != "yes"
    if request.method == "POST" and server.erase is not None and not is_unsure:
        server.erase(Person(scope.site, user_id), request.user.get_username())
        messages.success(
            request, _("The visitor is being erased. This may take some minutes.")
        )
        return redirect(f"{reverse('sessions')}?{urlencode({'site': scope.site})}")
    context = {
        "scope": scope,
        "user_id": user_id,
        "history": history,
        "is_unsure": is_unsure,
        # The id is a stranger's: it must not become another command, or an option.
        "command": shlex.join(
            ["liveinsight", "user", "erase", "--site", scope.site, "--", user_id]
        ),
        "can_erase": server.erase is not None,
        "is_being_erased": is_being_erased(scope, user_id),
    }
    return render(request, "erase.html", context, status=400 if is_unsure else 200)


@require_safe
@answering_errors
def export(request: HttpRequest) -> HttpResponse:
    """All that is stored of the visitor, as one JSON file."""
    scope, user_id = read_scope(request), request.GET.get("id", "")
    find_history(scope, user_id)
    person = Person(scope.site, user_id)
    with runtime.current().reading_user(scope.site, user_id) as reader:
        made = make_export(person, read_warehouse(reader, person), scope.now)
    note_visitor(request.user.get_username(), "export", person)
    name = content_disposition_header(
        as_attachment=True, filename=f"visitor-{person.fingerprint}.json"
    )
    return HttpResponse(
        msgspec.json.format(msgspec.json.encode(made), indent=2),
        "application/json",
        headers={"Content-Disposition": name or "", "Cache-Control": "no-store"},
    )


def find_history(scope: Scope, user_id: str) -> UserHistory:
    """The visitor's sessions, summed up.

    Raises:
        Http404: there is no such visitor.
    """
    if not 0 < len(user_id) <= USER_ID_CHARS:
        raise Http404
    with runtime.current().reading_user(scope.site, user_id) as reader:
        found = read_history(scope.site, user_id, reader)
    if found is None:
        raise Http404
    return found


def is_being_erased(scope: Scope, user_id: str) -> bool:
    """Whether the visitor is not to be found any more soon."""
    return Person(scope.site, user_id) in runtime.current().erasing()
