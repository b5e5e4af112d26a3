"""`/retention/`: how many of those who came for the first time came again."""

from typing import Final

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from liveinsight.core.limits import DAY
from liveinsight.dashboard import runtime
from liveinsight.dashboard.pages.address import change_query
from liveinsight.dashboard.pages.annotations import list_notes
from liveinsight.dashboard.pages.choice import Choice
from liveinsight.dashboard.pages.comparable import find_comparable
from liveinsight.dashboard.pages.filter_bar import make_filter_bar
from liveinsight.dashboard.pages.heat_table import make_table
from liveinsight.dashboard.pages.periods import ChosenPeriod, choose_period
from liveinsight.dashboard.pages.scope import Scope, answering_errors, read_scope
from liveinsight.dashboard.pages.ways_call import call_retention
from liveinsight.dashboard.shares import shareable
from liveinsight.query.catalog.dimensions import GOAL
from liveinsight.query.goals import with_built_in
from liveinsight.query.model import Filter, Interval, Operator, Period
from liveinsight.query.retention import (
    INTERVALS,
    MOST_COHORTS,
    RetentionQuestion,
    answer_retention,
    until_now,
)

NAMES: Final = {
    Interval.DAY: gettext_noop("Days"),
    Interval.WEEK: gettext_noop("Weeks"),
    Interval.MONTH: gettext_noop("Months"),
}
LENGTHS: Final = {Interval.DAY: DAY, Interval.WEEK: 7 * DAY, Interval.MONTH: 28 * DAY}
BY_DAY: Final = 32 * DAY
BY_WEEK: Final = 190 * DAY


@shareable
@require_safe
@vary_on_headers("HX-Request", "HX-Target")
@answering_errors
def retention(request: HttpRequest) -> HttpResponse:
    """The page; for htmx only the report."""
    scope = read_scope(request)
    chosen = choose_period(request.GET, scope)
    reader = runtime.current().reader
    before = find_comparable(scope, chosen, reader)
    asked = read_question(request.GET, scope, chosen, before)
    found = answer_retention(asked, reader)
    notes = list_notes(scope, chosen, [cohort.start for cohort in found.cohorts])
    in_users = request.GET.get("show") == "users"
    newcomers = found.with_id + found.without_id
    context = {
        "scope": scope,
        "chosen": chosen,
        "call": call_retention(asked, scope),
        "filter_bar": make_filter_bar(request, scope),
        "found": found,
        "newcomers": newcomers,
        "left_out": found.without_id / newcomers if newcomers else 0,
        "table": make_table(found, asked, scope, notes, in_users=in_users),
        "notes": notes,
        "intervals": list_intervals(request.GET, asked),
        "shows": [
            Choice(
                label=_("Visitors") if each else _("Percent"),
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


def read_question(
    query: QueryDict, scope: Scope, chosen: ChosenPeriod, before: Period | None
) -> RetentionQuestion:
    """The question that the address asks."""
    goal = query.get("returns")
    period = until_now(chosen.period, scope.now)
    return RetentionQuestion(
        site=scope.site,
        timezone=scope.timezone,
        period=period,
        interval=choose_interval(query.get("interval"), period, before),
        filters=scope.filters,
        returns=(Filter(GOAL, Operator.IS, (goal,)),) if goal else (),
        goals=scope.goals,
        compare=before and until_now(before, scope.now),
    )


def choose_interval(
    name: str | None, period: Period, before: Period | None
) -> Interval:
    """The one that is named, if the table is not too large then, else one that suits."""
    fitting = fitting_intervals(period, before)
    if name in fitting:
        return Interval(name)
    length = period.end - period.start
    suits = Interval.WEEK if length <= BY_WEEK else Interval.MONTH
    suits = Interval.DAY if length <= BY_DAY else suits
    return suits if suits in fitting else fitting[0]


def fitting_intervals(period: Period, before: Period | None) -> list[Interval]:
    """Those with which no table of these periods is too large."""
    length = max(each.end - each.start for each in (period, before) if each)
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
        for each in fitting_intervals(asked.period, asked.compare)
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
