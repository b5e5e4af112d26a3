"""The cards of the statistics page: its metrics, of which one is charted."""

from typing import Final

import msgspec
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from liveinsight.core.ports import Reader
from liveinsight.dashboard.pages.address import change_query
from liveinsight.dashboard.pages.labels import format_metric, write_change
from liveinsight.dashboard.pages.periods import ChosenPeriod
from liveinsight.dashboard.pages.scope import Scope
from liveinsight.query.catalog.metrics import METRICS
from liveinsight.query.model import Period, Question, Value
from liveinsight.query.run import answer


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """A metric of the page."""

    metric: str
    label: str
    more_is_better: bool | None = True


FIGURES: Final = (
    Figure(metric="visitors", label=gettext_noop("Visitors")),
    Figure(metric="sessions", label=gettext_noop("Sessions")),
    Figure(metric="page_views", label=gettext_noop("Page views")),
    Figure(metric="views_per_session", label=gettext_noop("Views per session")),
    Figure(
        metric="bounce_rate", label=gettext_noop("Bounce rate"), more_is_better=False
    ),
    Figure(metric="session_duration", label=gettext_noop("Session duration")),
)
GOAL_FIGURES: Final = (
    Figure(metric="visitors", label=gettext_noop("Converted visitors")),
    Figure(metric="conversions", label=gettext_noop("Conversions")),
    Figure(metric="conversion_rate", label=gettext_noop("Conversion rate")),
    Figure(metric="revenue", label=gettext_noop("Revenue")),
    Figure(metric="sessions", label=gettext_noop("Sessions")),
    Figure(metric="session_duration", label=gettext_noop("Session duration")),
)
"""Under a filter by goals."""


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """A metric with its change; choosing it shows it in the chart."""

    metric: str
    total: Value
    label: str
    value: str
    before: str
    change: str
    direction: str
    """`up`, `down` or ""."""
    judged: str
    """`good`, `bad` or ""."""
    address: str
    is_chosen: bool
    is_zero: bool


def list_figures(scope: Scope) -> tuple[Figure, ...]:
    """The metrics of the page."""
    return GOAL_FIGURES if scope.is_of_goals else FIGURES


def choose_metric(query: QueryDict, scope: Scope) -> Figure:
    """The metric of the chart."""
    asked = query.get("metric")
    figures = list_figures(scope)
    return next((each for each in figures if each.metric == asked), figures[0])


def ask_cards(
    query: QueryDict,
    scope: Scope,
    chosen: ChosenPeriod,
    before: Period | None,
    reader: Reader,
) -> list[Card]:
    """The metrics over the period and that compared with.

    A period that began without any data says nothing, so it is left out.
    """
    figures = list_figures(scope)
    got = answer(
        Question(
            site=scope.site,
            timezone=scope.timezone,
            period=chosen.period,
            metrics=tuple(figure.metric for figure in figures),
            filters=scope.filters,
            goals=scope.goals,
            attribution=scope.attribution,
            compare=before,
        ),
        reader,
    )
    old_values = got.totals_before or [None] * len(figures)
    changes = got.totals_change or [None] * len(figures)
    shown = choose_metric(query, scope)
    return [
        make_card(query, figure, (value, old, change), is_chosen=figure is shown)
        for figure, value, old, change in zip(
            figures, got.totals, old_values, changes, strict=True
        )
    ]


def make_card(
    query: QueryDict,
    figure: Figure,
    numbers: tuple[Value, Value, float | None],
    *,
    is_chosen: bool,
) -> Card:
    """One card."""
    value, before, change = numbers
    unit = METRICS[figure.metric].unit
    rounded = round((change or 0) * 1000)
    direction = "" if not rounded else "up" if rounded > 0 else "down"
    judged = ""
    if direction and figure.more_is_better is not None:
        judged = "good" if (direction == "up") is figure.more_is_better else "bad"
    return Card(
        metric=figure.metric,
        total=value,
        label=_(figure.label),
        value=format_metric(value, unit),
        before=format_metric(before, unit),
        change=write_change(change, unit),
        direction=direction,
        judged=judged,
        address=change_query(query, metric=figure.metric),
        is_chosen=is_chosen,
        is_zero=not value,
    )


def question_of_figures(
    scope: Scope, chosen: ChosenPeriod, before: Period | None
) -> Question:
    """What gives the figures by time, and in all; beside those before."""
    return Question(
        site=scope.site,
        timezone=scope.timezone,
        period=chosen.period,
        metrics=tuple(figure.metric for figure in list_figures(scope)),
        dimensions=("time",),
        filters=scope.filters,
        goals=scope.goals,
        attribution=scope.attribution,
        compare=before,
    )
