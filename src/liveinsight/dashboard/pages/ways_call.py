"""The API calls that give the numbers of the pages of journeys and retention."""

from liveinsight.dashboard.api_v1.journeys import (
    JourneysQuery,
    ThroughForm,
    write_form,
)
from liveinsight.dashboard.api_v1.retention import RetentionQuery
from liveinsight.dashboard.pages.api_call import ApiCall
from liveinsight.dashboard.pages.scope import Scope
from liveinsight.query.journeys_model import JourneyQuestion
from liveinsight.query.retention import RetentionQuestion
from liveinsight.query.wire import write_compare, write_filters


def call_journeys(asked: JourneyQuestion, scope: Scope) -> ApiCall | None:
    """The call that answers the question; None for a shared link."""
    if scope.share is not None:
        return None
    through = asked.through
    return ApiCall(
        endpoint="journeys",
        question=JourneysQuery(
            site=asked.site,
            period=(asked.period.start, asked.period.end),
            filters=write_filters(asked.filters),
            start=None if asked.start is None else write_form(asked.start),
            direction=asked.direction,
            steps=asked.steps,
            breadth=asked.breadth,
            groups=asked.groups,
            events=asked.events,
            through=None
            if through is None
            else ThroughForm(step=through.step, place=write_form(through.place)),
            compare=write_compare(asked.compare),
        ),
    )


def call_retention(asked: RetentionQuestion, scope: Scope) -> ApiCall | None:
    """The call that answers the question; None for a shared link."""
    if scope.share is not None:
        return None
    return ApiCall(
        endpoint="retention",
        question=RetentionQuery(
            site=asked.site,
            period=(asked.period.start, asked.period.end),
            filters=write_filters(asked.filters),
            interval=asked.interval,
            returns=write_filters(asked.returns),
            compare=write_compare(asked.compare),
        ),
    )
