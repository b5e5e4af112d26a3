"""A live page that is open while a benchmark runs: an account, its stream, read."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Page:
    """An open live page."""

    def backlog(self) -> int:
        """Durable events that are not yet applied, as the stream said last."""
        return 0


@contextmanager
def open_live_page(port: int, folder: Path, site: str) -> Iterator[Page]:
    """A live page of `site`, read in the background until the block ends."""
    yield Page()
