"""A funnel's answer as it is drawn: steps, totals, rows of a dimension."""

from typing import Final

import msgspec
from django.http import QueryDict
from django.utils.translation import gettext as _

from liveinsight.dashboard.funnels import FunnelDefinition
from liveinsight.dashboard.pages.address import change_query, filter_query
from liveinsight.dashboard.pages.funnel_form import SEQUENCES, SESSION, WINDOWS
from liveinsight.dashboard.pages.labels import (
    DIMENSION_NAMES,
    flag_of,
    format_duration,
    format_metric,
    format_whole,
    label_of,
    name_of_dimension,
)
from liveinsight.dashboard.pages.report import write_change
from liveinsight.query.catalog import DIMENSIONS, GOAL, TIME, Kind
from liveinsight.query.funnel import (
    FunnelAnswer,
    FunnelCounts,
    FunnelRow,
    FunnelStep,
)
from liveinsight.query.run import change_of

SHOWN_TABS: Final = ("source", "channel", "utm_campaign", "country", "device")
"""The others are in a menu."""
DEFAULT_TAB: Final = "source"
ROWS: Final = 10
MOST_ROWS: Final = 200


class StepView(msgspec.Struct, frozen=True, kw_only=True):
    """A step as drawn; heights are of 100."""

    number: int
    name: str
    visitors: str
    share: str
    """Of those who began."""
    step_share: str
    """Of those at the step before; "" at the first."""
    dropped: str
    """ "" at the last."""
    dropped_share: str
    median: str
    top: str
    """Of the bar, from above."""
    height: str
    next_top: str
    width: str
    """The same lying, in percent."""
    who: str
    """The address of those who came no further."""
    is_chosen: bool
    is_last: bool


class FactView(msgspec.Struct, frozen=True, kw_only=True):
    """A number of the whole funnel, and how it has changed."""

    label: str
    value: str
    change: str = ""
    before: str = ""
    direction: str = ""
    """`up`, `down` or ""."""
    judged: str = ""
    """`good`, `bad` or ""."""


class TabView(msgspec.Struct, frozen=True, kw_only=True):
    """A dimension to cut by."""

    label: str
    address: str
    is_chosen: bool


class RowView(msgspec.Struct, frozen=True, kw_only=True):
    """The funnel of one label."""

    label: str
    flag: str
    address: str
    steps: list[str]
    rate: str
    width: str


class TableView(msgspec.Struct, frozen=True, kw_only=True):
    """The funnel by one dimension."""

    label: str
    tabs: list[TabView]
    others: list[TabView]
    rows: list[RowView]
    more: int
    more_address: str


def write_rule(definition: FunnelDefinition) -> str:
    """Order and window in words."""
    sequence = dict(SEQUENCES)[definition.sequence]
    window = definition.window_ms
    known = dict(WINDOWS).get(SESSION if window is None else str(window))
    shown = format_duration(window or 0) if known is None else str(known)
    return _("%(sequence)s; all within %(window)s") % {
        "sequence": sequence,
        "window": shown,
    }


def list_facts(answer: FunnelAnswer) -> list[FactView]:
    """What the funnel comes to."""
    now, before = answer.totals, answer.before
    began = [counts.steps[0].visitors if counts else None for counts in (now, before)]
    ended = [counts.steps[-1].visitors if counts else None for counts in (now, before)]
    rates = [counts.conversion_rate if counts else None for counts in (now, before)]
    times = [counts.median_ms if counts else None for counts in (now, before)]
    return [
        make_fact(_("Conversion rate"), Kind.RATE, "ratio", rates),
        make_fact(_("Began"), Kind.COUNT, "users", began),
        make_fact(_("Completed"), Kind.COUNT, "users", ended),
        make_fact(_("Median time"), Kind.MEAN, "ms", times, more_is_better=False),
    ]


def make_fact(
    label: str,
    kind: Kind,
    unit: str,
    values: list[float | None] | list[int | None],
    *,
    more_is_better: bool = True,
) -> FactView:
    """The number with its change; without one where there is nothing before."""
    now, before = values
    change = change_of(kind, now, before)
    rounded = round((change or 0) * 1000)
    direction = "" if not rounded else "up" if rounded > 0 else "down"
    judged = ""
    if direction:
        judged = "good" if (direction == "up") is more_is_better else "bad"
    return FactView(
        label=label,
        value=format_metric(now, unit),
        change=write_change(change, unit),
        before=format_metric(before, unit),
        direction=direction,
        judged=judged,
    )


def list_steps(query: QueryDict, counts: FunnelCounts) -> list[StepView]:
    """The steps as drawn."""
    steps = counts.steps
    shares = [step.conversion_rate or 0 for step in steps]
    return [
        draw_step(
            query,
            number,
            step,
            (shares[number - 1], following),
            is_last=number == len(steps),
        )
        for number, (step, following) in enumerate(
            zip(steps, [*shares[1:], shares[-1]], strict=True), start=1
        )
    ]


def draw_step(
    query: QueryDict,
    number: int,
    step: FunnelStep,
    shares: tuple[float, float],
    *,
    is_last: bool,
) -> StepView:
    """One step; `shares` are its own and the next one's, of those who began."""
    here, following = shares
    return StepView(
        number=number,
        name=step.name,
        visitors=format_whole(step.visitors),
        share=format_metric(step.conversion_rate, "ratio"),
        step_share="" if number == 1 else format_metric(step.step_rate, "ratio"),
        dropped=format_whole(step.dropped),
        dropped_share=format_metric(
            step.dropped / step.visitors if step.visitors else None, "ratio"
        ),
        median="" if step.median_ms is None else format_duration(step.median_ms),
        top=f"{100 - 100 * here:.2f}",
        height=f"{100 * here:.2f}",
        next_top=f"{100 - 100 * following:.2f}",
        width=f"{100 * here:.2f}%",
        who=change_query(query, stopped=str(number), skip=None),
        is_chosen=query.get("stopped") == str(number),
        is_last=is_last,
    )


def choose_dimension(query: QueryDict) -> str:
    """The dimension that the address cuts by."""
    return query.get("by") or DEFAULT_TAB


def read_limit(query: QueryDict) -> int:
    """How many rows the table has."""
    return MOST_ROWS if query.get("all") == "rows" else ROWS


def make_table(query: QueryDict, dimension: str, answer: FunnelAnswer) -> TableView:
    """The rows of the dimension."""
    names = [each for each in DIMENSION_NAMES if each in DIMENSIONS]
    others = [each for each in names if each not in (*SHOWN_TABS, GOAL, TIME)]
    most = max([row.counts.steps[0].visitors for row in answer.rows] + [1])
    return TableView(
        label=name_of_dimension(dimension),
        tabs=[make_tab(query, each, dimension) for each in SHOWN_TABS],
        others=[make_tab(query, each, dimension) for each in others],
        rows=[make_row(query, dimension, row, most) for row in answer.rows],
        more=max(0, answer.row_count - len(answer.rows)),
        more_address=change_query(query, all="rows"),
    )


def make_tab(query: QueryDict, dimension: str, chosen: str) -> TabView:
    """The dimension's tab."""
    return TabView(
        label=name_of_dimension(dimension),
        address=change_query(query, by=dimension, all=None),
        is_chosen=dimension == chosen,
    )


def make_row(query: QueryDict, dimension: str, row: FunnelRow, most: int) -> RowView:
    """One label."""
    label = None if row.label is None else str(row.label)
    began = row.counts.steps[0].visitors
    return RowView(
        label=label_of(dimension, label),
        flag=flag_of(label) if dimension == "country" else "",
        address=filter_query(query, dimension, label),
        steps=[format_whole(step.visitors) for step in row.counts.steps],
        rate=format_metric(row.counts.conversion_rate, "ratio"),
        width=f"{100 * began / most:.2f}%",
    )
