"""The funnels of a site: kept as a person describes them, asked as conditions."""

from typing import Annotated, Final

import msgspec
from django.db import IntegrityError
from msgspec import Meta

from liveinsight.dashboard import models
from liveinsight.dashboard.clock import now_ms
from liveinsight.dashboard.goals import list_goals, read_definition
from liveinsight.errors import ConfigError, QueryError
from liveinsight.query.actions import Action, goal_of, where_of
from liveinsight.query.funnel import (
    LEAST_STEPS,
    LONGEST_WINDOW,
    MOST_STEPS,
    SHORTEST_WINDOW,
    Funnel,
    Sequence,
)
from liveinsight.query.model import Goal

MOST_FUNNELS: Final = 50
NAME_CHARS: Final = 100


class StepDefinition(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A step: one of the site's goals, or an action of its own."""

    name: Annotated[str, Meta(max_length=NAME_CHARS)] = ""
    """ "" is named after what it is."""
    goal: int | None = None
    """The goal's row, so that renaming it changes nothing."""
    action: Action = Action()
    """Where no goal is named."""


class FunnelDefinition(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a visitor does, step by step."""

    steps: Annotated[
        tuple[StepDefinition, ...], Meta(min_length=LEAST_STEPS, max_length=MOST_STEPS)
    ]
    sequence: Sequence = Sequence.ORDER
    window_ms: Annotated[int, Meta(ge=SHORTEST_WINDOW, le=LONGEST_WINDOW)] | None = None
    """From the first step to the last; None: all in one session."""


def list_funnels(site: str) -> list[models.Funnel]:
    """The rows, by name."""
    return list(models.Funnel.objects.filter(site=site))


def read_funnel(row: models.Funnel) -> FunnelDefinition:
    """What the row says."""
    return msgspec.convert(row.definition, FunnelDefinition)


def funnel_of(definition: FunnelDefinition, site: str) -> Funnel:
    """The funnel as a question takes it.

    Raises:
        QueryError: a step is a goal that the site has no longer.
    """
    goals = {row.pk: row for row in list_goals(site)}
    steps = []
    for index, step in enumerate(definition.steps):
        if step.goal is None:
            name = step.name or name_of_action(step.action)
            steps.append(Goal(name=name, where=where_of(step.action)))
            continue
        row = goals.get(step.goal)
        if row is None:
            raise QueryError(f"steps[{index}]", "its goal has been removed")
        steps.append(goal_of(step.name or row.name, read_definition(row)))
    return Funnel(
        steps=tuple(steps),
        sequence=definition.sequence,
        window_ms=definition.window_ms,
    )


def name_of_action(action: Action) -> str:
    """What a step without a name is called."""
    return action.page or action.event_type


def add_funnel(site: str, name: str, definition: FunnelDefinition) -> models.Funnel:
    """Adds a funnel to the site.

    Raises:
        ConfigError: the name is empty or in use; or there are MOST_FUNNELS already.
    """
    if models.Funnel.objects.filter(site=site).count() >= MOST_FUNNELS:
        raise ConfigError("a site has at most %(most)s funnels", most=MOST_FUNNELS)
    row = models.Funnel(site=site, created_at=now_ms())
    change_funnel(row, name, definition)
    return row


def change_funnel(row: models.Funnel, name: str, definition: FunnelDefinition) -> None:
    """Saves the row under this name, with this definition.

    Raises:
        ConfigError: the name is empty or in use.
    """
    name = name.strip()[:NAME_CHARS]
    if not name:
        raise ConfigError("a funnel needs a name")
    row.name = name
    row.definition = msgspec.to_builtins(definition)
    try:
        row.save()
    except IntegrityError:
        raise ConfigError("there is a funnel %(name)r already", name=name) from None
