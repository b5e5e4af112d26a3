"""The longest stall of a server's event loop, seen by a 5 ms timer inside it.

`watch_servers(path)` is called in the server's process before uvicorn starts; the
longest stall since the file was last emptied is written to it as text, in ms.
"""

import asyncio
import time
from pathlib import Path

import uvicorn

TICK_S = 0.005
WRITE_S = 0.1


def watch_servers(path: Path) -> None:
    """Makes each uvicorn server that starts from now on watch its loop."""
    start = uvicorn.Server.startup

    async def startup(self: uvicorn.Server, *args: object, **named: object) -> None:
        await start(self, *args, **named)  # type: ignore[arg-type] # passed through
        self.bench_watch = asyncio.create_task(  # type: ignore[attr-defined] # kept
            _watch(path)
        )

    uvicorn.Server.startup = startup  # type: ignore[method-assign] # the bench's hook


async def _watch(path: Path) -> None:
    longest, written_at = 0.0, 0.0
    while True:
        before = time.perf_counter()
        await asyncio.sleep(TICK_S)
        now = time.perf_counter()
        longest = max(longest, now - before - TICK_S)
        if now - written_at > WRITE_S:
            if not path.read_text("utf-8"):
                longest = 0.0
            path.write_text(f"{longest * 1000:.1f}", "utf-8")
            written_at = time.perf_counter()


def reset(path: Path) -> None:
    """Starts a new measurement."""
    path.write_text("", "utf-8")


def longest_ms(path: Path) -> float:
    """The longest stall since reset()."""
    for _ in range(100):
        time.sleep(2 * WRITE_S)
        if said := path.read_text("utf-8"):  # empty while it is being written
            return float(said)
    raise SystemExit("the server does not say how long its loop was held")
