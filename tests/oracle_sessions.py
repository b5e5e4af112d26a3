"""The list of sessions, restated over plain lists."""

from collections.abc import Sequence

from liveinsight.core.event import Event
from liveinsight.query.model import Question
from tests import oracle


def expected_sessions(
    events: Sequence[Event], question: Question, search: str
) -> list[tuple[int, str, int, int]]:
    """(start, user, page views, events) of the sessions that match, sorted."""
    found = oracle.Oracle(events, question).of_sessions(question.period, ())
    return sorted(
        (
            visit.start,
            visit.events[0].user,
            len(visit.views),
            len(visit.counted),
        )
        for _, fact in found
        for visit in [fact.visit]
        if visit is not None and is_found(visit, search.lower())
    )


def is_found(visit: oracle.Visit, text: str) -> bool:
    """Whether the text is in the user's id, or in a page or title of the session."""
    return any(
        text in (word or "").lower()
        for event in visit.events
        for word in (event.user, event.page, event.page_title)
    )
