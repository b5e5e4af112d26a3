"""`/sites/`: the sites, how to install each, and what became of its events."""

import zoneinfo
from urllib.parse import urlencode

import msgspec
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from liveinsight.core import limits
from liveinsight.core.site import site_id
from liveinsight.dashboard import models, runtime
from liveinsight.dashboard.pages.forms import AddSite, EditSite
from liveinsight.dashboard.pages.ledger import list_knocks, list_samples, read_ledger
from liveinsight.dashboard.pages.live import is_waiting
from liveinsight.dashboard.pages.scope import (
    answering_errors,
    read_scope,
    read_scope_of,
)
from liveinsight.dashboard.pages.snippet import write_snippet
from liveinsight.dashboard.pages.stack_ledger import read_stack_ledger
from liveinsight.dashboard.sites import add_site, remove_site
from liveinsight.errors import ConfigError
from liveinsight.query.model import Period, Question
from liveinsight.query.run import answer

EDITED = (
    "name",
    "timezone",
    "allowed_origins",
    "excluded_addresses",
    "keep_addresses",
)

SHOWN_ONLY = ("name", "timezone")
"""What the door does not ask for: chosen here even where a stack collects."""


class SiteCard(msgspec.Struct, frozen=True, kw_only=True):
    """One site of the list."""

    domain: str
    name: str
    current_visitors: int
    page_views: int
    is_waiting: bool


@require_safe
@answering_errors
def sites(request: HttpRequest) -> HttpResponse:
    """All sites with a number or two, and the hosts that knocked."""
    rows = list(models.Site.objects.all())
    context = {
        "scope": read_scope(request),
        "cards": [make_card(row) for row in rows],
        "knocks": list_knocks(row.domain for row in rows),
        "stack": runtime.current().stack,
        "stack_ledger": read_stack_ledger(),
    }
    return render(request, "sites.html", context)


def make_card(row: models.Site) -> SiteCard:
    """The site with its visitors of now and page views of the last 24 hours."""
    state = runtime.current()
    now = state.clock()
    numbers = answer(
        Question(
            site=row.domain,
            timezone=row.timezone,
            period=Period(now - limits.DAY, now),
            metrics=("current_visitors", "page_views"),
        ),
        state.now,
    ).totals
    return SiteCard(
        domain=row.domain,
        name=row.name,
        current_visitors=round(numbers[0] or 0),
        page_views=round(numbers[1] or 0),
        is_waiting=is_waiting(row.domain),
    )


@require_http_methods(["GET", "HEAD", "POST"])
def add(request: HttpRequest) -> HttpResponse:
    """A form for a new site; one that knocked needs only a click."""
    if runtime.current().stack is not None:
        return refuse_beside_a_stack(request)
    form = AddSite(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            site = add_site(form.cleaned_data["domain"], form.cleaned_data["timezone"])
        except ConfigError:
            form.add_error("domain", _("This site is there already."))
        else:
            runtime.current().sites_changed()
            return redirect("site", site)
    status = 400 if form.errors else 200
    context = {
        "form": form,
        "is_first": not models.Site.objects.exists(),
        "knocks": list_knocks(models.Site.objects.values_list("domain", flat=True)),
        "timezones": list_timezones(),
    }
    return render(request, "site_add.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@answering_errors
def site(request: HttpRequest, domain: str) -> HttpResponse:
    """One site: snippet, settings, ledger, samples."""
    row = find_site(domain)
    stack = runtime.current().stack
    edited = EDITED if stack is None else SHOWN_ONLY
    form = EditSite(
        request.POST or None, initial={name: getattr(row, name) for name in EDITED}
    )
    if request.method == "POST" and form.is_valid():
        for name in edited:
            setattr(row, name, form.cleaned_data[name])
        row.save(update_fields=edited)
        runtime.current().sites_changed()
        messages.success(request, _("The settings are saved."))
        return redirect("site", row.domain)
    context = {
        "scope": read_scope_of(request, QueryDict(urlencode({"site": row.domain}))),
        "site": row,
        "form": form,
        "snippet": write_snippet(request, row.domain),
        "ledger": read_ledger(row.domain, runtime.current().clock()),
        "samples": list_samples(row.domain),
        "is_waiting": is_waiting(row.domain),
        "timezones": list_timezones(),
        "stack": stack,
    }
    return render(request, "site.html", context, status=400 if form.errors else 200)


@require_POST
def remove(request: HttpRequest, domain: str) -> HttpResponse:
    """Stops collecting for the site; what was collected stays."""
    if runtime.current().stack is not None:
        return refuse_beside_a_stack(request)
    row = find_site(domain)
    remove_site(row.domain)
    runtime.current().sites_changed()
    messages.success(request, _("%(site)s is removed.") % {"site": row.domain})
    return redirect("sites")


def refuse_beside_a_stack(request: HttpRequest) -> HttpResponse:
    """The page that says where sites are made, where a stack collects."""
    context = {"stack": runtime.current().stack}
    status = 403 if request.method == "POST" else 200
    return render(request, "sites_of_stack.html", context, status=status)


def find_site(domain: str) -> models.Site:
    """The site's row; 404 without one."""
    row = models.Site.objects.filter(domain=site_id(domain)).first()
    if row is None:
        raise Http404
    return row


def list_timezones() -> list[str]:
    """The zones that a person may look for."""
    known = (name for name in zoneinfo.available_timezones() if "/" in name)
    return ["UTC", *sorted(name for name in known if not name.startswith("Etc/"))]
