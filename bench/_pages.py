"""A live page that is open while a benchmark runs: its stream, read in a thread."""

import http.client
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from bench._stream import ask


class Page(threading.Thread):
    """An open live page: reads the stream until the server or the caller ends it."""

    def __init__(self, port: int, token: str) -> None:
        super().__init__(daemon=True)
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self._connection.request("GET", f"/live/stream?token={token}")
        self._reply = self._connection.getresponse()
        self._backlog = 0
        self.messages = 0

    def run(self) -> None:
        """Reads messages; keeps the backlog that the panels say."""
        for line in iter(self._reply.readline, b""):
            if line.startswith(b"data:"):
                self.messages += 1
                if b'"backlog_events"' in line:
                    self._backlog = json.loads(line[5:])["backlog_events"]

    def backlog(self) -> int:
        """Durable events that are not yet applied, as the panels said last."""
        return self._backlog


@contextmanager
def open_live_page(port: int, key: str, site: str) -> Iterator[Page]:
    """A live page of `site`, read in the background until the block ends."""
    token = ask(port, f"/live/token?site={site}", key).data["token"]
    page = Page(port, token)
    page.start()
    yield page
