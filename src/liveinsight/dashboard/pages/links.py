"""`/links/`: the shared links of a site, and a form for one more."""

from contextlib import suppress

import msgspec
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from liveinsight.dashboard import models
from liveinsight.dashboard.clock import now_ms
from liveinsight.dashboard.errors import explain
from liveinsight.dashboard.links import NewLink, add_link, list_links, revoke_link
from liveinsight.dashboard.pages.link_form import AddLink
from liveinsight.dashboard.pages.scope import Scope, answering_errors, read_scope
from liveinsight.dashboard.segments import account_of, find_segment, list_segments
from liveinsight.dashboard.sites import load_sites
from liveinsight.errors import ConfigError


class LinkCard(msgspec.Struct, frozen=True, kw_only=True):
    """A link as its owner sees it."""

    id: int
    name: str
    shows: str
    """The segment's name; "" is the whole site."""
    address: str
    frame: str
    """What is pasted into another page; "" where the link may not be embedded."""
    has_password: bool
    ends_at: int | None
    """The last ms that it is in force."""
    is_over: bool
    last_used_at: int | None


@require_http_methods(["GET", "HEAD", "POST"])
@answering_errors
def links(request: HttpRequest) -> HttpResponse:
    """The site's links; a POST makes one."""
    scope = read_scope(request)
    if scope.site not in load_sites().by_id:
        return redirect("add-site")
    segments = list_segments(scope.site, account_of(request))
    form = AddLink(
        [(str(each.pk), each.name) for each in segments], request.POST or None
    )
    if request.method == "POST" and form.is_valid():
        try:
            link = add_link(
                read_choice(request, form, scope), request.user.get_username()
            )
        except ConfigError as error:
            form.add_error(None, explain(error))
        else:
            said = _("The link %(name)s is ready: copy it below.")
            messages.success(request, said % {"name": link.name})
            return redirect(f"{reverse('links')}?site={scope.site}")
    context = {
        "scope": scope,
        "form": form,
        "cards": [make_card(request, link) for link in list_links(scope.site)],
    }
    return render(request, "links.html", context, status=400 if form.errors else 200)


def read_choice(request: HttpRequest, form: AddLink, scope: Scope) -> NewLink:
    """What the form says.

    Raises:
        ConfigError: the segment has gone meanwhile.
    """
    said = form.cleaned_data
    segment = None
    if said["segment"]:
        segment = find_segment(said["segment"], scope.site, account_of(request))
        if segment is None:  # never the whole site instead
            raise ConfigError("this segment is not there any more")
    return NewLink(
        site=scope.site,
        name=said["name"],
        segment=segment,
        password=said["password"],
        last_day=said["last_day"],
        timezone=scope.timezone,
        is_embeddable=said["is_embeddable"],
    )


def make_card(request: HttpRequest, link: models.SharedLink) -> LinkCard:
    """One link, with the addresses that its owner copies."""
    embedded = request.build_absolute_uri(f"/embed/{link.slug}/")
    return LinkCard(
        id=link.pk,
        name=link.name,
        shows=link.segment.name if link.segment else "",
        address=request.build_absolute_uri(f"/share/{link.slug}/"),
        frame=write_frame(embedded, link.site) if link.is_embeddable else "",
        has_password=bool(link.password_hash),
        ends_at=None if link.expires_at is None else link.expires_at - 1,
        is_over=link.expires_at is not None and link.expires_at <= now_ms(),
        last_used_at=link.last_used_at,
    )


def write_frame(address: str, site: str) -> str:
    """The element to paste; the numbers of the site in a frame of their own."""
    title = _("Statistics of %(site)s") % {"site": site}
    return (
        f'<iframe src="{address}" title="{title}" width="100%" height="900" '
        'loading="lazy" style="border:0"></iframe>'
    )


@require_POST
def revoke(request: HttpRequest) -> HttpResponse:
    """Ends the link of the form; one that has ended already is no problem."""
    text = request.POST.get("link", "")
    if text.isascii() and text.isdigit() and len(text) < 16:
        with suppress(ConfigError):
            revoke_link(int(text), request.user.get_username())
    return redirect("links")
