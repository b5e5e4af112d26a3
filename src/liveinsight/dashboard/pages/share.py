"""`/share/SLUG/unlock/`: the password of a shared link."""

from typing import Final

from django.contrib.auth.hashers import check_password
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from liveinsight.core import limits
from liveinsight.dashboard.clock import now_ms
from liveinsight.dashboard.models import SharedLink
from liveinsight.dashboard.share_access import is_unlocked
from liveinsight.dashboard.share_access import unlock as open_to
from liveinsight.dashboard.shares import Share, share_of, shareable
from liveinsight.dashboard.throttle import Throttle

PASSWORD_CHARS: Final = 128

throttle = Throttle()


@shareable
@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def unlock(request: HttpRequest) -> HttpResponse:
    """Asks for the password; the right one opens the link for this browser."""
    share = share_of(request)
    if share is None:
        raise Http404
    if is_unlocked(request, share):
        return redirect("live")
    if request.method != "POST":
        return ask(request, share)
    return try_password(request, share)


def try_password(request: HttpRequest, share: Share) -> HttpResponse:
    """One try; counted before the password is looked at."""
    address = str(request.META.get("REMOTE_ADDR", ""))
    wait = throttle.wait_ms(address, share.mark, now_ms())
    if wait:
        minutes = -(-wait // limits.MINUTE)
        said = ngettext(
            "Too many tries. Wait %(minutes)s minute.",
            "Too many tries. Wait %(minutes)s minutes.",
            minutes,
        )
        response = ask(request, share, said % {"minutes": minutes}, 429)
        response.headers["Retry-After"] = str(-(-wait // limits.SECOND))
        return response
    given = request.POST.get("password", "")[:PASSWORD_CHARS]
    if not check_password(
        given, SharedLink.objects.get(pk=share.link_id).password_hash
    ):
        return ask(request, share, _("This is not the password."), 400)
    throttle.forgive(address, share.mark)
    opened = redirect("live")
    open_to(opened, share)
    return opened


def ask(
    request: HttpRequest, share: Share, problem: str = "", status: int = 200
) -> HttpResponse:
    """The form; says no more of the link than that there is one."""
    context = {"problem": problem, "prefix": share.prefix}
    return render(request, "share/unlock.html", context, status=status)
