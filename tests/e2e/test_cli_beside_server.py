"""The command line beside a running server, and how the server ends."""

import os
import signal
import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path

import pytest

from tests.cli.running import output_of, run_command
from tests.e2e.server import Server, request, running_server, send
from tests.waiting import PATIENCE_S, wait_until

SITE = "shop.example"


def visit(server: Server, site: str, **fields: object) -> str:
    """What the collector says to an event of the site."""
    return send(server, {"site": site, "user_id": "mina", **fields}).said


def test_the_door_hears_of_sites_that_are_added_and_removed_beside_the_server(
    tmp_path: Path,
) -> None:
    with running_server(tmp_path) as server:
        assert visit(server, "other.example") == "accepted"
        server.add_site(SITE)
        refused = "dropped: unknown_site"
        wait_until(lambda: visit(server, "other.example") == refused)
        server.add_site("other.example")
        wait_until(lambda: visit(server, "other.example") == "accepted")
        output_of("site", "remove", "other.example", "--data", tmp_path)
        wait_until(lambda: visit(server, "other.example") == refused)


def test_a_key_opens_and_closes_at_once(tmp_path: Path) -> None:
    with running_server(tmp_path) as server:
        server.add_site(SITE)
        told = output_of(
            "key", "add", "--name", "one", "--site", SITE, "--data", tmp_path
        )
        headers = {"Authorization": f"Bearer {told.splitlines()[-1]}"}

        def status_of(site: str) -> int:
            path = f"/api/statistics/summary/?site={site}"
            return request(server.port, "GET", path, headers).status

        assert status_of(SITE) == 200
        assert status_of("other.example") == 403
        output_of("key", "revoke", "one", "--data", tmp_path)
        assert status_of(SITE) == 401


def test_an_account_added_beside_the_server_ends_the_one_time_link(
    tmp_path: Path,
) -> None:
    with running_server(tmp_path) as server:
        path = server.setup_link.removeprefix(server.address)
        assert request(server.port, "GET", path, {}).status == 200
        words = "a long walk along the shore\n"
        output_of("account", "add", "ada", "--data", tmp_path, stdin=words + words)
        assert request(server.port, "GET", path, {}).status == 404


def test_a_second_server_on_the_folder_changes_nothing_for_the_first(
    tmp_path: Path,
) -> None:
    with running_server(tmp_path) as server:
        second = run_command("up", "--port", "0", "--data", tmp_path)
        assert second.returncode == 1
        assert second.stdout == ""
        assert second.stderr == (
            f"Error: another LiveInsight (process {server.process.pid}) is using "
            f"{tmp_path}; stop it, or choose another folder with --data\n"
        )
        assert visit(server, SITE) == "accepted"


@contextmanager
def busy_connections(server: Server, key: str) -> Iterator[list[HTTPConnection]]:
    """Open streams, connections that were used and idle, and half a request."""
    with ExitStack() as ends:
        streams = []
        for _ in range(3):
            token = server.ask(f"/live/token?site={SITE}", key)["token"]
            stream = HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE_S)
            ends.callback(stream.close)
            stream.request("GET", f"/live/stream?token={token}")
            streams.append(stream)
        for _ in range(3):
            idle = HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE_S)
            ends.callback(idle.close)
            idle.request("GET", "/health/live")
            idle.getresponse().read()
        half = ends.enter_context(
            closing(socket.create_connection(("127.0.0.1", server.port)))
        )
        half.sendall(b"POST /events HTTP/1.1\r\nhost: x\r\ncontent-length: 99\r\n\r\n{")
        yield streams


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT], ids=lambda s: s.name)
def test_a_signal_ends_it_whoever_is_connected(
    tmp_path: Path, sign: signal.Signals
) -> None:
    with running_server(tmp_path) as server:
        server.add_site(SITE)
        key = server.add_key()
        with busy_connections(server, key) as streams:
            responses = [stream.getresponse() for stream in streams]
            assert [response.status for response in responses] == [200] * 3
            wait_until(lambda: visit(server, SITE, event_id="the_last") != "")
            server.process.send_signal(sign)
            _, errors = server.process.communicate(timeout=PATIENCE_S)
            for response in responses:
                response.read()  # the stream has an end, not a reset
        assert server.process.returncode == 0
        assert errors == ""
        assert_gone(server)
    with running_server(tmp_path) as server:
        assert server.total_events(key) == 1


def assert_gone(server: Server) -> None:
    """No process of the server's group is left, and nobody listens."""
    with pytest.raises(ProcessLookupError):
        os.killpg(server.process.pid, 0)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", server.port))


@pytest.mark.crash
def test_nothing_survives_kill_9_of_the_process_in_the_lock(tmp_path: Path) -> None:
    with running_server(tmp_path) as server:
        said = [visit(server, SITE, event_id=f"number_{n}") for n in range(20)]
        assert said == ["accepted"] * 20
        os.kill(int((tmp_path / "lock").read_text()), signal.SIGKILL)
        server.process.communicate(timeout=PATIENCE_S)
        assert_gone(server)
    with running_server(tmp_path, port=server.port) as server:
        key = server.add_key()
        wait_until(lambda: server.total_events(key) == 20)
