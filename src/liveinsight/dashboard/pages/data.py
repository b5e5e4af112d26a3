"""`/data/`: the events as files, and files as events."""

from collections.abc import Iterator
from typing import Final

import msgspec
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from liveinsight.dashboard import runtime
from liveinsight.dashboard.audit import note
from liveinsight.dashboard.exports import file_name, read_wanted
from liveinsight.dashboard.pages.periods import day_of
from liveinsight.dashboard.pages.scope import (
    Scope,
    answering_errors,
    known_sites,
    read_scope,
)
from liveinsight.dashboard.sites import load_sites
from liveinsight.dashboard.totals import list_spans
from liveinsight.errors import QueryError, StoreUnavailable
from liveinsight.store.export import AskedExport, ExportFormat, Wanted
from liveinsight.store.exporter import ExportsUnderWayError

MOST_PARQUET: Final = 2_000_000
"""Events of a Parquet file on a page: it is sent when it is whole, and browsers and
proxies wait a minute for the first byte."""
CONTENT_TYPES: Final = {
    ExportFormat.CSV: "text/csv; charset=utf-8",
    ExportFormat.NDJSON: "application/x-ndjson",
    ExportFormat.PARQUET: "application/vnd.apache.parquet",
}


class Holdings(msgspec.Struct, frozen=True, kw_only=True):
    """What there is of a site; the days are ISO dates in its time zone."""

    events: int
    first_day: str
    last_day: str


@require_safe
@answering_errors
def data(request: HttpRequest) -> HttpResponse:
    """A form that downloads the events, and the commands that bring in others."""
    scope = read_scope(request)
    context = {
        "scope": scope,
        "sites": known_sites(load_sites()),
        "holdings": find_holdings(scope),
        "imports": runtime.current().imports(),
        "spans": list_spans(scope.site),
        "stack": runtime.current().stack,
    }
    return render(request, "data.html", context)


@require_safe
@answering_errors  # type: ignore[arg-type]  # a stream is no HttpResponse
def export(request: HttpRequest) -> HttpResponseBase:
    """The file of events that the form asks for."""
    asked = request.GET
    wanted = read_wanted(
        AskedExport(
            site=asked.get("site", ""),
            period=asked.get("period", ""),
            first_day=asked.get("from", ""),
            last_day=asked.get("to", ""),
            format=asked.get("format", ExportFormat.CSV),
            compressed="compressed" in asked,
        )
    )
    try:
        pieces = begin(wanted)
    except ExportsUnderWayError:
        busy = _("Other exports are being made. Try again when one has ended.")
        messages.warning(request, busy)
        return redirect("data")
    name = file_name(wanted)
    note(request.user.get_username(), "export", name)
    response = StreamingHttpResponse(
        pieces,
        content_type=content_type_of(wanted),
        headers={"Cache-Control": "no-store"},
    )
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def begin(wanted: Wanted) -> Iterator[bytes]:
    """The file in pieces; the first has been made, so that what fails fails here.

    Raises:
        QueryError: it is too large for a page.
        StoreUnavailable: the warehouse does not answer, or others are exporting.
    """
    exporter = runtime.current().exporter
    if exporter is None:
        raise StoreUnavailable("there is nothing to export from")
    if wanted.format is ExportFormat.PARQUET:
        events = sum(window.events for window in exporter.plan(wanted))
        if events > MOST_PARQUET:
            raise QueryError(
                "format",
                "%(events)s events are too many for Parquet from a page: "
                "use `liveinsight export --format parquet`",
                events=events,
            )
    pieces = exporter.stream(wanted)
    first = next(pieces, b"")

    def resumed() -> Iterator[bytes]:
        yield first
        yield from pieces

    return resumed()


def content_type_of(wanted: Wanted) -> str:
    """What the file is, for the browser."""
    is_gzip = wanted.suffix.endswith(".gz")
    return "application/gzip" if is_gzip else CONTENT_TYPES[wanted.format]


def find_holdings(scope: Scope) -> Holdings | None:
    """What there is of the site; None without any event."""
    ((events, first, last),) = runtime.current().reader.query(
        "select count(*), min(time), max(time) from events where site = ?",
        (scope.site,),
    )
    if not events:
        return None
    days = (day_of(int(str(at)), scope.timezone).isoformat() for at in (first, last))
    return Holdings(events=int(str(events)), first_day=next(days), last_day=next(days))
