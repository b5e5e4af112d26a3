"""The ledger of the AWS door: counts as log lines, once they are about something durable."""

from collections.abc import Callable, Iterator

from liveinsight.core.emf import dropped_line, metric_line
from liveinsight.core.metric_names import Metric
from liveinsight.core.outcome import Outcome
from liveinsight.core.ports import Batch, Salts, Store

_METRIC_OF = {
    Outcome.RECEIVED: Metric.RECEIVED,
    Outcome.DUPLICATE: Metric.DUPLICATE,
    Outcome.REJECTED: Metric.REJECTED,
}


class CountingStore:
    """A store that counts what one request made durable; `write` writes one line."""

    def __init__(self, store: Store, write: Callable[[str], None], now: int) -> None:
        self._store = store
        self._write = write
        self._now = now

    async def record(self, batch: Batch) -> None:
        """As the store; then writes the counts."""
        await self._store.record(batch)
        for line in door_lines(batch, self._now):
            self._write(line)

    async def salts(self, now: int) -> Salts:
        """As the store."""
        return await self._store.salts(now)

    async def is_running(self, site: str, user: str, at: int) -> bool:
        """As the store."""
        return await self._store.is_running(site, user, at)

    async def session_of(
        self, site: str, user: str, at: int, proposed: str, *, sent: bool
    ) -> str:
        """As the store."""
        return await self._store.session_of(site, user, at, proposed, sent=sent)


def door_lines(batch: Batch, now: int) -> Iterator[str]:
    """The lines that say what became of a request's events."""
    counts = {Metric.ACCEPTED: len(batch.events)}
    dropped: dict[str, int] = {}
    reasons: dict[str, int] = {}
    for key, count in batch.ledger.items():
        if key.outcome is Outcome.DROPPED:
            dropped[key.reason] = dropped.get(key.reason, 0) + count
            continue
        metric = _METRIC_OF[key.outcome]
        counts[metric] = counts.get(metric, 0) + count
        if key.reason:
            name = f"{key.outcome}: {key.reason}"
            reasons[name] = reasons.get(name, 0) + count
    fields = {"reasons": reasons} if reasons else {}
    yield metric_line(counts, now, **fields)
    for reason, count in dropped.items():
        yield dropped_line(reason, count, now)
