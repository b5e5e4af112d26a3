"""A server as a person starts it: the command, a folder, a port, and what it prints."""

import json
import re
import sqlite3
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPMessage
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec
from playwright.sync_api import Page

from liveinsight.core.event import Event
from liveinsight.data_dir import DataDir
from liveinsight.store.archive import Archive
from tests.browser_fixtures import USER_AGENT
from tests.cli.running import COMMAND, output_of
from tests.waiting import PATIENCE_S

OFTEN: Final = {"LIVEINSIGHT_AWS_ARCHIVE_SECONDS": "1"}
"""For a server with --aws: it looks for news every second instead of every ten."""
NAME = "ada"
PASSWORD = "a long walk along the shore"

_LINK = re.compile(r"this link works once\): (\S+)")
_ADDRESS = re.compile(r" is on (http://\S+?)/?\s")
_read_events = msgspec.json.Decoder(Event).decode_lines


@dataclass(frozen=True)
class Server:
    """A running server; `printed` is what it said before it was ready."""

    process: "subprocess.Popen[str]"
    data: Path
    printed: str

    @property
    def address(self) -> str:
        """Where it is, without a slash at the end."""
        found = _ADDRESS.search(self.printed)
        assert found is not None, self.printed
        return found.group(1)

    @property
    def setup_link(self) -> str:
        """The one-time link to the first account."""
        found = _LINK.search(self.printed)
        assert found is not None, self.printed
        return found.group(1)

    @property
    def port(self) -> int:
        port = urlsplit(self.address).port
        assert port is not None
        return port

    def add_key(self) -> str:
        """A key that reads all sites, made beside the running server."""
        told = output_of("key", "add", "--name", "test", "--data", self.data)
        return told.splitlines()[-1]

    def add_site(self, site: str, timezone: str = "UTC") -> None:
        """Configures a site beside the running server."""
        output_of("site", "add", site, "--timezone", timezone, "--data", self.data)

    def read(self, path: str, key: str) -> bytes:
        """What an address says to the holder of the key."""
        reply = request(self.port, "GET", path, {"Authorization": f"Bearer {key}"})
        assert reply.status == 200, reply
        return reply.body

    def ask(self, path: str, key: str) -> Any:
        """As `read`, decoded."""
        return json.loads(self.read(path, key))

    def total_events(self, key: str) -> int | None:
        """Events in the warehouse; None while it is being made anew."""
        path = "/api/statistics/summary/"
        reply = request(self.port, "GET", path, {"Authorization": f"Bearer {key}"})
        if reply.status == 503:
            return None
        return int(json.loads(reply.body)["total_events"])

    def stored_events(self) -> list[Event]:
        """Everything that was acknowledged, read behind the server's back."""
        folder = DataDir(self.data)
        # The inbox first: what leaves it meanwhile is in the archive by then.
        with closing(sqlite3.connect(f"file:{folder.inbox}?mode=ro", uri=True)) as file:
            rows = file.execute("select body from inbox order by seq").fetchall()
        archive = Archive(folder.archive)
        found = [e for each in archive.objects() for e in archive.read(each)]
        for (body,) in rows:
            found += _read_events(body)
        first = {(e.site, e.event_id): e for e in reversed(found)}
        return list(first.values())


@contextmanager
def running_server(
    data: Path,
    *options: str,
    port: int = 0,
    environ: Mapping[str, str] | None = None,
) -> Iterator[Server]:
    """The server from when it answers; killed at the end if it is still there."""
    command = [COMMAND, "up", "--port", str(port), "--data", str(data), *options]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={"PATH": "/usr/bin:/bin", "PYTHONUNBUFFERED": "1", **(environ or {})},
        start_new_session=True,
    ) as process:
        try:
            assert process.stdout is not None
            printed = ""
            for line in process.stdout:
                printed += line
                if line.startswith("Ctrl-C"):
                    break
            else:
                raise AssertionError(process.communicate()[1])
            yield Server(process, data, printed)
        finally:
            if process.poll() is None:
                process.kill()
            process.communicate()


@contextmanager
def server_with_site(data: Path, site: str, timezone: str = "UTC") -> Iterator[Server]:
    """A server whose one site is there from the start."""
    output_of("site", "add", site, "--timezone", timezone, "--data", data)
    with running_server(data) as server:
        yield server


@dataclass(frozen=True)
class Reply:
    """What the server answered."""

    status: int
    headers: HTTPMessage
    body: bytes

    @property
    def said(self) -> str:
        """The collector's word: `accepted`, or why not."""
        return self.headers["X-LiveInsight"] or ""


def request(
    port: int,
    method: str,
    path: str,
    headers: Mapping[str, str],
    body: bytes | None = None,
) -> Reply:
    """One request on a connection of its own."""
    with closing(HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)) as connection:
        connection.request(method, path, body, dict(headers))
        response = connection.getresponse()
        return Reply(response.status, response.headers, response.read())


def send(server: Server, body: object, user_agent: str = USER_AGENT) -> Reply:
    """Posts to the collector as a browser does; bytes go as they are."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"Content-Type": "text/plain", "User-Agent": user_agent}
    return request(server.port, "POST", "/events", headers, data)


def create_account(page: Page, server: Server) -> None:
    """Opens the printed link and makes the first account, which is then signed in."""
    page.goto(server.setup_link)
    page.fill("[name=username]", NAME)
    page.fill("[name=password]", PASSWORD)
    page.get_by_role("button", name="Create account").click()
    page.wait_for_url(re.compile(rf"^{re.escape(server.address)}/(sites/add/)?$"))


def sign_in(page: Page, server: Server) -> None:
    """Signs in with the account of `create_account`."""
    page.goto(f"{server.address}/accounts/sign-in/")
    page.fill("[name=username]", NAME)
    page.fill("[name=password]", PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{server.address}/")
