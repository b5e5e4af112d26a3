"""The heat table of retention: cohorts down, intervals across."""

from collections.abc import Sequence
from typing import Final

import msgspec
from django.http import QueryDict
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from liveinsight.dashboard.pages.annotations import Note
from liveinsight.dashboard.pages.facts import Fact, make_fact
from liveinsight.dashboard.pages.labels import (
    format_change,
    format_metric,
    format_points,
    format_whole,
)
from liveinsight.dashboard.pages.periods import day_of
from liveinsight.dashboard.pages.scope import Scope
from liveinsight.query.catalog.metrics import Kind
from liveinsight.query.model import Interval
from liveinsight.query.retention import Cohort, Retention, RetentionQuestion
from liveinsight.query.run import change_of

LEVELS: Final = 10
"""Of heat; the greatest rate of the table after the first interval has the last one."""
COUNTED: Final = {
    Interval.DAY: gettext_noop("Days after the first visit →"),
    Interval.WEEK: gettext_noop("Weeks after the first visit →"),
    Interval.MONTH: gettext_noop("Months after the first visit →"),
}
TOLD: Final = {
    Interval.DAY: (1, 7, 14, 28),
    Interval.WEEK: (1, 4, 8, 12),
    Interval.MONTH: (1, 3, 6, 11),
}
"""The averages that are told above the table."""
MOST_WORDS: Final = 14
"""Columns with a head in words; more have numbers."""


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
    notes: list[Note]
    """The annotations of its days."""


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """The averages of the period compared with, and the changes since."""

    users: int
    average: list[Cell]
    change: str
    """Of the users."""
    changes: list[Fact]


class HeatTable(msgspec.Struct, frozen=True, kw_only=True):
    """The table."""

    first: int
    """How many intervals after the first visit the first column is."""
    heads: list[str]
    counted: str
    """What the heads count, where there is no room for more than numbers."""
    average: list[Cell]
    before: Compared | None
    lines: list[Line]
    facts: list[Fact]

    @property
    def is_dense(self) -> bool:
        """Whether there is no room for words above the columns."""
        return len(self.heads) > MOST_WORDS


def make_table(
    found: Retention,
    asked: RetentionQuestion,
    scope: Scope,
    notes: Sequence[Note],
    *,
    in_users: bool,
) -> HeatTable:
    """The heat table; where any event is a return, without the first interval: all."""
    first = 0 if asked.returns else 1
    # Before the first newcomer there is nothing to tell.
    skipped = next((n for n, each in enumerate(found.cohorts) if each.users), 0)
    width = len(found.cohorts) - skipped
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
        average=list_averages(found.average[first:width], hottest),
        before=compare_averages(found, first, width, hottest),
        lines=[
            Line(
                label=name_cohort(cohort.start, asked.interval, scope),
                address=statistics_address(index, found, asked, scope),
                users=cohort.users,
                cells=[
                    make_cell(cohort, step, hottest, in_users=in_users)
                    for step in range(first, len(cohort.returned))
                ],
                notes=[note for note in notes if note.index == index],
            )
            for index, cohort in enumerate(found.cohorts)
            if index >= skipped
        ],
        facts=list_facts(found, asked),
    )


def list_averages(rates: Sequence[float | None], hottest: float) -> list[Cell]:
    """The cells of a line of averages."""
    return [
        Cell(
            text=format_metric(rate, "ratio"),
            title="",
            heat=heat_of(rate or 0, hottest),
            is_running=False,
        )
        for rate in rates
    ]


def compare_averages(
    found: Retention, first: int, width: int, hottest: float
) -> Compared | None:
    """The averages before; None without a comparison."""
    if found.average_before is None or found.users_before is None:
        return None
    before = found.average_before[first:width]
    return Compared(
        users=found.users_before,
        average=list_averages(before, hottest),
        change=format_change(change_of(Kind.COUNT, found.users, found.users_before)),
        changes=[
            change_of_average(now, earlier)
            for now, earlier in zip(found.average[first:width], before, strict=True)
        ],
    )


def change_of_average(now: float | None, before: float | None) -> Fact:
    """The change in points, without the word: its line says it."""
    fact = make_fact("", Kind.RATE, "ratio", (now, before))
    if now is None or before is None:
        return fact
    return msgspec.structs.replace(fact, change=format_points(now - before))


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
    before = found.average_before or [None] * len(found.average)
    users = (found.users, found.users_before)
    facts = [make_fact(_("Newcomers"), Kind.COUNT, "users", users)]
    facts += [
        make_fact(
            after(asked.interval, step),
            Kind.RATE,
            "ratio",
            (found.average[step], before[step]),
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
