"""What the command line can have done by a machine, whichever of the two it is."""

from collections.abc import Callable, Mapping
from typing import Protocol

import msgspec
from django.db import connection

from liveinsight.control import Command


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How far long work is: 0-1, None when none runs."""

    done: float | None


class Rebuildable(Protocol):
    """A machine whose warehouse can be made anew."""

    def begin_rebuild(self) -> None:
        """Starts the warehouse over."""

    def rebuild_progress(self) -> float | None:
        """0-1 while the warehouse is filled, else None."""


def shared_commands(machine: Rebuildable) -> dict[str, Command]:
    """The commands that every machine has done, by name."""
    return {
        "rebuild": lambda _: machine.begin_rebuild(),
        "rebuild-progress": lambda _: Progress(done=machine.rebuild_progress()),
    }


def closing_database(commands: Mapping[str, Command]) -> dict[str, Command]:
    """The commands, each leaving no connection to Django's database in its thread."""
    return {name: _closing(command) for name, command in commands.items()}


def _closing(command: Command) -> Callable[[bytes], object]:
    def work(body: bytes) -> object:
        try:
            return command(body)
        finally:
            connection.close()

    return work
