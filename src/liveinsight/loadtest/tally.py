"""What the requests of a load test have brought, counted as they are answered."""

import math
from array import array
from collections import Counter
from collections.abc import Sequence
from typing import Final

import msgspec

from liveinsight.core.outcome import Status
from liveinsight.loadtest.client import Answer

OK: Final = 200
_PLAIN: Final = frozenset({Status.ACCEPTED.value, Status.DUPLICATE.value})


class _Result(msgspec.Struct):
    status: str


class _Results(msgspec.Struct):
    results: list[_Result]


class Tally:
    """Counts and times; times are seconds from when a request was due."""

    def __init__(self) -> None:
        self.begun = 0
        self.latencies = array("d")
        """Of every request that has ended, answered or not."""
        self.lateness = array("d")
        """How long after it was due this program came to each request."""
        self.statuses: Counter[str] = Counter()
        """HTTP statuses, and `timeout`, `refused`, `lost`, `tls` where none came."""
        self.outcomes: Counter[str] = Counter()
        """Each outcome that X-LiveInsight named, in how many replies."""
        self.accepted = 0
        """Events."""
        self.errors = 0
        """Requests not all of whose events were taken."""

    @property
    def ended(self) -> int:
        """Requests that were answered or given up."""
        return len(self.latencies)

    def add(self, answer: Answer, events: int, seconds: float) -> None:
        """Counts a reply."""
        self.latencies.append(seconds)
        self.statuses[str(answer.status)] += 1
        named = [name.strip() for name in (answer.outcome or "").split(",")]
        self.outcomes.update(name for name in named if name)
        if answer.status != OK or not _PLAIN.issuperset(named):
            self.errors += 1
        if answer.status == OK:
            self.accepted += count_accepted(answer, events)

    def add_failure(self, name: str, seconds: float) -> None:
        """Counts a request without a reply."""
        self.latencies.append(seconds)
        self.statuses[name] += 1
        self.errors += 1


def count_accepted(answer: Answer, events: int) -> int:
    """How many of the `events` of a request its reply reports accepted."""
    if answer.outcome in _PLAIN:
        return events if answer.outcome == Status.ACCEPTED else 0
    try:
        results = msgspec.json.decode(answer.body, type=_Results).results
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return 0
    return sum(result.status == Status.ACCEPTED for result in results)


def percentile(ordered: Sequence[float], share: float) -> float:
    """The smallest of `ordered` that is not exceeded by `share` of them; 0 of none."""
    if not ordered:
        return 0.0
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]
