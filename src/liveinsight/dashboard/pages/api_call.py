"""The API call that gives the numbers of a report, and its answer as CSV.

A report adds `"call": ApiCall(...)` to its context and includes `report_menu.html`.
"""

import shlex
from typing import Final
from urllib.parse import urlencode

import msgspec
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.views.decorators.http import require_safe

from liveinsight.dashboard.pages.scope import Scope, answering_errors
from liveinsight.errors import QueryError
from liveinsight.query.check import MAX_LIMIT
from liveinsight.query.model import Question
from liveinsight.query.wire import About, Query, write_filters, write_question

LONGEST: Final = 16_000


class ApiCall(msgspec.Struct, frozen=True, kw_only=True):
    """A question of API v1, by the name of its endpoint."""

    endpoint: str
    question: About
    has_csv: bool = True

    @property
    def text(self) -> str:
        """The question as JSON; what goes without saying is left out."""
        said = {
            field.name: getattr(self.question, field.name)
            for field in msgspec.structs.fields(self.question)
            if getattr(self.question, field.name) != field.default
        }
        return msgspec.json.encode(said).decode()

    @property
    def csv(self) -> str:
        """Where the answer is as CSV."""
        return f"{self.address}?{urlencode({'question': self.text, 'format': 'csv'})}"

    @property
    def shown(self) -> str:
        """The page that shows the call."""
        asked = {"endpoint": self.endpoint, "question": self.text}
        return f"{reverse('api-call')}?{urlencode(asked)}"

    @property
    def address(self) -> str:
        """Of the endpoint."""
        return f"/api/v1/{self.endpoint}"


def call_query(question: Question, scope: Scope) -> ApiCall | None:
    """The call that answers this question, all rows of it; None for a shared link."""
    if scope.share is not None:
        return None
    complete = msgspec.structs.replace(question, limit=MAX_LIMIT)
    form = write_question(complete, write_filters(question.filters))
    return ApiCall(endpoint="query", question=form)


def call_current(scope: Scope) -> ApiCall | None:
    """The call that gives the current visitors of now; None for a shared link."""
    if scope.share is not None:
        return None
    form = Query(
        site=scope.site,
        metrics=("current_visitors",),
        period="today",
        filters=write_filters(scope.filters),
    )
    return ApiCall(endpoint="query", question=form)


@require_safe
@answering_errors
def api_call(request: HttpRequest) -> HttpResponse:
    """The call of the parameters, for a shell and for a browser."""
    endpoint, text = request.GET.get("endpoint", ""), request.GET.get("question", "")
    if not (endpoint.isascii() and endpoint.replace("_", "").isalpha()):
        raise QueryError("endpoint", "there is none of this name")
    if len(text) > LONGEST:
        raise QueryError("question", "give at most %(most)s characters", most=LONGEST)
    try:
        pretty = msgspec.json.format(text, indent=2)
    except msgspec.DecodeError as error:
        raise QueryError("question", "it is no JSON") from error
    address = request.build_absolute_uri(f"/api/v1/{endpoint}")
    context = {
        "question": pretty,
        "curl": write_curl(address, text),
        "answer": f"/api/v1/{endpoint}?{urlencode({'question': text})}",
    }
    return render(request, "api_call.html", context)


def write_curl(address: str, text: str) -> str:
    """The call for a shell; the key is the reader's own."""
    return " \\\n  ".join(
        (
            f"curl {shlex.quote(address)}",
            '-H "Authorization: Bearer $LIVEINSIGHT_KEY"',
            "-H 'Content-Type: application/json'",
            f"-d {shlex.quote(text)}",
        )
    )


api_call_urls = [path("api-call/", api_call, name="api-call")]
