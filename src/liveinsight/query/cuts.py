"""Where sessions reach out of a period: only there their events are read."""

from collections.abc import Iterator, Sequence
from functools import lru_cache

from sqlglot import exp

from liveinsight.query.joins import Within, runs_between
from liveinsight.query.model import (
    Period,
    Question,
)
from liveinsight.query.shape import needs_cuts, shape_question
from liveinsight.query.statement import SITE, Slots, Statement, fill, make_statement

Cuts = tuple[int, int]
"""In a period: when the sessions from before it are over, when those over its end began."""


def compile_cuts(question: Question, period: Period) -> tuple[str, list[object]] | None:
    """One row: the cuts of the period; None where none are needed."""
    shape = shape_question(question, buckets=(), dimensions=question.dimensions)
    if not needs_cuts(shape):
        return None
    statement = _compile_cuts(shape.one_site)
    values: dict[str, object] = {SITE: question.site}
    values |= {"start": period.start, "end": period.end}
    return statement.sql, fill(statement.slots, values)


@lru_cache(maxsize=2)
def _compile_cuts(one_site: bool) -> Statement:  # noqa: FBT001 the key of the cache
    slots = Slots()
    query = exp.select(
        slots.bind(
            "coalesce(max(last_activity) filter (where start_time < :start) + 1, :start)",
            start="start",
        ),
        slots.bind(
            "coalesce(min(start_time) filter (where last_activity >= :end), :end)",
            end="end",
        ),
    )
    within = Within(one_site=one_site, start="start", end="end")
    query = query.from_("runs", copy=False)
    query = query.where(*runs_between("runs", within, slots), copy=False)
    is_cut = slots.bind(
        "start_time < :start or last_activity >= :end", start="start", end="end"
    )
    return make_statement(query.where(is_cut, copy=False), slots)


def zip_cuts(
    periods: Sequence[Period], cuts: Sequence[Cuts]
) -> Iterator[tuple[Period, Cuts]]:
    """Each period with its cuts, by default at its end: then all of it is read."""
    for index, period in enumerate(periods):
        first, last = cuts[index] if index < len(cuts) else (period.end, period.end)
        yield period, (first, max(first, last))
