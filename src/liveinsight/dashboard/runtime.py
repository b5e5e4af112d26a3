"""What the running server lends to the views; serve.py binds it before it listens."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from typing import Final, Protocol

import msgspec

from liveinsight.core.outcome import Sample
from liveinsight.core.ports import History, Reader
from liveinsight.core.stack_counts import StackLedger
from liveinsight.dashboard.live_hub import LiveHub
from liveinsight.imports.marks import PastImport
from liveinsight.query.once import Once
from liveinsight.store.exporter import Exporter
from liveinsight.store.person import Person


class LedgerLine(Protocol):
    """A count of the ledger. Made by store.inbox and store.warehouse."""

    @property
    def site(self) -> str:
        """The site, or the host that knocked; "" where none was found."""

    @property
    def hour(self) -> int:
        """Start of the hour of receipt, ms."""

    @property
    def outcome(self) -> str:
        """One of core.outcome.Outcome."""

    @property
    def reason(self) -> str:
        """Why; "" where there is no reason."""

    @property
    def count(self) -> int:
        """Events."""


class ApplierStats(Protocol):
    """How far the warehouse is behind the inbox. Made by store.applier."""

    @property
    def backlog_events(self) -> int:
        """Durable events that no question sees yet."""

    @property
    def applied_through_received_at(self) -> int | None:
        """Receipt of the newest applied event, ms."""

    @property
    def last_batch_ms(self) -> float:
        """How long the last batch took."""


class Timelines(Protocol):
    """Where one session or visitor is asked for as of now. Made by store.dynamodb."""

    def of_session(
        self, site: str | None, session_id: str
    ) -> AbstractContextManager[Reader]:
        """Reads the warehouse, and what has come for the session since."""

    def of_user(self, site: str | None, user: str) -> AbstractContextManager[Reader]:
        """Reads the warehouse, and what has come of the visitor since."""


class Stack(msgspec.Struct, frozen=True, kw_only=True):
    """The stack on AWS that collects, where this server does not."""

    name: str
    region: str
    snippet: Callable[[str], str]
    """What the owner of a site puts into its pages, so that they send to the stack."""
    ledger: Callable[[], StackLedger | None]
    """None while CloudWatch does not tell."""
    live_limit: Callable[[], int | None]
    """How many active sessions are shown, where there are more; else None."""
    history_through: Callable[[], int] = lambda: 0
    """When the archive was listed of which all is in the warehouse; 0 until then, ms."""


class Runtime(msgspec.Struct, frozen=True, kw_only=True):
    """The parts of the server that views ask."""

    reader: History
    """For what has been; within `one_moment` as it was at the first question."""
    present: Reader | None = None
    """For what is now, where that is known from elsewhere, too."""
    timelines: Timelines | None = None
    """For one session or visitor as of now, where the reader is behind."""
    stack: Stack | None = None
    """What collects, where it is not this server."""
    clock: Callable[[], int]
    """Now, in ms."""
    live: LiveHub
    exporter: Exporter | None = None
    """Makes files of the events."""
    imports: Callable[[], Sequence[PastImport]] = tuple
    """Those that were begun, the latest first."""
    ledger: Callable[[], Sequence[LedgerLine]]
    samples: Callable[[], Sequence[Sample]]
    """Newest last."""
    hosts: Callable[[], set[str]]
    """Hosts whose events were kept while no site was configured."""
    applier_stats: Callable[[], ApplierStats]
    rebuild_progress: Callable[[], float | None] = lambda: None
    """0-1 while the warehouse is being rebuilt."""
    demo_progress: Callable[[], float | None] = lambda: None
    """0-1 while the demo's older visits are being loaded."""
    is_ready: Callable[[], bool] = lambda: True
    """False while the server starts, drains, or refuses events."""
    pending_events: Callable[[], int] = lambda: 0
    """Events that wait for their durable commit."""
    checkpoint_ms: Callable[[], float] = lambda: 0.0
    """How long the last checkpoint held the warehouse's writer."""
    sites_changed: Callable[[], None] = lambda: None
    """Called after a page has changed the sites, so that the door knows at once."""
    erase: Callable[[Person, str], object] | None = None
    """Has a visitor erased, for the account of that name; None where only the command
    line may."""
    erasing: Callable[[], Sequence[Person]] = list
    """Who is being erased."""

    @property
    def now(self) -> Reader:
        """Where questions about the present are asked."""
        return self.present or self.reader

    def reading_session(
        self, site: str | None, session_id: str
    ) -> AbstractContextManager[Reader]:
        """Where one session is asked for."""
        if self.timelines is None:
            return nullcontext(self.reader)
        return self.timelines.of_session(site, session_id)

    def reading_user(
        self, site: str | None, user: str
    ) -> AbstractContextManager[Reader]:
        """Where one visitor is asked for."""
        if self.timelines is None:
            return nullcontext(self.reader)
        return self.timelines.of_user(site, user)


_bound: list[Runtime] = []
_at_one_moment: Final = ContextVar[Runtime | None]("at_one_moment", default=None)


def bind(runtime: Runtime) -> None:
    """Lends these parts to the views from now on."""
    _bound[:] = [runtime]


def current() -> Runtime:
    """The parts of the server that runs."""
    within = _at_one_moment.get()
    if within is not None:
        return within
    if not _bound:
        raise RuntimeError("the server has not bound its runtime")
    return _bound[0]


@contextmanager
def one_moment() -> Iterator[None]:
    """Within it the numbers agree, however much comes in: for what only reads."""
    server = current()
    with server.reader.snapshot() as moment:
        reading = msgspec.structs.replace(server, reader=Once(moment))
        token = _at_one_moment.set(reading)
        try:
            yield
        finally:
            _at_one_moment.reset(token)
