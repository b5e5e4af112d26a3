"""`/audit/`: what somebody did and cannot undo."""

from typing import Final

import msgspec
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_safe

from liveinsight.dashboard.audit import MOST_LINES, list_lines
from liveinsight.dashboard.pages.scope import answering_errors, read_scope
from liveinsight.errors import fill

ACTIONS: Final = {
    "erase": gettext_noop("erasure begun"),
    "erased": gettext_noop("erased"),
    "export": gettext_noop("handed out"),
    "share": gettext_noop("shared"),
    "revoke": gettext_noop("revoked"),
    "remove imported": gettext_noop("import removed"),
}


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A line as shown."""

    at: int
    account: str
    action: str
    subject: str


@require_safe
@answering_errors
def audit(request: HttpRequest) -> HttpResponse:
    """The lines, the latest first, in the time of the site last looked at."""
    lines = [
        Line(
            at=line.at,
            account=line.account,
            action=_(ACTIONS.get(line.action, line.action)),
            subject=fill(_(line.subject), line.values),
        )
        for line in list_lines()
    ]
    context = {"scope": read_scope(request), "lines": lines, "most": MOST_LINES}
    return render(request, "audit.html", context)
