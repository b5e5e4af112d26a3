"""The command line's word with the running server."""

import asyncio
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from liveinsight.config import read_config
from liveinsight.control import LOOPBACK, Control, Progress, announce, ask_server
from liveinsight.data_dir import DataDir
from liveinsight.errors import StoreUnavailable
from tests.serving import serving


def ask(control: Control, method: str, token: str) -> tuple[int, Progress]:
    """The status and the body of an answer."""
    sent: list[MutableMapping[str, Any]] = []

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.request"}

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    scope = {"method": method, "headers": [(b"authorization", token.encode("latin-1"))]}
    asyncio.run(control(scope, receive, send))
    return sent[0]["status"], msgspec.json.decode(sent[1]["body"], type=Progress)


def a_control(begun: list[int], progress: float | None = 0.5) -> Control:
    return Control("secret", lambda: begun.append(1), lambda: progress)


@pytest.mark.parametrize("token", ["", "Bearer ", "Bearer wrong", "secret", "Bearer ß"])
def test_without_the_token_there_is_nothing_here(token: str) -> None:
    begun: list[int] = []
    assert ask(a_control(begun), "POST", token) == (404, Progress(error="not found"))
    assert begun == []


def test_post_begins_and_get_only_tells() -> None:
    begun: list[int] = []
    control = a_control(begun)
    assert ask(control, "GET", "Bearer secret") == (200, Progress(done=0.5))
    assert begun == []
    assert ask(control, "POST", "Bearer secret") == (200, Progress(done=0.5))
    assert begun == [1]


def test_a_refusal_is_told_in_words() -> None:
    def refuse() -> None:
        raise StoreUnavailable("not now")

    control = Control("secret", refuse, lambda: None)
    assert ask(control, "POST", "Bearer secret") == (200, Progress(error="not now"))


@pytest.mark.parametrize("host", sorted({"127.0.0.1", *LOOPBACK} - {"::"}))
def test_the_command_line_finds_the_server_by_its_folder(
    tmp_path: Path, host: str
) -> None:
    data = DataDir(tmp_path)
    control = Control(data.secret("control"), lambda: None, lambda: 0.25)
    with serving(control) as address:
        port = int(address.rpartition(":")[2])
        announced = announce(data, read_config({}, host=host), port)
        assert announced.stat().st_mode & 0o077 == 0
        assert ask_server(data, "GET") == Progress(done=0.25)
    with pytest.raises(StoreUnavailable):
        ask_server(data, "GET")


def test_what_a_killed_server_left_is_replaced(tmp_path: Path) -> None:
    data = DataDir(tmp_path)
    announce(data, read_config({}), 1)
    announce(data, read_config({}), 2)
    assert b'"port":2' in data.control_address.read_bytes()
    data.control_address.write_bytes(b"{")
    with pytest.raises(StoreUnavailable):
        ask_server(data, "GET")
