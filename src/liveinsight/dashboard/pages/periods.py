"""The period of a report, and the one it is compared with, both in the address.

A report adds `"chosen": choose_period(request.GET, scope)` to its context and includes
`period_picker.html`; where it compares, also `comparison_picker.html`.
"""

import datetime as dt
import zoneinfo
from typing import Final

import msgspec
from django.http import QueryDict
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from liveinsight.dashboard.pages.address import change_query
from liveinsight.dashboard.pages.scope import Scope
from liveinsight.errors import QueryError
from liveinsight.query.model import Period
from liveinsight.query.parse import parse_period, previous, so_far, year_before

DEFAULT: Final = "30d"
PREVIOUS: Final = "previous"
OFF: Final = "off"


class Named(msgspec.Struct, frozen=True):
    """A period or comparison with a name, and its key."""

    name: str
    label: str
    key: str


NAMES: Final = (
    Named("today", gettext_noop("Today"), "d"),
    Named("yesterday", gettext_noop("Yesterday"), "y"),
    Named("7d", gettext_noop("7 days"), "w"),
    Named("30d", gettext_noop("30 days"), "t"),
    Named("90d", gettext_noop("90 days"), "q"),
    Named("month", gettext_noop("This month"), "m"),
    Named("year", gettext_noop("This year"), "a"),
    Named("12mo", gettext_noop("12 months"), "l"),
)
COMPARISONS: Final = (
    Named(PREVIOUS, gettext_noop("Period before"), "b"),
    Named("year", gettext_noop("A year earlier"), "e"),
    Named(OFF, gettext_noop("No comparison"), "x"),
)


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """One period or comparison to pick."""

    name: str
    address: str
    is_chosen: bool
    key: str


class Days(msgspec.Struct, frozen=True, kw_only=True):
    """First and last day of a period, as ISO dates for a form, and in words."""

    first: str
    last: str
    text: str


class ChosenPeriod(msgspec.Struct, frozen=True, kw_only=True):
    """The period in force and the one it is compared with."""

    period: Period
    before: Period | None
    """None: it is not compared."""
    choices: list[Choice]
    comparisons: list[Choice]
    label: str
    """The name of the period, or its days."""
    before_label: str
    text: str
    """First and last day in words."""
    before_text: str
    days: Days
    before_days: Days
    earlier: str
    """The address of the days before."""
    later: str
    """ "" where they have not begun."""
    kept: list[tuple[str, str]]
    """The parameters that a form for other days carries on."""
    before_kept: list[tuple[str, str]]


def choose_period(
    query: QueryDict, scope: Scope, comparison: str = PREVIOUS
) -> ChosenPeriod:
    """The period that the address names, by default 30 days.

    It is compared as the address says; where it is silent, by `comparison`.

    Raises:
        QueryError: it cannot be read.
    """
    from_, to = query.get("from") or None, query.get("to") or None
    name = None if from_ or to else (query.get("period") or DEFAULT)
    period = parse_period(name, from_, to, scope.timezone, scope.now)
    days = days_of(period, scope.timezone)
    been = so_far(period, scope.now)
    compared = query.get("compare") or comparison
    before = choose_before(query, compared, been, scope)
    before_days = days_of(before or previous(been, scope.timezone), scope.timezone)
    names = {each.name: _(each.label) for each in NAMES}
    before_names = {each.name: _(each.label) for each in COMPARISONS}
    return ChosenPeriod(
        period=period,
        before=before,
        choices=[
            make_choice(query, each, name, period=each.name, to=None, **{"from": None})
            for each in NAMES
        ],
        comparisons=[
            make_choice(
                query,
                each,
                compared,
                compare=None if each.name == comparison else each.name,
                compare_from=None,
                compare_to=None,
            )
            for each in COMPARISONS
        ],
        label=names.get(name or "", days.text),
        before_label=before_names.get(compared, before_days.text),
        text=days.text,
        before_text=before_days.text if before else "",
        days=days,
        before_days=before_days,
        **move(query, period, scope),
        kept=list_kept(query, {"period", "from", "to"}),
        before_kept=list_kept(query, {"compare", "compare_from", "compare_to"}),
    )


def choose_before(
    query: QueryDict, comparison: str, period: Period, scope: Scope
) -> Period | None:
    """The period compared with.

    Raises:
        QueryError: there is no such comparison, or its days cannot be read.
    """
    if comparison == PREVIOUS:
        return previous(period, scope.timezone)
    if comparison == "year":
        return year_before(period, scope.timezone)
    if comparison == OFF:
        return None
    if comparison != "custom":
        raise QueryError("compare", "give previous, year, custom or off")
    return parse_period(
        None,
        query.get("compare_from") or "-",
        query.get("compare_to"),
        scope.timezone,
        scope.now,
    )


def make_choice(
    query: QueryDict, named: Named, chosen: str | None, **changes: str | None
) -> Choice:
    """The choice as shown."""
    return Choice(
        name=_(named.label),
        address=change_query(query, **changes),
        is_chosen=named.name == chosen,
        key=named.key,
    )


def move(query: QueryDict, period: Period, scope: Scope) -> dict[str, str]:
    """The addresses of as many days, or whole months, earlier and later."""
    first, last = ends_of(period, scope.timezone)
    today = day_of(scope.now, scope.timezone)
    months = (last.year - first.year) * 12 + last.month - first.month + 1
    ends_month = (last + dt.timedelta(days=1)).day == 1 or last == today
    if first.day == 1 and ends_month and last.day != first.day:
        starts = [add_months(first, -months), first, add_months(first, months)]
        after = add_months(first, 2 * months)
    else:
        length = last - first + dt.timedelta(days=1)
        starts = [first - length, first, first + length]
        after = first + 2 * length
    day = dt.timedelta(days=1)
    later = write_days(query, starts[2], min(after - day, today))
    return {
        "earlier": write_days(query, starts[0], starts[1] - day),
        "later": later if starts[2] <= today else "",
    }


def add_months(first: dt.date, months: int) -> dt.date:
    """The first day of a month so many months later."""
    year, month = divmod(first.year * 12 + first.month - 1 + months, 12)
    return dt.date(year, month + 1, 1)


def write_days(query: QueryDict, first: dt.date, last: dt.date) -> str:
    """The address with these days."""
    days = {"from": first.isoformat(), "to": last.isoformat()}
    return change_query(query, period=None, **days)


def list_kept(query: QueryDict, without: set[str]) -> list[tuple[str, str]]:
    """The parameters of the address but these."""
    return [
        (name, value)
        for name, values in query.lists()
        if name not in without
        for value in values
    ]


def ends_of(period: Period, timezone: str) -> tuple[dt.date, dt.date]:
    """First and last local day."""
    return day_of(period.start, timezone), day_of(period.end - 1, timezone)


def days_of(period: Period, timezone: str) -> Days:
    """First and last day."""
    first, last = ends_of(period, timezone)
    return Days(
        first=first.isoformat(),
        last=last.isoformat(),
        text=write_period(period, timezone),
    )


def day_of(time: int, timezone: str) -> dt.date:
    """The local day of a time in ms."""
    return dt.datetime.fromtimestamp(time / 1000, zoneinfo.ZoneInfo(timezone)).date()


def write_period(period: Period, timezone: str) -> str:
    """First and last day in words."""
    first, last = ends_of(period, timezone)
    shown = date_format(first, "DATE_FORMAT")
    return shown if first == last else f"{shown} – {date_format(last, 'DATE_FORMAT')}"
