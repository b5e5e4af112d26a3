"""What goes wrong in a view: the answers for people and programs, and the log line."""

import logging
from collections.abc import Sequence

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext

from liveinsight.errors import LiveInsightError, fill

logger = logging.getLogger("liveinsight.dashboard")

FOR_PROGRAMS = ("/api/", "/live/", "/health/", "/metrics")


class NoSuchSiteError(Http404):
    """An address names a site that is not here."""

    def __init__(self, named: str, sites: Sequence[str]) -> None:
        super().__init__()
        self.named = named
        self.sites = sites
        """Those that are."""


def answer_error(
    status: int, field: str, reason: str, headers: dict[str, str] | None = None
) -> JsonResponse:
    """An error as programs read it; never a stack trace, never an exception's text."""
    return JsonResponse(
        {"error": {"field": field, "reason": reason}}, status=status, headers=headers
    )


def explain(error: LiveInsightError) -> str:
    """What is wrong, in the language of the page; of a field only the reason."""
    return fill(gettext(error.text), error.values)


def is_for_a_program(request: HttpRequest) -> bool:
    """Whether the address is one that answers in JSON."""
    return request.path_info.startswith(FOR_PROGRAMS)


def not_found(
    request: HttpRequest,
    exception: Exception,
) -> HttpResponse:
    """Django's handler404."""
    if isinstance(exception, NoSuchSiteError):
        context = {"named": exception.named, "sites": exception.sites}
        return render(request, "no_such_site.html", context, status=404)
    if is_for_a_program(request):
        return answer_error(404, "path", "there is nothing at this address")
    is_link = request.path_info.startswith(("/share/", "/embed/"))
    return render(request, "404.html", {"is_link": is_link}, status=404)


def failed(request: HttpRequest) -> HttpResponse:
    """Django's handler500; log_failure has logged it."""
    if is_for_a_program(request):
        return answer_error(500, "server", "the request failed; it has been logged")
    return render(request, "500.html", status=500)


def log_failure(
    sender: object,  # noqa: ARG001
    request: HttpRequest | None = None,
    **_: object,
) -> None:
    """One line for a view that failed: its name, never the address asked for."""
    match = getattr(request, "resolver_match", None)
    view = getattr(match, "view_name", "") or ""
    logger.exception("A view failed", extra={"view": view})
