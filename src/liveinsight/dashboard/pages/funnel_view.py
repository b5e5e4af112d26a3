"""A funnel's answer as it is drawn: steps, totals, rows of a dimension."""

import msgspec
from django.http import QueryDict
from django.utils.translation import gettext as _

from liveinsight.dashboard.funnels import FunnelDefinition
from liveinsight.dashboard.pages.address import change_query
from liveinsight.dashboard.pages.facts import Fact, make_fact
from liveinsight.dashboard.pages.funnel_form import SEQUENCES, SESSION, WINDOWS
from liveinsight.dashboard.pages.labels import (
    format_duration,
    format_metric,
    format_whole,
)
from liveinsight.query.catalog.metrics import Kind
from liveinsight.query.funnel import (
    FunnelAnswer,
    FunnelCounts,
    FunnelStep,
)


class StepView(msgspec.Struct, frozen=True, kw_only=True):
    """A step as drawn; heights are of 100."""

    number: int
    name: str
    visitors: str
    share: str
    """Of those who began."""
    step_share: str
    """Of those at the step before; "" where there is none, or nobody was."""
    has_visitors: bool
    dropped: str
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


def list_facts(answer: FunnelAnswer) -> list[Fact]:
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
        step_share=""
        if number == 1 or step.step_rate is None
        else format_metric(step.step_rate, "ratio"),
        has_visitors=step.visitors > 0,
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
