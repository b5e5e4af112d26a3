"""The addresses of API v1: who asks, how often, and what; the answer as JSON or CSV."""

from collections.abc import Callable
from typing import Any, Final

import msgspec
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils.http import content_disposition_header
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from liveinsight.core import limits
from liveinsight.core.site import site_id
from liveinsight.dashboard import runtime
from liveinsight.dashboard.api import CHALLENGE, answer_failure
from liveinsight.dashboard.api_v1.endpoint import Caller, Endpoint
from liveinsight.dashboard.api_v1.endpoints import ENDPOINTS
from liveinsight.dashboard.api_v1.openapi import make_document
from liveinsight.dashboard.api_v1.page import reference
from liveinsight.dashboard.configuration import chosen
from liveinsight.dashboard.errors import answer_error
from liveinsight.dashboard.rights import Asker, find_asker
from liveinsight.dashboard.throttle import Counter
from liveinsight.errors import FieldError, QueryError, StoreUnavailable
from liveinsight.query.csv import write_csv
from liveinsight.query.decode import decode_question

METHODS: Final = ("GET", "HEAD", "POST")
limiter = Counter(limits.MINUTE)


def view_of(endpoint: Endpoint[Any, Any]) -> Callable[[HttpRequest], HttpResponse]:
    """The view that answers the endpoint's question."""

    @csrf_exempt  # these only read
    @login_not_required  # a key will do; without either it is 401, not a redirection
    def view(request: HttpRequest) -> HttpResponse:
        if request.method not in METHODS:
            allowed = {"Allow": ", ".join(METHODS)}
            return answer_error(405, "method", "use POST or GET", allowed)
        asker = find_asker(request)
        if asker is None:
            reason = "sign in, or send Bearer KEY"
            return answer_error(401, "authorization", reason, CHALLENGE)
        caller = Caller(asker=asker, now=runtime.current().clock())
        wait = wait_seconds(caller)
        if wait:
            reason = f"more than {chosen().api_requests_per_minute} in a minute"
            return answer_error(429, "requests", reason, {"Retry-After": str(wait)})
        try:
            with runtime.one_moment():
                return answer(endpoint, caller, request)
        except (FieldError, StoreUnavailable) as error:
            return answer_failure(error)

    return view


def wait_seconds(caller: Caller) -> int:
    """Counts a request; 0 is "go on", else the seconds until the asker may."""
    allowed = chosen().api_requests_per_minute
    wait = limiter.count(("asker", name_of(caller.asker)), allowed, caller.now)
    return -(-wait // limits.SECOND)


def name_of(asker: Asker) -> str:
    """What the asker's requests are counted by."""
    return f"{asker.account_id}/{asker.key_id}/{asker.site}"


def answer(
    endpoint: Endpoint[Any, Any], caller: Caller, request: HttpRequest
) -> HttpResponse:
    """The answer to what the request asks, in the form that it asks for."""
    form = request.GET.get("format", "json")
    table = endpoint.table
    if form not in ("json", "csv"):
        raise QueryError("format", "give json or csv")
    if form == "csv" and table is None:
        raise QueryError("format", "this answer is not one table: ask for json")
    asked = decode_question(read_question(request), endpoint.request)
    answered = endpoint.answer(caller, asked)
    if form == "json" or table is None:
        return HttpResponse(msgspec.json.encode(answered), "application/json")
    site = site_id(asked.site or "") or "liveinsight"
    file = content_disposition_header(
        as_attachment=True, filename=f"{site}-{endpoint.name}.csv"
    )
    return HttpResponse(
        write_csv(table(answered)),
        "text/csv; charset=utf-8; header=present",
        headers={"Content-Disposition": file or ""},
    )


def read_question(request: HttpRequest) -> bytes:
    """The JSON of the question: the body, or `question` of the address.

    Raises:
        QueryError: the address has none.
    """
    if request.method == "POST":
        return request.body
    question = request.GET.get("question")
    if question is None:
        raise QueryError("question", "is missing: give the question as JSON")
    return question.encode("utf-8", "surrogatepass")


@login_not_required  # it says what can be asked, and nothing of any site
@require_safe
def document(_request: HttpRequest) -> HttpResponse:
    """The OpenAPI document."""
    return HttpResponse(msgspec.json.encode(make_document()), "application/json")


v1_urls = [
    path("api/", reference, name="api"),
    path("api/v1/openapi.json", document, name="openapi"),
    *(path(each.path, view_of(each), name=f"api-v1-{each.name}") for each in ENDPOINTS),
]
