"""The API calls that give the numbers of a funnel's page."""

from liveinsight.dashboard import models
from liveinsight.dashboard.api_v1.funnel import FunnelQuery, FunnelSessionsQuery
from liveinsight.dashboard.pages.api_call import ApiCall
from liveinsight.query.check import MAX_LIMIT
from liveinsight.query.funnel import FunnelQuestion
from liveinsight.query.wire import write_compare, write_filters


def call_funnel(row: models.Funnel, question: FunnelQuestion) -> ApiCall:
    """The call that answers the question about the saved funnel, all rows of it."""
    return ApiCall(
        endpoint="funnel",
        question=FunnelQuery(
            site=question.site,
            period=(question.period.start, question.period.end),
            filters=write_filters(question.filters),
            funnel=row.name,
            dimension=question.dimension,
            compare=write_compare(question.compare),
            limit=MAX_LIMIT,
        ),
    )


def call_stopped(row: models.Funnel, question: FunnelQuestion, step: int) -> ApiCall:
    """The call that lists all who came to the step and no further."""
    return ApiCall(
        endpoint="funnel_sessions",
        question=FunnelSessionsQuery(
            site=question.site,
            period=(question.period.start, question.period.end),
            filters=write_filters(question.filters),
            funnel=row.name,
            step=step,
            limit=MAX_LIMIT,
        ),
    )
