"""The general question: metrics by dimensions."""

from typing import Final

from liveinsight.dashboard import runtime
from liveinsight.dashboard.api_v1.endpoint import (
    Caller,
    Endpoint,
    complete_to,
    find_subject,
)
from liveinsight.query.answered import QueryAnswer, tabulate, tell
from liveinsight.query.run import answer
from liveinsight.query.wire import Query, read_question


def answer_query(caller: Caller, asked: Query) -> QueryAnswer:
    """The rows and totals that the question asks for."""
    as_of = complete_to(caller.now)
    question = read_question(asked, find_subject(caller, asked))
    found = answer(question, runtime.current().reader)
    return tell(found, question, asked.filters, as_of)


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
