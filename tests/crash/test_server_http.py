"""What one sender does to HTTP neither fills the memory nor keeps others waiting."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.crash.servers import SITE, Server, as_request
from tests.waiting import PATIENCE_S, free_port

pytestmark = pytest.mark.crash

POST = b"POST /events HTTP/1.1\r\nHost: a.example\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
HEADERS = b"X-Header: 0123456789012345678901234567890123456789\r\n" * 1_000

FLOODS = [
    pytest.param(POST + b"X: ", b"x" * 65_536, id="a-header-without-an-end"),
    pytest.param(POST, HEADERS, id="headers-without-an-end"),
    pytest.param(b"GET /", b"x" * 65_536, id="an-address-without-an-end"),
    pytest.param(CHUNKED + b"2;", b"x" * 65_536, id="a-chunk-extension-without-an-end"),
    pytest.param(CHUNKED + b"2\r\n{}\r\n0\r\n", HEADERS, id="trailers-without-an-end"),
    pytest.param(
        b"",
        b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n" * 1_000,
        id="requests-that-wait-for-no-answer",
    ),
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    found = Server(tmp_path_factory.mktemp("http") / "data", free_port())
    found.start()
    found.wait_ready()
    assert_others_are_answered(found)
    yield found
    found.stop()


def connect(server: Server) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE_S)


def assert_others_are_answered(server: Server) -> None:
    """Another sender gets its answers."""
    request = as_request([{"site": SITE, "page_url": f"https://{SITE}/"}])
    for _ in range(5):
        with connect(server) as line:
            line.sendall(request)
            assert line.recv(100).startswith(b"HTTP/1.1 200 ")


def send_all(line: socket.socket, begin: bytes, more: bytes) -> None:
    """50 MB of it."""
    line.sendall(begin)
    for _ in range(50_000_000 // len(more)):
        line.sendall(more)


@pytest.mark.parametrize(("begin", "more"), FLOODS)
def test_a_flood_is_cut_off_and_leaves_no_memory_behind(
    server: Server, begin: bytes, more: bytes
) -> None:
    before = server.resident_mb()
    with connect(server) as line, pytest.raises(OSError, match=r"reset|Broken"):
        send_all(line, begin, more)
    assert_others_are_answered(server)
    assert server.resident_mb() < before + 30


def test_a_long_head_within_the_bound_is_taken(server: Server) -> None:
    head = b"GET /health/live HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 30_000
    with connect(server) as line:
        for first in range(0, len(head), 1_000):
            line.sendall(head[first : first + 1_000])
        line.sendall(b"\r\n\r\n")
        assert line.recv(100).startswith(b"HTTP/1.1 200 ")


def test_a_few_requests_may_come_before_the_first_answer(server: Server) -> None:
    with connect(server) as line:
        line.sendall(b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n" * 20)
        said = b""
        while said.count(b"HTTP/1.1 200 ") < 20:
            part = line.recv(65_536)
            assert part
            said += part


def test_it_ends_with_slow_requests_under_way(tmp_path: Path) -> None:
    server = Server(tmp_path / "data", free_port())
    server.start()
    server.wait_ready()
    with contextlib.ExitStack() as ends:
        lines = [ends.enter_context(connect(server)) for _ in range(400)]
        for number, line in enumerate(lines):
            if number % 4:
                line.sendall(POST + b"Content-Length: 100\r\n\r\n{"[: number * 10])
        threading.Event().wait(0.3)
        assert_others_are_answered(server)
        server.stop()
    assert server.survivors() == []
    assert "trace" not in (tmp_path / "server.log").read_text()
