"""What the collector asks of a store, and what the query layer asks of a warehouse."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

import msgspec

from liveinsight.core.event import EncodedEvents
from liveinsight.core.outcome import LedgerKey, Sample


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """All that one request leaves behind: committed together or not at all."""

    events: EncodedEvents
    ledger: Mapping[LedgerKey, int]
    samples: Sequence[Sample] = ()


class Salts(msgspec.Struct, frozen=True):
    """128-bit salts of the UTC day and of the day before, while that one is kept."""

    today: bytes
    yesterday: bytes | None


class Store(Protocol):
    """Where accepted events become durable. Implemented by store.inbox, store.dynamodb."""

    async def record(self, batch: Batch) -> None:
        """Returns when the batch is durable.

        Raises:
            StoreUnavailable: nothing of the batch was promised.
        """

    async def salts(self, now: int) -> Salts:
        """The salts in force at `now` (ms); makes today's if there is none."""

    async def is_running(self, site: str, user: str, at: int) -> bool:
        """Whether the user has an event at most 30 minutes from `at` (ms)."""

    async def session_of(
        self, site: str, user: str, at: int, proposed: str, *, sent: bool
    ) -> str:
        """The id of the user's session at `at` (ms), which is extended to `at`.

        With `sent` it is `proposed`; else the running session's id, and
        `proposed` where none runs.
        """


class Reader(Protocol):
    """Where questions are answered. Implemented by store.warehouse, store.moment."""

    def query(
        self, sql: str, params: Sequence[object] = ()
    ) -> list[tuple[object, ...]]:
        """The rows of one select; safe to call from any thread.

        Raises:
            StoreUnavailable: the warehouse is closed or being replaced.
        """


class History(Reader, Protocol):
    """A reader whose answers can agree. Implemented by store.warehouse."""

    def snapshot(self) -> AbstractContextManager[Reader]:
        """For several questions of one thread: all are answered as of the first."""
