"""What the selects over one period of a question share."""

import msgspec

from liveinsight.query.catalog.dimensions import GOAL, Dimension
from liveinsight.query.joins import Within
from liveinsight.query.model import Attribution, Where


class GoalShape(msgspec.Struct, frozen=True, kw_only=True):
    """A goal that conversions are of, its name and value as slots."""

    name: str
    where: Where
    value: str = ""
    """ "" where the event says it."""


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """What the selects over one period share."""

    name: str
    """Of the period: its slots are `name.start`, `name.end` and so on."""
    one_site: bool
    dimensions: tuple[Dimension, ...]
    conditions: tuple[Where, ...]
    entry_conditions: tuple[Where, ...]
    """The same with the entry page in place of the page."""
    audience: tuple[Where, ...]
    """The same without the goals."""
    goals: tuple[GoalShape, ...] = ()
    """That conversions are of; none: of the built-in one."""
    is_narrowed: bool = False
    """Whether the conditions keep the events of these goals alone."""
    attribution: Attribution = Attribution.SESSION
    goal: GoalShape | None = None
    """The one whose facts these are, where there is a row for each."""
    event_bucket: str = ""
    """SQL for the bucket of an event, where the dimension `time` is asked for."""
    session_bucket: str = ""

    def slot(self, name: str) -> str:
        """The slot of the period's value."""
        return f"{self.name}.{name}"

    @property
    def within(self) -> Within:
        """Where the events of the conditions' own look-ups are."""
        return Within(
            one_site=self.one_site,
            start=self.slot("start"),
            end=self.slot("end"),
            attribution=self.attribution,
        )

    @property
    def by_goal(self) -> bool:
        """Whether there is a row for each goal."""
        return any(dimension.name == GOAL for dimension in self.dimensions)
