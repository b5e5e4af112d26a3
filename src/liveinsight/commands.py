"""What the command line can have done by a machine, whichever of the two it is."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from django.db import connection

from liveinsight.control import Command, Progress, takes
from liveinsight.dashboard import runtime
from liveinsight.dashboard.api_v1.endpoint import Caller, Endpoint
from liveinsight.dashboard.api_v1.endpoints import ENDPOINTS
from liveinsight.dashboard.exports import file_name, read_wanted
from liveinsight.dashboard.rights import Asker
from liveinsight.dashboard.sites import list_sites
from liveinsight.dashboard.totals import count_kept, save_totals
from liveinsight.imports.handover import (
    Arrival,
    Identities,
    ImportedEvents,
    ImportedTotals,
    KeptTotals,
    find_arrival,
    find_known,
    take_events,
)
from liveinsight.query.decode import decode_question
from liveinsight.store.export import AskedExport, PartOfExport, Plan
from liveinsight.store.exporter import Exporter
from liveinsight.store.inbox import Inbox
from liveinsight.store.warehouse import Warehouse


class Commanded(Protocol):
    """A machine whose warehouse can be made anew, and exported."""

    exporter: Exporter

    def begin_rebuild(self) -> None:
        """Starts the warehouse over."""

    def rebuild_progress(self) -> float | None:
        """0-1 while the warehouse is filled, else None."""


def shared_commands(machine: Commanded) -> dict[str, Command]:
    """The commands that every machine has done, by name; API v1's as `v1/NAME`."""
    return {
        **{f"v1/{each.name}": asking(each) for each in ENDPOINTS},
        "rebuild": lambda _: machine.begin_rebuild(),
        "rebuild-progress": lambda _: Progress(done=machine.rebuild_progress()),
        "sites": lambda _: list_sites(),
        "export-plan": takes(AskedExport, lambda asked: plan_export(machine, asked)),
        "export-part": takes(
            PartOfExport,
            lambda part: machine.exporter.write(part.wanted, part.window),
        ),
        "import-totals": takes(
            ImportedTotals,
            take_totals,
        ),
    }


def importing_commands(
    inbox: Inbox, whole: Callable[[], Warehouse]
) -> dict[str, Command]:
    """The commands that take in events of other times, by name.

    `whole` gives the warehouse, and raises StoreUnavailable while not all is in it.
    """
    return {
        "import-events": takes(ImportedEvents, lambda given: take_events(inbox, given)),
        "import-arrival": takes(
            Arrival, lambda asked: find_arrival(inbox, whole(), asked)
        ),
        "import-known": takes(Identities, lambda asked: find_known(whole(), asked)),
    }


def take_totals(given: ImportedTotals) -> KeptTotals:
    """How many of the totals were there already; all are kept now, if wanted."""
    there = count_kept(given.site, given.tool, given.totals)
    if not given.is_dry:
        save_totals(given.site, given.tool, given.totals)
    return KeptTotals(there=there)


def plan_export(machine: Commanded, asked: AskedExport) -> Plan:
    """What is to be exported, in parts.

    Raises:
        QueryError: there is no such site, period or format.
    """
    wanted = read_wanted(asked)
    windows = machine.exporter.plan(wanted)
    return Plan(wanted=wanted, windows=windows, name=file_name(wanted))


def asking(endpoint: Endpoint[Any, Any]) -> Command:
    """The command that asks the endpoint's question with the owner's rights."""

    def command(body: bytes) -> object:
        caller = Caller(asker=Asker(), now=runtime.current().clock())
        return endpoint.answer(caller, decode_question(body, endpoint.request))

    return command


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
