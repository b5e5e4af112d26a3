"""Has a command done by the running server, else here, on the files of its folder."""

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Protocol, TypeVar

import msgspec

from liveinsight.config.read import read_config
from liveinsight.config.settings import Config
from liveinsight.data_dir import DataDir, find_folder
from liveinsight.errors import ConfigError

if TYPE_CHECKING:
    from liveinsight.control import Command

T = TypeVar("T")
LOADING_SECONDS = 0.2
"""Between two looks at a rebuild that a start without a server has to wait for."""


class Ask(Protocol):
    """Has the command of that name done, and gives its answer."""

    def __call__(self, name: str, request: object, answer: type[T]) -> T:
        """Raises QueryError, LiveInsightError, as control.ask_server."""


@contextmanager
def asking(data: str | None) -> Iterator[Ask]:
    """The running server's ear; where none runs, a machine of this process's own.

    Both know the same commands. The folder is held as long as this machine is there.

    Raises:
        ConfigError: there is no such folder; or no server runs, and it shows a stack
            on AWS.
        StoreUnavailable: the server does not answer.
    """
    config = read_config(data=data)
    folder = find_folder(config.data_dir)
    try:
        lock = folder.lock()
    except ConfigError:
        lock = None
    if lock is None:
        yield server_of(folder)
        return
    with ExitStack() as ends:
        ends.callback(os.close, lock)
        if folder.stack.exists():
            raise ConfigError(
                f"{folder.root} shows a stack on AWS: "
                "start it with `liveinsight up --aws`, and ask again"
            )
        yield _here(ends.enter_context(own_machine(config, folder)))


@contextmanager
def own_machine(config: Config, folder: DataDir) -> "Iterator[Mapping[str, Command]]":
    """The commands of a machine over all that the folder holds; no port is open."""
    from liveinsight.app import open_app

    open_app(config, folder)
    from liveinsight.machine import Machine

    machine = Machine(config, folder)
    try:
        machine.applier.apply_waiting()
        machine.begin()
        while machine.rebuild_progress() is not None:
            time.sleep(LOADING_SECONDS)
        yield machine.commands()
    finally:
        machine.close()


def server_of(folder: DataDir) -> Ask:
    """The ear of the server that runs over the folder."""

    def ask(name: str, request: object, answer: type[T]) -> T:
        from liveinsight.control import ask_server

        return ask_server(folder, name, request, answer)

    return ask


def _here(commands: "Mapping[str, Command]") -> Ask:
    def ask(name: str, request: object, answer: type[T]) -> T:
        from liveinsight.control import answer_to, read_answer

        status, body = answer_to(commands[name], msgspec.json.encode(request))
        return read_answer(status, body, answer)

    return ask
