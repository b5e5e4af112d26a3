"""The page of API keys."""

from contextlib import suppress

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_http_methods, require_POST

from liveinsight.dashboard.errors import explain
from liveinsight.dashboard.keys import add_key, list_keys, revoke_key
from liveinsight.dashboard.pages.scope import answering_errors, read_scope
from liveinsight.dashboard.sites import list_sites
from liveinsight.errors import ConfigError


@require_http_methods(["GET", "HEAD", "POST"])
@answering_errors
def keys(request: HttpRequest) -> HttpResponse:
    """The keys in force; a POST makes one, and shows it this once."""
    new_key, problem = "", ""
    if request.method == "POST":
        try:
            new_key = add_key(
                request.POST.get("name", ""), request.POST.get("site") or None
            )
        except ConfigError as error:
            problem = explain(error)
    context = {
        "scope": read_scope(request),
        "keys": list_keys(),
        "sites": list_sites(),
        "new_key": new_key,
        "problem": problem,
    }
    response = render(request, "keys.html", context, status=400 if problem else 200)
    if new_key:
        response.headers["Cache-Control"] = "no-store"  # the key is on this page
    return response


@require_POST
def revoke(request: HttpRequest) -> HttpResponse:
    """Ends the key named in the form; one that has ended already is no problem."""
    with suppress(ConfigError):
        revoke_key(request.POST.get("name", ""))
    return redirect("keys")


key_urls = [
    path("keys/", keys, name="keys"),
    path("keys/revoke/", revoke, name="revoke-key"),
]
