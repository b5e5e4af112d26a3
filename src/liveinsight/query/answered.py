"""The answer to a question as JSON and as a table, for the API and the command line."""

from typing import Annotated

import msgspec
from msgspec import Meta

from liveinsight.query.csv import Table, cells_of, heads_of
from liveinsight.query.model import Answer, Question, Row, Value
from liveinsight.query.wire import FilterForm, Query, write_question


class Totals(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The metrics over all that was asked about, as in a row."""

    metrics: list[Value]
    before: list[Value] | None = None
    change: list[float | None] | None = None


class QueryAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The rows, and the same metrics over all of them.

    Of a row, `dimensions` and `metrics` are in the order of the question; `time` is
    the start of the interval in ms, null is "not set", or nothing to divide by.
    `change` is (now - before) ÷ before, and for rates now - before.
    """

    results: list[Row]
    totals: Totals
    row_count: Annotated[int, Meta(description="All rows, also those beyond `limit`.")]
    next: Annotated[
        int | None, Meta(description="The offset of the next rows; null: no more.")
    ]
    query: Annotated[
        Query,
        Meta(description="The question, all that was implied said: to ask it again."),
    ]
    as_of: Annotated[
        int, Meta(description="All events received up to then are counted, ms.")
    ]


def tell(
    found: Answer, question: Question, filters: tuple[FilterForm, ...], as_of: int
) -> QueryAnswer:
    """The answer as it is sent; `filters` as they were asked."""
    said = msgspec.structs.replace(question, interval=found.interval)
    return QueryAnswer(
        results=found.rows,
        totals=Totals(
            metrics=found.totals,
            before=found.totals_before,
            change=found.totals_change,
        ),
        row_count=found.row_count,
        next=next_offset(question.offset, len(found.rows), found.row_count),
        query=write_question(said, filters),
        as_of=as_of,
    )


def next_offset(offset: int, shown: int, row_count: int) -> int | None:
    """Where the rows go on after those shown; None where these were the last."""
    following = offset + shown
    return following if shown and following < row_count else None


def tabulate(answered: QueryAnswer) -> Table:
    """The rows as a table."""
    asked = answered.query
    compared = asked.compare is not None
    return Table(
        heads=heads_of(asked.dimensions, asked.metrics, compared=compared),
        rows=[
            cells_of(
                row,
                asked.dimensions,
                asked.interval,
                asked.timezone or "UTC",
                compared=compared,
            )
            for row in answered.results
        ],
    )
