"""The goals' panel of the statistics page."""

from typing import Final

import msgspec
from django.http import QueryDict

from liveinsight.core.ports import Reader
from liveinsight.dashboard.pages.address import change_query
from liveinsight.dashboard.pages.breakdowns import ROWS
from liveinsight.dashboard.pages.goal_numbers import GoalLine, GoalQuestion, ask_goals
from liveinsight.dashboard.pages.periods import ChosenPeriod
from liveinsight.dashboard.pages.scope import Scope

NAME: Final = "goals"
ELEMENT_ID: Final = f"panel-{NAME}"


class GoalsPanel(msgspec.Struct, frozen=True, kw_only=True):
    """The goals with their numbers, the most reached first."""

    element_id: str
    lines: list[GoalLine]
    has_revenue: bool
    has_own: bool
    """Whether the site has goals beside the built-in one."""
    more: int
    more_address: str


def ask_goals_panel(
    query: QueryDict, scope: Scope, chosen: ChosenPeriod, reader: Reader
) -> GoalsPanel:
    """The panel; a row filters by its goal."""
    asked = GoalQuestion(
        site=scope.site,
        timezone=scope.timezone,
        period=chosen.period,
        goals=scope.goals,
        filters=scope.filters,
        attribution=scope.attribution,
    )
    lines = ask_goals(asked, query, reader)
    if scope.is_of_goals:
        lines = [line for line in lines if line.conversions]
    shown = lines if query.get("all") == NAME else lines[:ROWS]
    return GoalsPanel(
        element_id=ELEMENT_ID,
        lines=shown,
        has_revenue=any(line.revenue for line in shown),
        has_own=bool(scope.goals),
        more=len(lines) - len(shown),
        more_address=change_query(query, all=NAME),
    )
