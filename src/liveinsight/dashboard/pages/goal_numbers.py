"""What became of the goals in a period: conversions, rate and revenue of each."""

from collections.abc import Mapping, Sequence
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
ROWS: Final = 1_000
"""More than fifty goals have, in the currencies that anybody takes."""

Amount = tuple[float, str]
"""Of money, and its currency."""


class GoalLine(msgspec.Struct, frozen=True, kw_only=True):
    """One goal and its numbers, as shown."""

    name: str
    label: str
    visitors: int
    """Those who converted."""
    conversions: int
    rate: str
    revenue: str
    """ "" where there is none; of several currencies that of most events."""
    every_revenue: str
    """That of all its currencies."""
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
        self,
        metrics: tuple[str, ...],
        dimensions: tuple[str, ...] = (),
        *filters: Where,
    ) -> Question:
        """The question of these metrics."""
        return Question(
            site=self.site,
            timezone=self.timezone,
            period=self.period,
            metrics=metrics,
            dimensions=dimensions,
            filters=(*self.filters, *filters),
            goals=self.goals,
            attribution=self.attribution,
            limit=ROWS,
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
    found = answer(asked.ask(COUNTED, (GOAL,)), reader, with_totals=False).rows
    by_name = {str(row.dimensions[0]): row for row in found}
    names = [*(goal.name for goal in asked.goals), BUILT_IN]
    numbers = {name: read_numbers(by_name.get(name)) for name in names}
    most = max([each[0] for each in numbers.values()] + [1])
    earned = {}
    if any(revenue for _, _, revenue in numbers.values()):
        earned = sum_by_currency(asked, numbers, reader)
    lines = [
        GoalLine(
            name=name,
            label=label_of(GOAL, name),
            visitors=round(visitors),
            conversions=round(conversions),
            rate=format_metric(visitors / audience if audience else 0, "ratio"),
            revenue=write_revenue(earned.get(name, [])[:1], len(earned.get(name, []))),
            every_revenue=write_revenue(earned.get(name, [])),
            width=f"{100 * visitors / most:.2f}%",
            address=filter_query(query, GOAL, name),
        )
        for name, (visitors, conversions, _) in numbers.items()
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


def sum_by_currency(
    asked: GoalQuestion,
    numbers: Mapping[str, tuple[float, float, float]],
    reader: Reader,
) -> dict[str, list[Amount]]:
    """What each goal earned in each currency, that of most events first.

    Sums of several currencies mean nothing, so they are asked for one by one; but most
    sites have one only, and for these what was counted is asked for no second time.
    """
    fixed = {goal.name: goal.value.currency for goal in asked.goals if goal.value}
    is_sold = Filter(CURRENCY, Operator.IS_NOT, ("",))
    found = answer(
        asked.ask(("events",), (CURRENCY,), is_sold), reader, with_totals=False
    )
    known = [str(row.dimensions[0]) for row in found.rows]
    earned: dict[str, list[Amount]] = {}
    if len(known) > 1:
        question = asked.ask(("events", "revenue"), (GOAL, CURRENCY), is_sold)
        for row in answer(question, reader, with_totals=False).rows:
            amount = (row.metrics[1] or 0, str(row.dimensions[1]))
            earned.setdefault(str(row.dimensions[0]), []).append(amount)
    else:
        only = known[0] if known else ""
        earned = {name: [(each[2], only)] for name, each in numbers.items() if each[2]}
    for name, currency in fixed.items():
        if numbers[name][2]:
            earned[name] = [(numbers[name][2], currency)]
    return earned


def write_revenue(amounts: Sequence[Amount], of: int = 1) -> str:
    """1,200 EUR; "+1" where there is one more currency."""
    text = ", ".join(f"{format_amount(sum_)} {unit}".strip() for sum_, unit in amounts)
    return f"{text} +{of - 1}" if of > 1 else text
