"""The real server as a process, and senders that never give up an event."""

import asyncio
import contextlib
import itertools
import json
import os
import signal
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from random import Random
from typing import Final

import msgspec

from tests.cli.running import COMMAND, output_of
from tests.waiting import PATIENCE_S, wait_until

SITE: Final = "a.example"
AGENT: Final = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


class Server:
    """`liveinsight up` on a folder; started in a session of its own."""

    def __init__(self, data: Path, port: int, **settings: str) -> None:
        self.data = data
        self.port = port
        self.settings = {f"LIVEINSIGHT_{k.upper()}": v for k, v in settings.items()}
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """The process of the last start."""
        assert self.process is not None
        return self.process.pid

    def start(self) -> None:
        """Begins; returns at once."""
        log = (self.data.parent / "server.log").open("ab")
        with log:
            self.process = subprocess.Popen(
                [COMMAND, "up", "--port", str(self.port), "--data", str(self.data)],
                stdout=subprocess.DEVNULL,
                stderr=log,
                start_new_session=True,
                env={"PATH": "/usr/bin:/bin", **self.settings},
            )

    def wait_ready(self) -> None:
        """Returns when /health/ready says 200."""
        wait_until(self.is_ready)

    def is_ready(self) -> bool:
        """Whether /health/ready says 200; the process has not ended."""
        assert self.process is not None
        try:
            return self.get("/health/ready")[0] == 200
        except OSError:
            assert self.process.poll() is None, "the server has ended"
            return False

    def get(self, path: str, **headers: str) -> tuple[int, bytes]:
        """The status and body of an answer; OSError where there is none."""
        request = urllib.request.Request(self.address + path, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE_S) as reply:
                return reply.status, reply.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read()

    def kill(self) -> None:
        """kill -9 of the process that was started, and of that one alone."""
        assert self.process is not None
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        """SIGTERM; it exits with 0."""
        assert self.process is not None
        self.process.terminate()
        assert self.process.wait(PATIENCE_S) == 0

    def survivors(self) -> list[int]:
        """The processes of its session that still run."""
        return [pid for pid in every_pid() if session_of(pid) == self.pid]

    def resident_mb(self) -> float:
        """Memory of the process now."""
        statm = Path(f"/proc/{self.pid}/statm").read_text()
        return int(statm.split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def every_pid() -> list[int]:
    """All processes of the machine."""
    return [int(each.name) for each in Path("/proc").iterdir() if each.name.isdigit()]


def session_of(pid: int) -> int | None:
    """The session of a living process; None for a dead one."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else int(fields[3])


def add_key(data: Path) -> dict[str, str]:
    """The header that opens the API."""
    key = output_of("key", "add", "--name", "test", "--data", data).split()[-1]
    return {"Authorization": f"Bearer {key}"}


def backlog_of(server: Server, key: Mapping[str, str]) -> int:
    """Events that are durable and cannot be asked for yet."""
    text = server.get("/metrics", **key)[1].decode()
    (line,) = (
        line
        for line in text.splitlines()
        if line.startswith(("liveinsight_backlog_events ",))
    )
    return int(float(line.split()[1]))


def wait_applied(server: Server, key: Mapping[str, str]) -> None:
    """Returns when all that is durable can be asked for."""
    wait_until(lambda: backlog_of(server, key) == 0, "no backlog")


def total_events(server: Server, key: Mapping[str, str]) -> int:
    """What the API says of the site since 2020."""
    path = f"/api/statistics/summary/?site={SITE}&from=2020-01-01&to=2100-01-01"
    status, body = server.get(path, **key)
    assert status == 200, body
    return int(json.loads(body)["total_events"])


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """What a reply says of one event."""

    event_id: str | None = None
    status: str


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """The body of a reply: to one event, or to a batch."""

    event_id: str | None = None
    status: str = ""
    results: tuple[Said, ...] = ()


class Senders:
    """Connections that send events, each again until it is acknowledged.

    `acknowledged` are the ids that a reply called accepted or duplicate; `sent` all
    that were ever sent.
    """

    def __init__(self, port: int, seed: int, connections: int, pause: float) -> None:
        self.port = port
        self.chance = Random(seed)  # sizes and repetitions, not a secret
        self.connections = connections
        self.pause = pause
        self.numbers = itertools.count(1)
        self.acknowledged: set[str] = set()
        self.sent: set[str] = set()
        self.statuses: dict[int, int] = {}
        self.retry_after: set[str] = set()
        self.again = 0
        self.stopping = False

    @property
    def users(self) -> set[str]:
        """Who the acknowledged events are of."""
        return {f"user-{int(each[-8:]) % 100}" for each in self.acknowledged}

    def make_events(self) -> list[dict[str, object]]:
        """One to twenty events of one user, each with its id for ever."""
        size = self.chance.choice((1, 1, 1, 2, 5, 20))
        now = time.time_ns() // 1_000_000
        return [
            {
                "event_id": f"crash-{number:08d}",
                "timestamp": now,
                "site": SITE,
                "user_id": f"user-{number % 100}",
                "page_url": f"https://{SITE}/{number % 50}",
            }
            for number in itertools.islice(self.numbers, size)
        ]

    async def run(self) -> None:
        """Sends until `stopping`, then until all that was begun is acknowledged."""
        async with asyncio.TaskGroup() as group:
            for _ in range(self.connections):
                group.create_task(self.send_on())

    async def send_on(self) -> None:
        """One sender, over as many connections as it takes."""
        line: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        while not self.stopping:
            events = self.make_events()
            self.sent.update(f"evt_{event['event_id']}" for event in events)
            request = as_request(events)
            repeats = self.chance.random() < 0.05
            while True:
                try:
                    if line is None:
                        line = await asyncio.open_connection("127.0.0.1", self.port)
                    is_taken = await self.exchange(*line, request)
                except (OSError, asyncio.IncompleteReadError):
                    close(line)
                    line, is_taken = None, False
                if is_taken and not repeats:
                    break
                repeats = repeats and not is_taken
                self.again += 1
                await asyncio.sleep(0.05)
            await asyncio.sleep(self.pause * self.chance.random())
        close(line)

    async def exchange(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        request: bytes,
    ) -> bool:
        """Whether all events of the request are acknowledged."""
        writer.write(request)
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        status = int(head.split(" ", 2)[1])
        length = int(head.partition("content-length: ")[2].partition("\r")[0])
        body = await reader.readexactly(length)
        self.statuses[status] = self.statuses.get(status, 0) + 1
        if status != 200:
            assert status == 503, body
            self.retry_after.add(head.partition("retry-after: ")[2].partition("\r")[0])
            return False
        answer = msgspec.json.decode(body, type=Answer)
        told = answer.results or (Said(event_id=answer.event_id, status=answer.status),)
        for said in told:
            assert said.status in {"accepted", "duplicate"}, body
            assert said.event_id is not None
            self.acknowledged.add(said.event_id)
        return True


@contextlib.contextmanager
def sending(senders: Senders) -> Iterator[None]:
    """Sends beside the block; after it all that was begun is acknowledged."""
    thread = threading.Thread(target=asyncio.run, args=(senders.run(),))
    thread.start()
    try:
        yield
    finally:
        senders.stopping = True
        thread.join(PATIENCE_S)
    assert not thread.is_alive()


def close(line: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None) -> None:
    """Ends a connection at once, whatever is on its way."""
    if line is not None:
        line[1].transport.abort()


def as_request(events: list[dict[str, object]]) -> bytes:
    """One event alone, or a batch, as HTTP."""
    said: object = events[0] if len(events) == 1 else {"events": events}
    body = json.dumps(said).encode()
    return (
        f"POST /events HTTP/1.1\r\nHost: {SITE}\r\nUser-Agent: {AGENT}\r\n"
        f"Content-Type: text/plain\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode() + body
