"""The period picker of the statistics page."""

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
from liveinsight.query.model import Period
from liveinsight.query.parse import parse_period, previous

NAMES: Final = {
    "today": gettext_noop("Today"),
    "7d": gettext_noop("7 days"),
    "30d": gettext_noop("30 days"),
    "90d": gettext_noop("90 days"),
    "12mo": gettext_noop("12 months"),
}
DEFAULT: Final = "30d"


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """One period to pick."""

    name: str
    address: str
    is_chosen: bool


class ChosenPeriod(msgspec.Struct, frozen=True, kw_only=True):
    """The period in force and the one it is compared with."""

    period: Period
    before: Period
    choices: list[Choice]
    is_custom: bool
    first_day: str
    """ISO dates, for the form."""
    last_day: str
    text: str
    before_text: str


def choose_period(query: QueryDict, scope: Scope) -> ChosenPeriod:
    """The period that the address names, by default 30 days.

    Raises:
        QueryError: it cannot be read.
    """
    from_, to = query.get("from") or None, query.get("to") or None
    is_custom = bool(from_ or to)
    name = None if is_custom else (query.get("period") or DEFAULT)
    period = parse_period(name, from_, to, scope.timezone, scope.now)
    before = previous(period, scope.timezone)
    return ChosenPeriod(
        period=period,
        before=before,
        choices=[
            Choice(
                name=_(label),
                address=change_query(query, period=key, to=None, **{"from": None}),
                is_chosen=key == name,
            )
            for key, label in NAMES.items()
        ],
        is_custom=is_custom,
        first_day=day_of(period.start, scope.timezone).isoformat(),
        last_day=day_of(period.end - 1, scope.timezone).isoformat(),
        text=write_period(period, scope.timezone),
        before_text=write_period(before, scope.timezone),
    )


def day_of(time: int, timezone: str) -> dt.date:
    """The local day of a time in ms."""
    return dt.datetime.fromtimestamp(time / 1000, zoneinfo.ZoneInfo(timezone)).date()


def write_period(period: Period, timezone: str) -> str:
    """First and last day in words."""
    first = day_of(period.start, timezone)
    last = day_of(period.end - 1, timezone)
    shown = date_format(first, "DATE_FORMAT")
    return shown if first == last else f"{shown} – {date_format(last, 'DATE_FORMAT')}"
