"""What became of the goals in a period: conversions, rate and revenue of each."""

from typing import Final

import msgspec
from django.http import QueryDict

from liveinsight.core.ports import Reader
from liveinsight.dashboard.goals import BUILT_IN
from liveinsight.dashboard.pages.address import filter_query
from liveinsight.dashboard.pages.labels import format_amount, format_metric, label_of
from liveinsight.query.catalog.dimensions import GOAL
from liveinsight.query.model import (
    Attribution,
    Filter,
    Goal,
    Operator,
    Period,
    Question,
    Row,
    Where,
)
from liveinsight.query.run import answer

METRICS: Final = ("visitors", "conversions", "conversion_rate", "revenue")
COUNTED: Final = ("visitors", "conversions", "revenue")
CURRENCY: Final = "currency"


class GoalLine(msgspec.Struct, frozen=True, kw_only=True):
    """One goal and its numbers, as shown."""

    name: str
    label: str
    visitors: int
    """Those who converted."""
    conversions: int
    rate: str
    revenue: str
    """ "" where there is none."""
    width: str
    """Of its bar, relative to the most visitors."""
    address: str
    """Filters by it; of a chosen one, takes that away."""
    is_chosen: bool = False


class GoalQuestion(msgspec.Struct, frozen=True, kw_only=True):
    """About which goals, where, when and under which filters."""

    site: str
    timezone: str
    period: Period
    goals: tuple[Goal, ...]
    filters: tuple[Where, ...] = ()
    attribution: Attribution = Attribution.SESSION

    def ask(
        self, metrics: tuple[str, ...], dimension: str = "", *filters: Where
    ) -> Question:
        """The question, by one dimension at most."""
        return Question(
            site=self.site,
            timezone=self.timezone,
            period=self.period,
            metrics=metrics,
            dimensions=(dimension,) if dimension else (),
            filters=(*self.filters, *filters),
            goals=self.goals,
            attribution=self.attribution,
        )


def ask_goals(
    asked: GoalQuestion,
    query: QueryDict,
    reader: Reader,
    audience: float | None = None,
) -> list[GoalLine]:
    """Every goal, those without a conversion too, the most reached first.

    `audience`, the visitors under the same filters, is asked for where it is not known:
    counting it takes as long as all that the goals need.
    """
    if audience is None:
        audience = count_visitors(asked, reader)
    found = answer(asked.ask(COUNTED, GOAL), reader, with_totals=False).rows
    by_name = {str(row.dimensions[0]): row for row in found}
    names = [*(goal.name for goal in asked.goals), BUILT_IN]
    numbers = {name: read_numbers(by_name.get(name)) for name in names}
    most = max([each[0] for each in numbers.values()] + [1])
    currency = ""
    if any(revenue for _, _, revenue in numbers.values()):
        currency = find_currency(asked, reader)
    fixed = {goal.name: goal.value.currency for goal in asked.goals if goal.value}
    lines = [
        GoalLine(
            name=name,
            label=label_of(GOAL, name),
            visitors=round(visitors),
            conversions=round(conversions),
            rate=format_metric(visitors / audience if audience else 0, "ratio"),
            revenue=f"{format_amount(revenue)} {fixed.get(name, currency)}".strip()
            if revenue
            else "",
            width=f"{100 * visitors / most:.2f}%",
            address=filter_query(query, GOAL, name),
        )
        for name, (visitors, conversions, revenue) in numbers.items()
    ]
    return sorted(lines, key=lambda line: (-line.visitors, line.label))


def read_numbers(row: Row | None) -> tuple[float, float, float]:
    """What is COUNTED of a goal; zeros where nobody reached it."""
    if row is None:
        return (0, 0, 0)
    visitors, conversions, revenue = (value or 0 for value in row.metrics)
    return (visitors, conversions, revenue)


def count_visitors(asked: GoalQuestion, reader: Reader) -> float:
    """All who could have reached a goal: what its rate is of."""
    return answer(asked.ask(("visitors",)), reader).totals[0] or 0


def find_currency(asked: GoalQuestion, reader: Reader) -> str:
    """The currency of the revenue, where it is one only; else ""."""
    is_sold = Filter(CURRENCY, Operator.IS_NOT, ("",))
    question = asked.ask(("events",), CURRENCY, is_sold)
    rows = answer(question, reader, with_totals=False).rows
    return str(rows[0].dimensions[0]) if len(rows) == 1 else ""
