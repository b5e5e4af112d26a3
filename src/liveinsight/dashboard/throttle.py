"""How often somebody may try, or ask; kept in memory, bounded."""

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


class Counter:
    """Counts tries by key in a window (ms); the oldest keys are forgotten first."""

    def __init__(self, window: int, max_entries: int = MAX_ENTRIES) -> None:
        self.window = window
        self.max_entries = max_entries
        self.tries: OrderedDict[tuple[str, str], Tries] = OrderedDict()
        self.lock = threading.Lock()

    def count(self, key: tuple[str, str], allowed: int, now: int) -> int:
        """One try more for `key`; 0 is "go on", else the ms to wait."""
        with self.lock:
            tries = self.tries.get(key)
            if tries is None or now - tries.since >= self.window:
                tries = self.tries[key] = Tries(since=now)
            self.tries.move_to_end(key)
            while len(self.tries) > self.max_entries:
                self.tries.popitem(last=False)
            tries.count += 1
            return tries.since + self.window - now if tries.count > allowed else 0


class Throttle(Counter):
    """The tries to sign in, by address and by name."""

    def __init__(self, max_entries: int = MAX_ENTRIES) -> None:
        super().__init__(WINDOW, max_entries)

    def wait_ms(self, address: str, name: str, now: int) -> int:
        """Counts a try, before the password is looked at; 0 is "go on", else ms to wait."""
        by_address, by_name = keys_of(address, name)
        return max(
            self.count(by_address, TRIES_PER_ADDRESS, now),
            self.count(by_name, TRIES_PER_NAME, now),
        )

    def forgive(self, address: str, name: str) -> None:
        """The password was right."""
        with self.lock:
            for key in keys_of(address, name):
                self.tries.pop(key, None)


def keys_of(address: str, name: str) -> tuple[tuple[str, str], tuple[str, str]]:
    """What the tries of one form are counted by."""
    return ("address", neighbourhood(address)), ("name", name.casefold()[:150])


def neighbourhood(address: str) -> str:
    """The address; of IPv6 the /64, which one household or server commands."""
    if address.count(":") < 2:  # IPv4
        return address
    return ":".join(address.split(":")[:4])
