"""Middleware of shared links: strips them from the path, and opens few views to them."""

import threading
from collections.abc import Callable
from typing import Final

from django.conf import settings
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import get_script_prefix, set_script_prefix

from liveinsight.core import limits
from liveinsight.dashboard.clock import now_ms
from liveinsight.dashboard.errors import answer_error, is_for_a_program
from liveinsight.dashboard.shares import (
    ADDRESS,
    ATTRIBUTE,
    Share,
    open_share,
    opens,
    share_of,
)

AT_ONCE: Final = 5
"""Requests by links that are answered at once, of the eight threads: the others are
for those who are signed in."""
BUSY: Final = "Many are looking at this page. Try again in a moment."
COOKIE: Final = "liveinsight_share"
SALT: Final = "liveinsight.share"
UNLOCKED_SECONDS: Final = 12 * limits.HOUR // limits.SECOND
UNLOCK: Final = "unlock"


class Shares:
    """Middleware: a request by a link goes on as one for the address within it.

    Without the session's cookie: nobody is signed in there, and a visit by link
    neither uses nor ends the session of the same browser.
    """

    def __init__(self, answer: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.answer = answer
        self.free = threading.BoundedSemaphore(AT_ONCE)

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """The answer; where there is no such link, that of an unknown address."""
        named = ADDRESS.fullmatch(request.path_info)
        if named is None:
            return self.answer(request)
        if not self.free.acquire(blocking=False):
            return HttpResponse(BUSY, "text/plain", 503, headers={"Retry-After": "1"})
        try:
            return self.answer_by_link(
                request, named["kind"], named["slug"], named["rest"]
            )
        finally:
            self.free.release()

    def answer_by_link(
        self, request: HttpRequest, kind: str, slug: str, rest: str | None
    ) -> HttpResponseBase:
        """The answer at `rest` within the link."""
        share = open_share(kind, slug, now_ms())
        if share is None:
            return self.answer(request)
        if rest is None:
            return HttpResponseRedirect(share.prefix)
        setattr(request, ATTRIBUTE, share)
        request.path_info = rest
        request.COOKIES.pop(settings.SESSION_COOKIE_NAME, None)
        before = get_script_prefix()
        set_script_prefix(share.prefix)
        try:
            return self.answer(request)
        finally:
            set_script_prefix(before)


class Rights(LoginRequiredMiddleware):
    """Middleware: a view needs an account, or a link that opens it."""

    def process_view(
        self,
        request: HttpRequest,
        view_func: Callable[..., HttpResponseBase],
        view_args: tuple[object, ...],
        view_kwargs: dict[str, object],
    ) -> HttpResponseBase | None:
        """None: go on to the view."""
        share = share_of(request)
        if share is None:
            return super().process_view(request, view_func, view_args, view_kwargs)
        at = request.resolver_match.url_name if request.resolver_match else None
        if not opens(share, view_func, at):
            raise Http404
        if at == UNLOCK or is_unlocked(request, share):
            return None
        if is_for_a_program(request):
            return answer_error(401, "password", "open the link and give its password")
        return redirect(UNLOCK)


def is_unlocked(request: HttpRequest, share: Share) -> bool:
    """Whether the link needs no password, or it was given."""
    if not share.has_password:
        return True
    given = request.get_signed_cookie(
        COOKIE, default="", salt=SALT, max_age=UNLOCKED_SECONDS
    )
    return given == share.mark


def unlock(response: HttpResponse, share: Share) -> None:
    """Lets the browser in for half a day, or until the password changes."""
    response.set_signed_cookie(
        COOKIE,
        share.mark,
        salt=SALT,
        max_age=UNLOCKED_SECONDS,
        path=share.prefix,
        httponly=True,
        samesite="Lax",
    )
