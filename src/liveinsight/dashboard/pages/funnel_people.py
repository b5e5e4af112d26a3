"""Who came to a step of a funnel and no further, as listed."""

from typing import Final

import msgspec
from django.http import QueryDict

from liveinsight.core.ports import Reader
from liveinsight.dashboard.pages.address import change_query
from liveinsight.query.funnel import FunnelQuestion
from liveinsight.query.funnel_visits import Stopped, list_stopped

STOPPED: Final = 20
"""Sessions of one page of the list."""


class StoppedView(msgspec.Struct, frozen=True, kw_only=True):
    """Those who came to a step and no further."""

    step: int
    name: str
    is_last: bool
    found: Stopped
    later: str
    """The address of the next ones; "" where these are the last."""
    close: str


def ask_stopped(
    query: QueryDict, question: FunnelQuestion, reader: Reader
) -> StoppedView | None:
    """Those whom the address asks for, if it does.

    Raises:
        QueryError: there is no such step.
    """
    asked = query.get("stopped")
    if not asked:
        return None
    step, skip = read_whole(asked), read_whole(query.get("skip") or "0")
    some = msgspec.structs.replace(
        question, dimension=None, limit=STOPPED, offset=skip, compare=None
    )
    found = list_stopped(some, step, reader)
    if skip and not found.visits:  # another filter has left fewer
        skip = 0
        some = msgspec.structs.replace(some, offset=0)
        found = list_stopped(some, step, reader)
    shown = skip + len(found.visits)
    return StoppedView(
        step=step,
        name=question.funnel.steps[step - 1].name,
        is_last=step == len(question.funnel.steps),
        found=found,
        later=change_query(query, skip=str(shown)) if shown < found.count else "",
        close=change_query(query, stopped=None, skip=None),
    )


def read_whole(text: str) -> int:
    """The number; -1, which nothing accepts, for what is none."""
    is_number = text.isascii() and text.isdigit() and len(text) < 8
    return int(text) if is_number else -1
