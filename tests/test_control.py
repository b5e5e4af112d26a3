"""The command line's word with the running server."""

import asyncio
import threading
from collections.abc import Callable, MutableMapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from liveinsight.config.read import read_config
from liveinsight.control import (
    BODY_BYTES,
    LOOPBACK,
    Control,
    announce,
    ask_server,
    takes,
)
from liveinsight.data_dir import DataDir
from liveinsight.errors import LiveInsightError, QueryError, StoreUnavailable
from tests.serving import serving

SECRET = "Bearer secret"


class Count(msgspec.Struct, frozen=True):
    """What the command of these tests takes, and gives back."""

    number: int


def double(count: Count) -> Count:
    return Count(count.number * 2)


def ask(
    control: Control,
    token: str = SECRET,
    path: str = "/control/double",
    method: str = "POST",
    body: bytes = b'{"number": 4}',
) -> tuple[int, Any]:
    """The status and the body of an answer."""
    sent: list[MutableMapping[str, Any]] = []

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.request", "body": body}

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    scope = {
        "method": method,
        "path": path,
        "headers": [(b"authorization", token.encode("latin-1"))],
    }
    asyncio.run(control(scope, receive, send))
    return sent[0]["status"], msgspec.json.decode(sent[1]["body"])


def a_control(work: Callable[[Count], object] = double) -> Control:
    return Control("secret", {"double": takes(Count, work)})


def test_a_command_takes_json_and_answers_with_json() -> None:
    assert ask(a_control()) == (200, {"number": 8})


@pytest.mark.parametrize(
    "wrong",
    [
        *({"token": each} for each in ("", "Bearer ", "Bearer no", "secret", "ß")),
        {"path": "/control/other"},
        {"path": "/control/"},
        {"method": "GET"},
    ],
    ids=str,
)
def test_without_token_and_name_nothing_is_done(wrong: dict[str, Any]) -> None:
    done: list[Count] = []
    status, said = ask(a_control(done.append), **wrong)
    assert (status, said["error"]["reason"]) == (404, "not found")
    assert done == []


@pytest.mark.parametrize("body", [b"", b"{", b'{"number": "x"}', b"[]", b"\xff"])
def test_what_cannot_be_read_is_refused(body: bytes) -> None:
    status, said = ask(a_control(), body=body)
    assert (status, said["error"]["field"]) == (400, "body")


def test_more_than_a_command_can_need_is_not_read() -> None:
    assert ask(a_control(), body=b" " * (BODY_BYTES + 1))[0] == 413


def test_a_command_is_not_done_on_the_event_loop() -> None:
    threads: list[threading.Thread] = []
    ask(a_control(lambda _: threads.append(threading.current_thread())))
    assert threads[0] is not threading.main_thread()


def test_a_failure_is_logged_and_its_words_stay_here(
    caplog: pytest.LogCaptureFixture,
) -> None:
    status, said = ask(a_control(lambda count: count.number / 0))
    assert status == 500
    assert "division" not in said["error"]["reason"]
    assert "division" in caplog.text


def refuse_field(_: Count) -> None:
    raise QueryError("number", "not that one")


def refuse(_: Count) -> None:
    raise LiveInsightError("not now")


def test_what_the_server_refuses_is_raised_where_it_was_asked(tmp_path: Path) -> None:
    data = DataDir(tmp_path)
    commands = {
        "double": takes(Count, double),
        "field": takes(Count, refuse_field),
        "refuse": takes(Count, refuse),
    }
    with serving(Control(data.secret("control"), commands)) as address:
        announce(data, read_config({}), int(address.rpartition(":")[2]))
        assert ask_server(data, "double", Count(3), Count) == Count(6)
        with pytest.raises(QueryError, match="number: not that one") as caught:
            ask_server(data, "field", Count(3), Count)
        assert caught.value.field == "number"
        with pytest.raises(LiveInsightError, match="not now"):
            ask_server(data, "refuse", Count(3), Count)
        with pytest.raises(LiveInsightError, match="not found"):
            ask_server(data, "other", Count(3), Count)


@pytest.mark.parametrize("host", sorted({"127.0.0.1", *LOOPBACK} - {"::"}))
def test_the_command_line_finds_the_server_by_its_folder(
    tmp_path: Path, host: str
) -> None:
    data = DataDir(tmp_path)
    control = Control(data.secret("control"), {"double": takes(Count, double)})
    with serving(control) as address:
        port = int(address.rpartition(":")[2])
        announced = announce(data, read_config({}, host=host), port)
        assert announced.stat().st_mode & 0o077 == 0
        assert ask_server(data, "double", Count(1), Count) == Count(2)
    with pytest.raises(StoreUnavailable):
        ask_server(data, "double", Count(1), Count)


def test_what_a_killed_server_left_is_replaced(tmp_path: Path) -> None:
    data = DataDir(tmp_path)
    announce(data, read_config({}), 1)
    announce(data, read_config({}), 2)
    assert b'"port":2' in data.control_address.read_bytes()
    data.control_address.write_bytes(b"{")
    with pytest.raises(StoreUnavailable):
        ask_server(data, "double", Count(1), Count)
