"""A live page as a program: its key, its token, and the messages of its stream."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncGenerator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import msgspec

COMMAND = str(Path(sys.executable).with_name("liveinsight"))


class Message(msgspec.Struct, frozen=True):
    """One message of the stream; `data` is its decoded JSON."""

    event: str
    data: Any


def add_site(folder: Path, site: str) -> None:
    """Configures the site, while the server runs or before."""
    _command("site", "add", site, "--data", str(folder))


def add_key(folder: Path, name: str = "bench") -> str:
    """A new API key that reads all sites."""
    return _command("key", "add", "--name", name, "--data", str(folder)).split()[-1]


class Answer(msgspec.Struct, frozen=True):
    """An answer of the server; `data` is its decoded JSON."""

    status: int
    data: Any


def ask(port: int, path: str, key: str) -> Answer:
    """What one of the server's addresses answers to the holder of the key."""
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", path, headers={"Authorization": f"Bearer {key}"})
    response = connection.getresponse()
    answer = Answer(response.status, msgspec.json.decode(response.read()))
    connection.close()
    return answer


async def read_stream(port: int, key: str, site: str) -> AsyncGenerator[Message]:
    """The messages of a live page of `site`, as they come."""
    granted = await asyncio.to_thread(ask, port, f"/live/token?site={site}", key)
    if granted.status != 200:
        raise SystemExit(f"/live/token answered {granted}")
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**22)
    writer.write(
        f"GET /live/stream?token={granted.data['token']} HTTP/1.1\r\n"
        "host: 127.0.0.1\r\naccept: text/event-stream\r\n\r\n".encode()
    )
    try:
        head = await reader.readuntil(b"\r\n\r\n")
        if b" 200 " not in head.partition(b"\r\n")[0]:
            raise SystemExit(f"the stream answered {head[:200]!r}")
        event = ""
        # The lines that chunked encoding puts between are no field of a message.
        while line := await reader.readline():
            name, _, value = line.rstrip(b"\r\n").partition(b": ")
            if name == b"event":
                event = value.decode()
            elif name == b"data":
                yield Message(event, msgspec.json.decode(value))
    finally:
        writer.close()


def _command(*words: str) -> str:
    done = subprocess.run(
        [COMMAND, *words], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"liveinsight {words[0]}: {done.stderr}")
    return done.stdout
