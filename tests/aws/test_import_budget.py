"""What the door loads before its first answer; how long that takes, bench.lambda says."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.aws.lambda_runtime import environment_of_function, link_runtime
from tests.collect.proxy_events import a_proxy_event

HANDLER = "liveinsight.collect.lambda_handler.handler"

NOT_LOADED = {
    *("asyncio", "boto3", "click", "django", "duckdb", "httptools", "sqlglot"),
    *("unittest", "uvicorn", "uvloop", "yaml", "zoneinfo"),
}
MODULES = 100
"""Beyond those that boto3 loads to make one client. Measured: 79."""

DOOR = """
import json, sys
from liveinsight.collect.lambda_handler import handler
class Context:
    aws_request_id = "1"
    def get_remaining_time_in_millis(self): return 1000
event = json.loads(sys.stdin.read())
assert handler(event, Context())["statusCode"] == 400
print(json.dumps(sorted(sys.modules)))
"""
"""With a first user agent parsed, and an answer that needs no call."""
CLIENT = """
import json, sys
import boto3
boto3.client("dynamodb")
print(json.dumps(sorted(sys.modules)))
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

    def run(self, program: str) -> set[str]:
        """The modules that are loaded at the end."""
        run = subprocess.run(
            [sys.executable, "-S", "-c", program],
            env=self._environ,
            input=self._input,
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        )
        return set(json.loads(run.stdout.splitlines()[-1]))


@pytest.fixture
def process(host_package: Path, tmp_path: Path) -> Process:
    return Process(host_package, tmp_path)


def test_the_door_loads_no_event_loop_engine_or_framework(process: Process) -> None:
    modules = process.run(DOOR)
    assert "liveinsight.store.dynamodb.store" in modules
    assert modules & NOT_LOADED == set()
    assert len(modules - process.run(CLIENT)) < MODULES
