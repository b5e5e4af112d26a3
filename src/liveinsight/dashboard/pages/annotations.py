"""The annotations of a report: shown where its time is, and in a list."""

import datetime as dt
import zoneinfo
from bisect import bisect_right
from collections.abc import Sequence
from typing import Final

import msgspec
from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from liveinsight.dashboard.annotations import (
    MOST_ANNOTATIONS,
    TEXT_CHARS,
    add_annotation,
    list_annotations,
    remove_annotation,
)
from liveinsight.dashboard.pages.charts import place_marks
from liveinsight.dashboard.pages.periods import ChosenPeriod, day_of
from liveinsight.dashboard.pages.scope import Scope, answering_errors, read_scope
from liveinsight.dashboard.pages.series import Series
from liveinsight.errors import ConfigError
from liveinsight.query.buckets import start_of_day

FIRST_YEAR: Final = 2000
LAST_YEAR: Final = 2099


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """An annotation as shown."""

    id: int
    day: str
    text: str
    date: dt.date
    index: int
    """Of the report's bucket that the day begins in."""


class AnnotationForm(forms.Form):
    """A day and what happened on it."""

    day = forms.DateField(
        label=gettext_lazy("Day"), widget=forms.DateInput(attrs={"type": "date"})
    )
    text = forms.CharField(
        label=gettext_lazy("What happened"),
        max_length=TEXT_CHARS,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def clean_day(self) -> dt.date:
        """A day that events can have."""
        day: dt.date = self.cleaned_data["day"]
        if not FIRST_YEAR <= day.year <= LAST_YEAR:
            raise forms.ValidationError(_("Give a day of the years 2000 to 2099."))
        return day


def list_notes(
    scope: Scope, chosen: ChosenPeriod, starts: Sequence[int] = ()
) -> list[Note]:
    """The annotations of the period; `starts` (ms) are those of the report's buckets."""
    first = day_of(chosen.period.start, scope.timezone)
    last = day_of(chosen.period.end - 1, scope.timezone)
    zone = zoneinfo.ZoneInfo(scope.timezone)
    notes = []
    for row in list_annotations(scope.site, first, last):
        day = dt.date.fromisoformat(row.day)
        begin = start_of_day(day, zone)
        notes.append(
            Note(
                id=row.pk,
                day=date_format(day, "DATE_FORMAT"),
                text=row.text,
                date=day,
                index=max(0, bisect_right(starts, begin) - 1),
            )
        )
    return notes


def mark_series(series: Series, notes: Sequence[Note]) -> Series:
    """The chart with the notes in it."""
    marks = place_marks([note.index for note in notes], len(series.rows))
    shown = [{"index": note.index, "text": note.text} for note in notes]
    return msgspec.structs.replace(
        series,
        still=msgspec.structs.replace(series.still, marks=marks),
        data={**series.data, "notes": shown},
    )


@require_POST
@answering_errors
def add(request: HttpRequest) -> HttpResponse:
    """Adds an annotation to the site of the address."""
    scope = read_scope(request)
    form = AnnotationForm(request.POST)
    if not scope.site or not form.is_valid():
        problems = [str(text) for errors in form.errors.values() for text in errors]
        messages.error(request, " ".join(problems) or _("There is no site."))
        return go_back(request)
    try:
        add_annotation(
            scope.site,
            form.cleaned_data["day"],
            form.cleaned_data["text"],
            request.user.pk,
        )
    except ConfigError:
        problem = _("A site has at most %(most)s annotations.")
        messages.error(request, problem % {"most": MOST_ANNOTATIONS})
    return go_back(request)


@require_POST
def remove(request: HttpRequest, annotation_id: int) -> HttpResponse:
    """Takes the annotation away."""
    remove_annotation(annotation_id)
    return go_back(request)


def go_back(request: HttpRequest) -> HttpResponse:
    """To the page that the form was on, if it is one of ours."""
    wanted = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(wanted, allowed_hosts=None)
    return redirect(wanted if is_ours else reverse("statistics"))
