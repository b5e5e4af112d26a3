"""`/retention/`: how many of those who came for the first time came again."""

from typing import Final

import msgspec
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from liveinsight.core.limits import DAY
from liveinsight.dashboard import runtime
from liveinsight.dashboard.pages.address import change_query
from liveinsight.dashboard.pages.filter_bar import make_filter_bar
from liveinsight.dashboard.pages.labels import format_metric, format_whole
from liveinsight.dashboard.pages.periods import choose_period, day_of
from liveinsight.dashboard.pages.scope import Scope, answering_errors, read_scope
from liveinsight.dashboard.shares import shareable
from liveinsight.query.catalog import GOAL
from liveinsight.query.goals import with_built_in
from liveinsight.query.model import Filter, Interval, Operator, Period
from liveinsight.query.retention import (
    INTERVALS,
    MOST_COHORTS,
    Cohort,
    Retention,
    RetentionQuestion,
    answer_retention,
    until_now,
)

LEVELS: Final = 10
"""Of heat; the greatest rate of the table after the first interval has the last one."""
NAMES: Final = {
    Interval.DAY: gettext_noop("Days"),
    Interval.WEEK: gettext_noop("Weeks"),
    Interval.MONTH: gettext_noop("Months"),
}
COUNTED: Final = {
    Interval.DAY: gettext_noop("Days after the first visit →"),
    Interval.WEEK: gettext_noop("Weeks after the first visit →"),
    Interval.MONTH: gettext_noop("Months after the first visit →"),
}
LENGTHS: Final = {Interval.DAY: DAY, Interval.WEEK: 7 * DAY, Interval.MONTH: 28 * DAY}
BY_DAY: Final = 32 * DAY
BY_WEEK: Final = 190 * DAY
TOLD: Final = {
    Interval.DAY: (1, 7, 14, 28),
    Interval.WEEK: (1, 4, 8, 12),
    Interval.MONTH: (1, 3, 6, 11),
}
"""The averages that are told above the table."""
MOST_WORDS: Final = 14
"""Columns with a head in words; more have numbers."""


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to choose."""

    label: str
    address: str
    is_chosen: bool


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """Those of a cohort who came in one interval."""

    text: str
    title: str
    heat: int
    """0 to LEVELS."""
    is_running: bool
    """The interval is not over."""


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A cohort."""

    label: str
    address: str
    """Of the statistics of its days."""
    users: int
    cells: list[Cell]


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """One number above the table."""

    label: str
    value: str


class HeatTable(msgspec.Struct, frozen=True, kw_only=True):
    """The table."""

    first: int
    """How many intervals after the first visit the first column is."""
    heads: list[str]
    counted: str
    """What the heads count, where there is no room for more than numbers."""
    average: list[Cell]
    lines: list[Line]
    facts: list[Fact]

    @property
    def is_dense(self) -> bool:
        """Whether there is no room for words above the columns."""
        return len(self.heads) > MOST_WORDS


@shareable
@require_safe
@vary_on_headers("HX-Request", "HX-Target")
@answering_errors
def retention(request: HttpRequest) -> HttpResponse:
    """The page; for htmx only the report."""
    scope = read_scope(request)
    chosen = choose_period(request.GET, scope)
    asked = read_question(request.GET, scope, until_now(chosen.period, scope.now))
    found = answer_retention(asked, runtime.current().reader)
    in_users = request.GET.get("show") == "users"
    newcomers = found.users + found.without_id
    context = {
        "scope": scope,
        "chosen": chosen,
        "filter_bar": make_filter_bar(request, scope),
        "found": found,
        "newcomers": newcomers,
        "left_out": found.without_id / newcomers if newcomers else 0,
        "table": make_table(found, asked, scope, in_users=in_users),
        "intervals": list_intervals(request.GET, asked),
        "shows": [
            Choice(
                label=_("Users") if each else _("Percent"),
                address=change_query(request.GET, show="users" if each else None),
                is_chosen=each is in_users,
            )
            for each in (False, True)
        ],
        "returns": list_returns(request.GET, scope),
        "returns_chosen": request.GET.get("returns") or "",
    }
    is_part = request.headers.get("HX-Target", "") == "report"
    return render(
        request, "retention/report.html" if is_part else "retention.html", context
    )


def read_question(query: QueryDict, scope: Scope, period: Period) -> RetentionQuestion:
    """The question that the address asks."""
    goal = query.get("returns")
    return RetentionQuestion(
        site=scope.site,
        timezone=scope.timezone,
        period=period,
        interval=choose_interval(query.get("interval"), period),
        filters=scope.filters,
        returns=(Filter(GOAL, Operator.IS, (goal,)),) if goal else (),
        goals=scope.goals,
    )


def choose_interval(name: str | None, period: Period) -> Interval:
    """The one that is named, if the table is not too large then, else one that suits."""
    fitting = fitting_intervals(period)
    if name in fitting:
        return Interval(name)
    length = period.end - period.start
    if length <= BY_DAY:
        return Interval.DAY
    return Interval.WEEK if length <= BY_WEEK else fitting[-1]


def fitting_intervals(period: Period) -> list[Interval]:
    """Those with which the table is not too large."""
    length = period.end - period.start
    # Two less: a period has parts of intervals at both of its ends.
    return [
        each
        for each in INTERVALS
        if length / LENGTHS[each] <= MOST_COHORTS - 2 or each is INTERVALS[-1]
    ]


def list_intervals(query: QueryDict, asked: RetentionQuestion) -> list[Choice]:
    """The lengths that a table of the period can have."""
    return [
        Choice(
            label=_(NAMES[each]),
            address=change_query(query, interval=each.value),
            is_chosen=each is asked.interval,
        )
        for each in fitting_intervals(asked.period)
    ]


def list_returns(query: QueryDict, scope: Scope) -> list[Choice]:
    """What can count as a return: any event, or a goal."""
    chosen = query.get("returns") or ""
    goals = [goal.name for goal in with_built_in(scope.goals)]
    return [
        Choice(
            label=name or _("Any visit"),
            address=change_query(query, returns=name or None),
            is_chosen=name == chosen,
        )
        for name in ("", *goals)
    ]


def make_table(
    found: Retention, asked: RetentionQuestion, scope: Scope, *, in_users: bool
) -> HeatTable:
    """The heat table; where any event is a return, without the first interval: all."""
    first = 0 if asked.returns else 1
    width = len(found.cohorts)
    hottest = max(
        (
            users / cohort.users
            for cohort in found.cohorts
            for users in cohort.returned[1:]
            if cohort.users
        ),
        default=0.0,
    )
    return HeatTable(
        first=first,
        counted=_(COUNTED[asked.interval]),
        heads=[name_step(asked.interval, step) for step in range(first, width)],
        average=[
            Cell(
                text=format_metric(rate, "ratio"),
                title="",
                heat=heat_of(rate or 0, hottest),
                is_running=False,
            )
            for rate in found.average[first:]
        ],
        lines=[
            Line(
                label=name_cohort(cohort.start, asked.interval, scope),
                address=statistics_address(index, found, asked, scope),
                users=cohort.users,
                cells=[
                    make_cell(cohort, step, hottest, in_users=in_users)
                    for step in range(first, len(cohort.returned))
                ],
            )
            for index, cohort in enumerate(found.cohorts)
        ],
        facts=list_facts(found, asked),
    )


def make_cell(cohort: Cohort, step: int, hottest: float, *, in_users: bool) -> Cell:
    """The cell of a cohort and an interval."""
    users = cohort.returned[step]
    rate = users / cohort.users if cohort.users else None
    share = format_metric(rate, "ratio")
    text = format_whole(users) if in_users else share
    return Cell(
        text=text if cohort.users else "",
        title=_("%(users)s of %(all)s, %(share)s")
        % {
            "users": format_whole(users),
            "all": format_whole(cohort.users),
            "share": share,
        },
        heat=heat_of(rate or 0, hottest),
        is_running=step >= cohort.complete,
    )


def heat_of(rate: float, hottest: float) -> int:
    """How hot; anything above nothing is at least warm."""
    if not rate or not hottest:
        return 0
    return max(1, min(LEVELS, round(LEVELS * rate / hottest)))


def list_facts(found: Retention, asked: RetentionQuestion) -> list[Fact]:
    """The newcomers, and the averages that say most."""
    facts = [Fact(label=_("Newcomers"), value=format_whole(found.users))]
    facts += [
        Fact(
            label=after(asked.interval, step),
            value=format_metric(found.average[step], "ratio"),
        )
        for step in TOLD[asked.interval]
        if step < len(found.average) and found.average[step] is not None
    ]
    return facts


def after(interval: Interval, step: int) -> str:
    """So many intervals after the first visit, in words."""
    if interval is Interval.DAY:
        words = ngettext("%(n)d day later", "%(n)d days later", step)
    elif interval is Interval.WEEK:
        words = ngettext("%(n)d week later", "%(n)d weeks later", step)
    else:
        words = ngettext("%(n)d month later", "%(n)d months later", step)
    return words % {"n": step}


def name_step(interval: Interval, step: int) -> str:
    """The head of a column."""
    if interval is Interval.DAY:
        return _("Day %(n)d") % {"n": step}
    if interval is Interval.WEEK:
        return _("Week %(n)d") % {"n": step}
    return _("Month %(n)d") % {"n": step}


def name_cohort(start: int, interval: Interval, scope: Scope) -> str:
    """The head of a line."""
    day = day_of(start, scope.timezone)
    if interval is Interval.MONTH:
        return date_format(day, "YEAR_MONTH_FORMAT")
    shown = date_format(day, "SHORT_DATE_FORMAT")
    if interval is Interval.WEEK:
        return _("Week from %(day)s") % {"day": shown}
    return shown


def statistics_address(
    index: int, found: Retention, asked: RetentionQuestion, scope: Scope
) -> str:
    """The statistics of the cohort's days."""
    start = found.cohorts[index].start
    end = asked.period.end
    if index + 1 < len(found.cohorts):
        end = found.cohorts[index + 1].start
    query = QueryDict(mutable=True)
    if scope.share is None:
        query["site"] = scope.site
    query["from"] = day_of(start, scope.timezone).isoformat()
    query["to"] = day_of(end - 1, scope.timezone).isoformat()
    return f"{reverse('statistics')}?{query.urlencode()}"
