"""The goals' panel of the statistics page."""

from collections.abc import Mapping
from typing import Final

import msgspec
from django.http import QueryDict

from liveinsight.core.ports import Reader
from liveinsight.dashboard.pages.address import change_query, write_query
from liveinsight.dashboard.pages.api_call import ApiCall, call_query
from liveinsight.dashboard.pages.breakdowns import ROWS
from liveinsight.dashboard.pages.goal_numbers import (
    METRICS,
    GoalLine,
    GoalQuestion,
    ask_goals,
)
from liveinsight.dashboard.pages.periods import ChosenPeriod
from liveinsight.dashboard.pages.scope import Scope
from liveinsight.query.catalog.dimensions import GOAL
from liveinsight.query.goals import goals_in_force, names_goals, without_goals
from liveinsight.query.model import Value
from liveinsight.query.parse import parse_filter

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
    call: ApiCall | None


def ask_goals_panel(
    query: QueryDict,
    scope: Scope,
    chosen: ChosenPeriod,
    reader: Reader,
    totals: Mapping[str, Value],
) -> GoalsPanel:
    """The panel; a row filters by its goal. `totals` are those of the page's metrics."""
    asked = GoalQuestion(
        site=scope.site,
        timezone=scope.timezone,
        period=chosen.period,
        goals=scope.goals,
        # Of all goals, so that one can go from one to another.
        filters=without_goals(scope.filters),
        attribution=scope.attribution,
    )
    chosen_names = name_chosen(scope)
    is_of_all = asked.filters == scope.filters
    audience = totals.get("visitors") if is_of_all else None
    lines = [
        msgspec.structs.replace(line, is_chosen=True, address=leave_goals(query))
        if line.name in chosen_names
        else line
        for line in ask_goals(asked, query, reader, audience)
    ]
    shown = lines if query.get("all") == NAME else lines[:ROWS]
    return GoalsPanel(
        element_id=ELEMENT_ID,
        lines=shown,
        has_revenue=any(line.revenue for line in shown),
        has_own=bool(scope.goals),
        more=len(lines) - len(shown),
        more_address=change_query(query, all=NAME),
        call=call_query(asked.ask(METRICS, (GOAL,)), scope),
    )


def name_chosen(scope: Scope) -> set[str]:
    """The goals that a filter keeps."""
    chosen = goals_in_force(scope.filters, (), scope.goals)
    return {goal.name for goal in chosen}


def leave_goals(query: QueryDict) -> str:
    """The address without filters by goals."""
    changed = query.copy()
    texts = query.getlist("f")
    changed.setlist(
        "f", [text for text in texts if not names_goals(parse_filter(text))]
    )
    return write_query(changed)
