"""How many were there at a time, over the last 24 hours on our clock."""

from functools import lru_cache
from typing import cast

import msgspec
from sqlglot import exp

from liveinsight.core.limits import CURRENT_WINDOW, DAY
from liveinsight.core.ports import Reader
from liveinsight.query.check import check_filters, check_site
from liveinsight.query.conditions import (
    NOT_ENGAGEMENT,
    event_condition,
    filter_values,
    shape_of,
)
from liveinsight.query.goals import expand_goals
from liveinsight.query.joins import Within, join_runs
from liveinsight.query.model import Goal, Where
from liveinsight.query.statement import (
    SITE,
    Slots,
    Statement,
    fill,
    fragment,
    make_statement,
)

STEPS = DAY // CURRENT_WINDOW


class Concurrency(msgspec.Struct, frozen=True, kw_only=True):
    """Current visitors every 5 minutes; the last number is of now."""

    as_of: int
    step: int
    """Ms between two numbers."""
    visitors: list[int]


def ask_concurrency(
    site: str | None,
    filters: tuple[Where, ...],
    now: int,
    reader: Reader,
    goals: tuple[Goal, ...] = (),
) -> Concurrency:
    """Users with an event other than engagement in each 5 minutes of the 24 hours.

    Raises:
        QueryError: a filter cannot be asked.
    """
    check_site(site)
    check_filters(filters, field="filters", goals=goals)
    filters = expand_goals(filters, goals)
    # A current visitor of now has an event after, or at, the window's first moment.
    first = now + 1 - DAY
    values = filter_values(filters) | {
        SITE: site,
        "first": first,
        "last": now,
        "window": CURRENT_WINDOW,
        "since": first,
        "until": now + DAY,
    }
    statement = _count(site is not None, shape_of(filters))
    rows = reader.query(statement.sql, fill(statement.slots, values))
    found = dict(cast("list[tuple[int, int]]", rows))
    return Concurrency(
        as_of=now,
        step=CURRENT_WINDOW,
        visitors=[found.get(step, 0) for step in range(STEPS)],
    )


@lru_cache(maxsize=256)
def _count(one_site: bool, conditions: tuple[Where, ...]) -> Statement:  # noqa: FBT001 a key of the cache
    """Step, visitors."""
    slots = Slots()
    query = exp.Select().from_("events as e").where(fragment(NOT_ENGAGEMENT))
    query = query.select(
        slots.bind(
            "(e.present_at - :first) // :window as step", first="first", window="window"
        ),
        fragment("count(distinct e.user_key) as visitors"),
    )
    query = query.where(
        fragment("e.present_at") >= slots.add("first"),
        fragment("e.present_at") <= slots.add("last"),
    )
    if one_site:
        query = query.where(exp.column("site", "e").eq(slots.add(SITE)))
    within = Within(one_site=one_site, start="since", end="until")
    query = query.where(*(event_condition(each, slots, within) for each in conditions))
    recent = [fragment("r.present_at") >= slots.add("first")]
    return make_statement(join_runs(query.group_by("step"), recent), slots)
