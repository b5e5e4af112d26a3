"""Why a report is empty, and what to do about it."""

from typing import Final

import msgspec
from django.http import QueryDict
from django.urls import reverse

from liveinsight.core.ports import Reader
from liveinsight.dashboard.pages.filter_bar import change_filters
from liveinsight.dashboard.pages.navigation import name_site, write_pairs
from liveinsight.dashboard.pages.periods import ChosenPeriod, day_of, write_days
from liveinsight.dashboard.pages.scope import Scope
from liveinsight.query.lists import first_event_at

NEVER: Final = "never"
FILTERS: Final = "filters"
PERIOD: Final = "period"


class Emptiness(msgspec.Struct, frozen=True, kw_only=True):
    """The reason, and the address that leads on."""

    reason: str
    """`never`, `filters` or `period`."""
    address: str
    """Of the site's snippet, without the filters, or of all days; "" for none."""
    first: int = 0
    """When the first event was, ms."""


def explain_emptiness(
    query: QueryDict, scope: Scope, chosen: ChosenPeriod, reader: Reader
) -> Emptiness:
    """Why nobody is in the report."""
    first = first_event_at(scope.site, reader)
    if first is None:
        address = reverse("live") + write_pairs(name_site(scope.site))
        return Emptiness(reason=NEVER, address="" if scope.share else address)
    if query.getlist("f"):
        return Emptiness(reason=FILTERS, address=change_filters(query, []), first=first)
    days = (day_of(first, scope.timezone), day_of(scope.now, scope.timezone))
    is_outside = not chosen.period.start <= first < chosen.period.end
    return Emptiness(
        reason=PERIOD,
        address=write_days(query, *days) if is_outside else "",
        first=first,
    )
