"""The general question: metrics by dimensions."""

from typing import Annotated, Final

import msgspec
from msgspec import Meta

from liveinsight.dashboard import runtime
from liveinsight.dashboard.api_v1.endpoint import (
    Caller,
    Endpoint,
    complete_to,
    find_subject,
    next_offset,
)
from liveinsight.query.csv import Table, cells_of, heads_of
from liveinsight.query.model import Row, Value
from liveinsight.query.run import answer
from liveinsight.query.wire import Query, read_question, write_question


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


def answer_query(caller: Caller, asked: Query) -> QueryAnswer:
    """The rows and totals that the question asks for."""
    as_of = complete_to(caller.now)
    question = read_question(asked, find_subject(caller, asked))
    found = answer(question, runtime.current().reader)
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
        query=write_question(said, asked.filters),
        as_of=as_of,
    )


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


QUERY: Final = Endpoint(
    name="query",
    summary="Metrics by dimensions, under filters, in a period.",
    request=Query,
    response=QueryAnswer,
    answer=answer_query,
    table=tabulate,
    example=Query(
        metrics=("visitors", "bounce_rate"),
        dimensions=("source",),
        filters=(["is", "country", ["KR", "DE"]],),
        period="7d",
        compare="previous",
        limit=10,
    ),
)
