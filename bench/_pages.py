"""A live page that is open while a benchmark runs: its stream, read in a thread."""

import http.client
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_COMMAND = "from liveinsight.cli.main import main; main()"


def prepare(folder: Path, site: str) -> str:
    """A key that reads the new `site` in a data folder; the server may run."""
    _call("site", "add", site, "--data", str(folder))
    said = _call("key", "add", "--name", "bench", "--site", site, "--data", str(folder))
    return said.splitlines()[-1]


def _call(*words: str) -> str:
    command = [sys.executable, "-c", _COMMAND, *words]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return done.stdout


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
    asking = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    asking.request(
        "GET", f"/live/token?site={site}", headers={"Authorization": f"Bearer {key}"}
    )
    token = json.loads(asking.getresponse().read())["token"]
    asking.close()
    page = Page(port, token)
    page.start()
    yield page
