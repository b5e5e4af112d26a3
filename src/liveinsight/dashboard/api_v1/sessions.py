"""Sessions: which ones match, the latest first."""

from typing import Annotated, Final

import msgspec
from msgspec import Meta

from liveinsight.dashboard import runtime
from liveinsight.dashboard.api_v1.endpoint import (
    Caller,
    Endpoint,
    complete_to,
    find_subject,
)
from liveinsight.query.csv import Table
from liveinsight.query.model import Attribution
from liveinsight.query.session_list import (
    MAX_LISTED,
    MAX_SEARCH_CHARS,
    ListedSession,
    SessionCounts,
    SessionsQuestion,
    count_sessions,
    list_sessions,
)
from liveinsight.query.wire import (
    About,
    AttributionForm,
    CompareForm,
    read_compare,
)


class SessionsQuery(About, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A question for the sessions that start in the period and have a matching event."""

    search: Annotated[
        str,
        Meta(
            max_length=MAX_SEARCH_CHARS,
            description=(
                "A part of the session's or visitor's id, or of a page or its title,"
                " in any case; or in full an id that a reply gave for the session."
            ),
        ),
    ] = ""
    limit: Annotated[int, Meta(ge=1, le=MAX_LISTED, description="The most rows.")] = 50
    after: Annotated[
        str,
        Meta(
            max_length=64,
            description=(
                "The `next` of the answer before: the sessions after those. They are"
                " not counted again, so `compare` says nothing then."
            ),
        ),
    ] = ""
    compare: CompareForm = None
    attribution: AttributionForm = Attribution.SESSION


class SessionsAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Some sessions; times and durations are ms."""

    sessions: list[ListedSession]
    next: Annotated[
        str | None, Meta(description="Ask with it as `after` for more; null: no more.")
    ]
    counts: Annotated[
        SessionCounts | None,
        Meta(
            description=(
                "Of all pages, the same numbers as the metrics of these names. Only"
                " the first answer has them: null with `after`, and with a search,"
                " which is not counted."
            )
        ),
    ]
    as_of: Annotated[
        int, Meta(description="All events received up to then are counted, ms.")
    ]


def answer_sessions(caller: Caller, asked: SessionsQuery) -> SessionsAnswer:
    """The sessions that the question asks for."""
    as_of = complete_to(caller.now)
    subject = find_subject(caller, asked)
    question = SessionsQuestion(
        site=subject.site,
        period=subject.period,
        filters=subject.filters,
        goals=subject.goals,
        search=asked.search,
        limit=asked.limit,
        after=asked.after,
        compare=read_compare(asked.compare, subject),
        attribution=asked.attribution,
    )
    reader = runtime.current().reader
    page = list_sessions(question, caller.now, reader)
    return SessionsAnswer(
        sessions=page.sessions,
        next=page.next,
        counts=count_sessions(question, reader),
        as_of=as_of,
    )


def tabulate(answered: SessionsAnswer) -> Table:
    """A row for each session."""
    heads = ListedSession.__struct_fields__
    return Table(
        heads=heads,
        rows=[[getattr(each, name) for name in heads] for each in answered.sessions],
    )


SESSIONS: Final = Endpoint(
    name="sessions",
    summary="The sessions that match, the latest first.",
    request=SessionsQuery,
    response=SessionsAnswer,
    answer=answer_sessions,
    table=tabulate,
    example=SessionsQuery(
        period="7d", filters=(["is", "country", ["KR"]],), search="/cart", limit=10
    ),
)
