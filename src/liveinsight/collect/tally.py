"""The ledger of one request: counts and samples, committed with its events."""

from liveinsight.collect.door import SampleBudget
from liveinsight.core.outcome import LedgerKey, Outcome, Sample

_SAMPLE_CHARS = 500


class Tally:
    """Counts what was received, and each end where it is decided.

    `private` are texts that no sample may hold: address and user agent.
    """

    def __init__(
        self, now: int, budget: SampleBudget, private: tuple[str, ...]
    ) -> None:
        self._now = now
        self._budget = budget
        self._private = private
        self._received: dict[str, int] = {}
        self._counts: dict[tuple[str, Outcome, str], int] = {}
        self.samples: list[Sample] = []

    @property
    def ledger(self) -> dict[LedgerKey, int]:
        """All counts so far."""
        received = Outcome.RECEIVED
        lines = {LedgerKey(site, received): n for site, n in self._received.items()}
        return lines | {LedgerKey(*key): n for key, n in self._counts.items()}

    def receive(self, site: str, count: int = 1) -> None:
        """So many decoded events more; their ends are counted when they are decided."""
        self._received[site] = self._received.get(site, 0) + count

    def count(self, site: str, outcome: Outcome, reason: str = "") -> None:
        """One event more with this outcome."""
        key = (site, outcome, reason)
        self._counts[key] = self._counts.get(key, 0) + 1

    def refuse(self, site: str, outcome: Outcome, reason: str, raw: bytes) -> None:
        """One event dropped or rejected, with a sample of what came."""
        self.count(site, outcome, reason)
        if self._budget.take(outcome, reason, self._now):
            self.samples.append(
                Sample(
                    site=site,
                    outcome=outcome,
                    reason=reason,
                    received_at=self._now,
                    text=self._sample_of(raw),
                )
            )

    def _sample_of(self, raw: bytes) -> str:
        # Cut late: an address that a cut has halved would not be found.
        text = raw[: 4 * _SAMPLE_CHARS].decode(errors="replace")
        for word in self._private:
            if word:
                text = text.replace(word, "…")
        return text.replace("\0", "�")[:_SAMPLE_CHARS]
