"""What a visitor does, as a person describes it: for goals and the steps of funnels."""

from typing import Annotated, Final

import msgspec
from msgspec import Meta

from liveinsight.core import limits
from liveinsight.core.event import PAGE_VIEW, Revenue
from liveinsight.query.catalog.dimensions import PROPERTY
from liveinsight.query.model import And, Filter, Goal, Operator, Where
from liveinsight.query.patterns import pattern_filter

MAX_PROPERTIES: Final = 5


class PropertyTest(msgspec.Struct, frozen=True, kw_only=True):
    """A condition on one property of the event."""

    name: Annotated[str, Meta(min_length=1, max_length=limits.PROPERTY_KEY_CHARS)]
    operator: Operator = Operator.IS
    value: Annotated[str, Meta(max_length=limits.PROPERTY_CHARS)] = ""
    """ "" is "not set"."""


class Action(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An event of this type, on a page of this pattern, with such properties."""

    event_type: Annotated[str, Meta(max_length=limits.EVENT_TYPE_CHARS)] = PAGE_VIEW
    """ "" is any type."""
    page: Annotated[str, Meta(max_length=limits.URL_CHARS)] = ""
    """See query.patterns; "" is any page."""
    properties: Annotated[
        tuple[PropertyTest, ...], Meta(max_length=MAX_PROPERTIES)
    ] = ()


def where_of(action: Action) -> Where:
    """The condition that holds for the events of the action."""
    filters: list[Where] = []
    if action.event_type:
        filters.append(Filter("event_type", Operator.IS, (action.event_type,)))
    if action.page:
        filters.append(pattern_filter(action.page))
    filters += [
        Filter(f"{PROPERTY}{each.name}", each.operator, (each.value,))
        for each in action.properties
    ]
    return filters[0] if len(filters) == 1 else And(tuple(filters))


class Definition(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a visitor does to convert; at most one of the thresholds is set."""

    action: Action = Action()
    engagement_ms: Annotated[int, Meta(ge=0, le=limits.DAY)] = 0
    """On a page of the action, in one session."""
    scroll_percent: Annotated[int, Meta(ge=0, le=100)] = 0
    value: Revenue | None = None
    """Of one conversion; None: the revenue that the event carries."""


def goal_of(name: str, definition: Definition) -> Goal:
    """The goal as a question takes it."""
    return Goal(
        name=name,
        where=where_of(definition.action),
        engagement_ms=definition.engagement_ms,
        scroll_percent=definition.scroll_percent,
        value=definition.value,
    )
