"""How often somebody may try to sign in; kept in memory, bounded."""

import threading
from collections import OrderedDict
from typing import Final

import msgspec

from liveinsight.core import limits

WINDOW: Final = 15 * limits.MINUTE
TRIES_PER_ADDRESS: Final = 10
TRIES_PER_NAME: Final = 50
"""Higher, so that a stranger cannot lock an owner out with a few tries."""
MAX_ENTRIES: Final = 10_000


class Tries(msgspec.Struct):
    """The tries since `since` (ms)."""

    since: int
    count: int = 0


class Throttle:
    """Counts tries by key in a window; the oldest keys are forgotten first."""

    def __init__(self, max_entries: int = MAX_ENTRIES) -> None:
        self.max_entries = max_entries
        self.tries: OrderedDict[tuple[str, str], Tries] = OrderedDict()
        self.lock = threading.Lock()

    def wait_ms(self, address: str, name: str, now: int) -> int:
        """Counts a try, before the password is looked at; 0 is "go on", else ms to wait."""
        with self.lock:
            return max(
                self.count(("address", neighbourhood(address)), TRIES_PER_ADDRESS, now),
                self.count(("name", name.casefold()[:150]), TRIES_PER_NAME, now),
            )

    def count(self, key: tuple[str, str], allowed: int, now: int) -> int:
        """One try more for `key`; the ms until it may go on."""
        tries = self.tries.get(key)
        if tries is None or now - tries.since >= WINDOW:
            tries = self.tries[key] = Tries(since=now)
        self.tries.move_to_end(key)
        while len(self.tries) > self.max_entries:
            self.tries.popitem(last=False)
        tries.count += 1
        return tries.since + WINDOW - now if tries.count > allowed else 0

    def forgive(self, address: str, name: str) -> None:
        """The password was right."""
        with self.lock:
            self.tries.pop(("address", neighbourhood(address)), None)
            self.tries.pop(("name", name.casefold()[:150]), None)


def neighbourhood(address: str) -> str:
    """The address; of IPv6 the /64, which one household or server commands."""
    if address.count(":") < 2:  # IPv4
        return address
    return ":".join(address.split(":")[:4])
