"""What the running server lends to the views; serve.py binds it before it listens."""

from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec

from liveinsight.core.outcome import Sample
from liveinsight.core.ports import Reader
from liveinsight.dashboard.live_hub import LiveHub


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


class Runtime(msgspec.Struct, frozen=True, kw_only=True):
    """The parts of the server that views ask."""

    reader: Reader
    clock: Callable[[], int]
    """Now, in ms."""
    live: LiveHub
    ledger: Callable[[], Sequence[LedgerLine]]
    samples: Callable[[], Sequence[Sample]]
    """Newest last."""
    hosts: Callable[[], set[str]]
    """Hosts whose events were kept while no site was configured."""
    applier_stats: Callable[[], ApplierStats]
    rebuild_progress: Callable[[], float | None] = lambda: None
    """0-1 while the warehouse is being rebuilt."""
    is_ready: Callable[[], bool] = lambda: True
    """False while the server starts, drains, or refuses events."""
    pending_events: Callable[[], int] = lambda: 0
    """Events that wait for their durable commit."""
    checkpoint_ms: Callable[[], float] = lambda: 0.0
    """How long the last checkpoint held the warehouse's writer."""
    sites_changed: Callable[[], None] = lambda: None
    """Called after a page has changed the sites, so that the door knows at once."""


_bound: list[Runtime] = []


def bind(runtime: Runtime) -> None:
    """Lends these parts to the views from now on."""
    _bound[:] = [runtime]


def current() -> Runtime:
    """The parts of the server that runs."""
    if not _bound:
        raise RuntimeError("the server has not bound its runtime")
    return _bound[0]
