"""Which period a report can be compared with."""

from typing import Final

from liveinsight.core.limits import DAY
from liveinsight.core.ports import Reader
from liveinsight.dashboard.pages.periods import ChosenPeriod
from liveinsight.dashboard.pages.scope import Scope
from liveinsight.query.lists import first_event_at
from liveinsight.query.model import Period

LATE_START: Final = DAY
"""How far into the period before the first event may lie, for it to compare."""


def find_comparable(
    scope: Scope, chosen: ChosenPeriod, reader: Reader
) -> Period | None:
    """The period compared with, unless it lies before the first event."""
    if chosen.before is None:
        return None
    first = first_event_at(scope.site, reader)
    is_known = first is not None and first < chosen.before.start + LATE_START
    return chosen.before if is_known else None
