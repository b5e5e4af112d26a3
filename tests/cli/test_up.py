"""liveinsight up, and the commands beside a running server."""

import json
import re
import signal
import socket
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from tests.cli.running import COMMAND, output_of, run_command
from tests.waiting import PATIENCE_S


@contextmanager
def running_server(data: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The process, and the address that it printed; killed if it is still there."""
    with subprocess.Popen(
        [COMMAND, "up", "--port", "0", "--data", str(data)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={"PATH": "/usr/bin:/bin", "PYTHONUNBUFFERED": "1"},
    ) as process:
        try:
            assert process.stdout is not None
            for line in process.stdout:
                found = re.search(r" is on (http://\S+?)/?\s", line)
                if found:
                    break
            else:
                raise AssertionError(process.communicate()[1])
            yield process, found.group(1)
        finally:
            if process.poll() is None:
                process.kill()
            process.communicate()


def status_of(address: str, event: dict[str, str]) -> str:
    """What the collector's header says of the event."""
    request = urllib.request.Request(
        f"{address}/events",
        json.dumps(event).encode(),
        {
            "Content-Type": "application/json",
            "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Firefox/140.0",
        },
    )
    with urllib.request.urlopen(request, timeout=PATIENCE_S) as reply:
        return str(reply.headers["X-LiveInsight"])


def test_commands_work_beside_a_running_server(tmp_path: Path) -> None:
    with running_server(tmp_path) as (_, address):
        assert status_of(address, {"site": "a.example"}) == "accepted"
        told = output_of("rebuild", "--data", tmp_path)
        assert told.splitlines()[-1] == "The running server has rebuilt the warehouse."
        key = output_of("key", "add", "--name", "k", "--data", tmp_path).split()[-1]
        request = urllib.request.Request(
            f"{address}/api/statistics/summary/?site=a.example",
            headers={"Authorization": f"Bearer {key}"},
        )
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as reply:
            assert json.load(reply)["total_events"] == 1


def test_a_second_server_on_the_same_folder_is_refused(tmp_path: Path) -> None:
    with running_server(tmp_path) as (first, _):
        second = run_command("up", "--port", "0", "--data", tmp_path)
    assert second.returncode == 1
    assert second.stderr.startswith("Error: another LiveInsight")
    assert str(first.pid) in second.stderr


def test_a_port_that_is_taken_is_one_sentence(tmp_path: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        run = run_command("up", "--port", str(port), "--data", tmp_path)
    assert run.returncode == 1
    assert re.fullmatch(rf"Error: .*{port}.*\n", run.stderr)


def test_sigterm_ends_it_without_a_word(
    tmp_path: Path,
) -> None:
    with running_server(tmp_path) as (process, address):
        assert status_of(address, {"site": "a.example"}) == "accepted"
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0
    assert errors == ""
