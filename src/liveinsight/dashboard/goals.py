"""The goals of a site: kept as a person describes them, asked as conditions."""

from typing import Final

import msgspec
from django.db import IntegrityError

from liveinsight.core.event import CONVERSION
from liveinsight.dashboard import models
from liveinsight.dashboard.clock import now_ms
from liveinsight.errors import ConfigError
from liveinsight.query.actions import Definition, goal_of
from liveinsight.query.model import Goal

BUILT_IN: Final = CONVERSION
"""The goal that every site has."""
MOST_GOALS: Final = 50
NAME_CHARS: Final = 100


def load_goals(site: str) -> tuple[Goal, ...]:
    """The site's goals as questions take them, by name; without the built-in one."""
    return tuple(goal_of(row.name, read_definition(row)) for row in list_goals(site))


def list_goals(site: str) -> list[models.Goal]:
    """The rows, by name."""
    return list(models.Goal.objects.filter(site=site))


def read_definition(row: models.Goal) -> Definition:
    """What the row says."""
    return msgspec.convert(row.definition, Definition)


def add_goal(site: str, name: str, definition: Definition) -> models.Goal:
    """Adds a goal to the site.

    Raises:
        ConfigError: the name is empty, in use or the built-in one; or there are
            MOST_GOALS already.
    """
    if models.Goal.objects.filter(site=site).count() >= MOST_GOALS:
        raise ConfigError("a site has at most %(most)s goals", most=MOST_GOALS)
    row = models.Goal(site=site, created_at=now_ms())
    change_goal(row, name, definition)
    return row


def change_goal(row: models.Goal, name: str, definition: Definition) -> None:
    """Saves the row under this name, with this definition.

    Raises:
        ConfigError: the name is empty, in use or the built-in one.
    """
    name = name.strip()[:NAME_CHARS]
    if not name or name == BUILT_IN:
        raise ConfigError(
            "a goal needs a name of its own, other than %(name)r", name=BUILT_IN
        )
    row.name = name
    row.definition = msgspec.to_builtins(definition)
    try:
        row.save()
    except IntegrityError:
        raise ConfigError("there is a goal %(name)r already", name=name) from None
