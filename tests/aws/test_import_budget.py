"""What the door loads before its first answer, and how long that takes."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.aws.lambda_runtime import environment_of_function, link_runtime
from tests.collect.proxy_events import a_proxy_event

HANDLER = "liveinsight.collect.lambda_handler.handler"
ROUNDS = 10

NOT_LOADED = {
    *("asyncio", "boto3", "click", "django", "duckdb", "httptools", "sqlglot"),
    *("unittest", "uvicorn", "uvloop", "yaml", "zoneinfo"),
}
MODULES = 100
"""Beyond those that boto3 loads to make one client. Measured: 79."""
OF_ONE_CLIENT = 1.5
"""Times what boto3 takes to load and make one client. Measured: 0.9 to 1.1."""

DOOR = """
import json, sys, time
from liveinsight.collect.lambda_handler import handler
class Context:
    aws_request_id = "1"
    def get_remaining_time_in_millis(self): return 1000
event = json.loads(sys.stdin.read())
assert handler(event, Context())["statusCode"] == 400
print(json.dumps([time.process_time(), sorted(sys.modules)]))
"""
"""With a first user agent parsed, and an answer that needs no call."""
CLIENT = """
import json, sys, time
import boto3
boto3.client("dynamodb")
print(json.dumps([time.process_time(), sorted(sys.modules)]))
"""
NOTHING = """
import json, sys, time
print(json.dumps([time.process_time(), sorted(sys.modules)]))
"""


class Process:
    """A Python that sees what a function sees."""

    def __init__(self, package: Path, folder: Path) -> None:
        zipfile.ZipFile(package).extractall(folder / "task")
        link_runtime(folder / "runtime")
        self._environ = environment_of_function(
            1, HANDLER, folder / "task", folder / "runtime"
        ) | {"AWS_ACCESS_KEY_ID": "nobody", "AWS_SECRET_ACCESS_KEY": "secret"}
        self._input = json.dumps(a_proxy_event(b"no JSON"))

    def run(self, program: str) -> tuple[float, set[str]]:
        """Seconds of processor time, and the modules that are loaded at the end."""
        run = subprocess.run(
            [sys.executable, "-S", "-c", program],
            env=self._environ,
            input=self._input,
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        )
        seconds, modules = json.loads(run.stdout.splitlines()[-1])
        return seconds, set(modules)


@pytest.fixture
def process(host_package: Path, tmp_path: Path) -> Process:
    return Process(host_package, tmp_path)


def test_the_door_loads_no_event_loop_engine_or_framework(process: Process) -> None:
    _, modules = process.run(DOOR)
    assert "liveinsight.store.dynamodb.store" in modules
    assert modules & NOT_LOADED == set()
    assert len(modules - process.run(CLIENT)[1]) < MODULES


def test_the_door_is_loaded_while_boto3_would_make_one_client(process: Process) -> None:
    # In turns, and the least of each: what others do at the time only adds to it.
    start, client, door = [], [], []
    for _ in range(ROUNDS):
        start.append(process.run(NOTHING)[0])
        client.append(process.run(CLIENT)[0])
        door.append(process.run(DOOR)[0])
        if min(door) - min(start) < OF_ONE_CLIENT * (min(client) - min(start)):
            return
    pytest.fail(f"door {min(door):.3f} s, client {min(client):.3f}, of it {min(start)}")
