"""What templates need beyond Django's own: assets, icons, and formats of this product."""

import datetime as dt
import zoneinfo
from typing import TYPE_CHECKING

import msgspec
from django import template
from django.template.context import RequestContext
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from liveinsight.dashboard import runtime
from liveinsight.dashboard.assets import asset_address
from liveinsight.dashboard.icons import ICONS
from liveinsight.dashboard.pages import labels
from liveinsight.dashboard.pages.navigation import Way, list_reports, list_settings
from liveinsight.dashboard.pages.scope import is_rebuilding, known_sites, stack_name
from liveinsight.dashboard.pages.words import words_for_scripts
from liveinsight.dashboard.shares import Share, share_of
from liveinsight.dashboard.sites import load_sites

if TYPE_CHECKING:
    from django.http import HttpRequest

register = template.Library()


class Shell(msgspec.Struct, frozen=True, kw_only=True):
    """What surrounds every page."""

    sites: list[str]
    reports: list[Way]
    settings: list[Way]
    theme: str
    """`light`, `dark`, or "" for the system's."""
    words: dict[str, str]
    is_signed_in: bool
    share: Share | None
    """The link that the reader came by."""
    rebuilding: float | None
    loading: float | None
    """The share that is there of the demo's older visits."""
    stack: str
    """The name of the stack that collects; "" where this server does."""


@register.simple_tag(takes_context=True)
def read_shell(context: RequestContext) -> Shell:
    """The surroundings; only what is public where nobody is signed in."""
    request: HttpRequest | None = context.get("request")
    user = getattr(request, "user", None)
    is_signed_in = bool(user and user.is_authenticated)
    share = share_of(request) if request else None
    theme = request.COOKIES.get("liveinsight_theme", "") if request else ""
    if request and share and share.is_embedded:  # in a frame there is no cookie
        theme = request.GET.get("theme", "")
    site = getattr(context.get("scope"), "site", "")
    return Shell(
        sites=known_sites(load_sites()) if is_signed_in else [],
        reports=list_reports(request, site)
        if request and (is_signed_in or (share and site))
        else [],
        settings=list_settings(request, site) if request and is_signed_in else [],
        theme=theme if theme in {"light", "dark"} else "",
        words=words_for_scripts(),
        is_signed_in=is_signed_in,
        share=share,
        rebuilding=is_rebuilding() if is_signed_in else None,
        loading=runtime.current().demo_progress() if is_signed_in else None,
        stack=stack_name() if is_signed_in else "",
    )


@register.simple_tag
def asset(name: str) -> str:
    """The address of a built file."""
    return asset_address(name)


@register.simple_tag
def icon(name: str) -> SafeString:
    """A drawing in the colour of the text; says nothing to a screen reader."""
    return format_html(
        '<svg class="icon" viewBox="0 0 16 16" aria-hidden="true"><path d="{}"/></svg>',
        ICONS[name],
    )


@register.filter
def icon_of_event(event_type: str) -> SafeString:
    """The drawing of an event type."""
    return icon(event_type if event_type in ICONS else "event")


@register.filter
def count(value: float) -> str:
    """A short number."""
    return labels.format_count(value)


@register.filter
def whole(value: float) -> str:
    """A number in full."""
    return labels.format_whole(value)


@register.filter
def duration(ms: float) -> str:
    """A length of time."""
    return labels.format_duration(ms)


@register.filter
def flag(code: str | None) -> str:
    """A country's flag."""
    return labels.flag_of(code)


@register.filter
def label(value: str | None, dimension: str) -> str:
    """A value in the words of the page."""
    return labels.label_of(dimension, value)


@register.filter
def breakable(path: str) -> SafeString:
    """A path that a narrow column breaks after a slash, not inside of a name."""
    head, *parts = path.rsplit("/", path.count("/") - path.startswith("/"))
    return format_html("{}", head) + format_html_join(
        "", "/<wbr>{}", ((part,) for part in parts)
    )


@register.filter
def percent(share: float) -> str:
    """A share of 0-1 in percent."""
    return labels.format_share(share)


@register.filter
def clock(ms: int, timezone: str) -> str:
    """Hours and minutes of a time."""
    return local(ms, timezone).strftime("%H:%M")


@register.filter
def clock_seconds(ms: int, timezone: str) -> str:
    """Hours, minutes and seconds of a time."""
    return local(ms, timezone).strftime("%H:%M:%S")


@register.filter
def day(ms: int, timezone: str) -> str:
    """The day of a time."""
    return date_format(local(ms, timezone).date(), "DATE_FORMAT")


@register.filter
def bucket(ms: int, timezone: str) -> str:
    """The start of a bucket: its day, and its hour unless that is midnight."""
    start = local(ms, timezone)
    shown = date_format(start.date(), "SHORT_DATE_FORMAT")
    return f"{shown} {start:%H:%M}" if (start.hour or start.minute) else shown


@register.filter
def written(date: str) -> str:
    """An ISO date in the words of the page; a month where it has no day."""
    if date.count("-") == 1:
        return date_format(dt.date.fromisoformat(f"{date}-01"), "YEAR_MONTH_FORMAT")
    return date_format(dt.date.fromisoformat(date), "DATE_FORMAT")


@register.filter
def iso(ms: int) -> str:
    """A time for machines."""
    return local(ms, "UTC").isoformat(timespec="milliseconds")


def local(ms: int, timezone: str) -> dt.datetime:
    """The local time of a time in ms."""
    return dt.datetime.fromtimestamp(ms / 1000, zoneinfo.ZoneInfo(timezone))
