"""A function as Lambda runs it: AWS's own runtime client against a Runtime API server.

The process sees the packaged code and what the runtime brings (boto3 and the client),
nothing else of this environment; its memory is limited as the function's.
"""

import contextlib
import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import distribution
from pathlib import Path
from typing import Any, Final

import msgspec

from tests.waiting import PATIENCE_S

MEMORY_MB: Final = 512
_VERSION: Final = "2018-06-01"
_RUNTIME: Final = (
    *("awslambdaric", "simplejson", "snapshot-restore-py", "boto3", "botocore"),
    *("s3transfer", "jmespath", "urllib3", "python-dateutil", "six"),
)
_ARN: Final = "arn:aws:lambda:ap-northeast-2:123456789012:function:collector"

Wrap = Callable[[list[str]], list[str]]
"""The command that runs a command, under more limits."""


class Answer(msgspec.Struct, frozen=True):
    """What the function gave back for one event."""

    result: Any
    is_error: bool
    seconds: float
    """From the event's hand-over to its result, on the server's clock."""


class Function:
    """One process of a function that waits for events."""

    def __init__(self, api: "RuntimeApi", process: "subprocess.Popen[bytes]") -> None:
        self._api = api
        self._process = process

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def init_seconds(self) -> float:
        """From the process's start until it asked for its first event."""
        return self._api.first_next - self._api.started

    def call(self, event: object, timeout_ms: int = PATIENCE_S * 1_000) -> Answer:
        """Has the function answer one event."""
        return self._api.call(event, timeout_ms)

    def cpu_seconds(self) -> float:
        """Processor time of the process's threads that are alive."""
        tasks = Path(f"/proc/{self.pid}/task").glob("*/schedstat")
        return sum(int(task.read_text().split()[0]) for task in tasks) / 1e9

    def peak_mb(self) -> float:
        """The most memory that was resident."""
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        peak = next(line for line in lines if line.startswith("VmHWM:"))
        return int(peak.split()[1]) / 1024


class RuntimeApi(ThreadingHTTPServer):
    """Lambda's Runtime API, as far as a Python function uses it.

    Source: AWS, "Using the Lambda runtime API for custom runtimes".
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.events: queue.Queue[tuple[str, bytes, int]] = queue.Queue()
        self.answers: queue.Queue[tuple[str, bytes, bool, float]] = queue.Queue()
        self.given_at = 0.0
        self.started = 0.0
        self.first_next = 0.0
        self.is_ready = threading.Event()
        self.failure: str | None = None
        self._calls = 0

    def call(self, event: object, timeout_ms: int) -> Answer:
        self._calls += 1
        call_id = f"00000000-0000-4000-8000-{self._calls:012d}"
        deadline = time.time_ns() // 1_000_000 + timeout_ms
        self.events.put((call_id, json.dumps(event).encode(), deadline))
        answered, body, is_error, at = self.answers.get(timeout=PATIENCE_S)
        assert answered == call_id
        return Answer(json.loads(body), is_error, at - self.given_at)

    def handle_error(self, request: object, client_address: object) -> None:
        """A function that is ended closes its connection: no mistake."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]

    def fail(self, reason: str) -> None:
        self.failure = reason
        self.is_ready.set()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: RuntimeApi

    def log_message(self, *arguments: object) -> None:
        pass

    def do_GET(self) -> None:
        server = self.server
        if not server.is_ready.is_set():
            server.first_next = time.monotonic()
            server.is_ready.set()
        call_id, body, deadline = server.events.get()
        self.send_response(200)
        self.send_header("Lambda-Runtime-Aws-Request-Id", call_id)
        self.send_header("Lambda-Runtime-Deadline-Ms", str(deadline))
        self.send_header("Lambda-Runtime-Invoked-Function-Arn", _ARN)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        server.given_at = time.monotonic()
        self.wfile.write(body)

    def do_POST(self) -> None:
        at = time.monotonic()
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(202)
        self.send_header("Content-Length", "0")
        self.end_headers()
        *_, place, end = self.path.split("/")
        if place == "init":
            self.server.fail(body.decode())
        else:
            self.server.answers.put((place, body, end == "error", at))


@contextlib.contextmanager
def running_function(
    package: Path,
    handler: str,
    environ: Mapping[str, str],
    *,
    wrap: Wrap = lambda command: command,
    log: Path | None = None,
) -> Iterator[Function]:
    """A process that has loaded `handler` from a zip; `log` takes its output.

    Raises:
        RuntimeError: it did not load; says why.
    """
    with tempfile.TemporaryDirectory() as folder, RuntimeApi() as api:
        task, runtime = Path(folder, "task"), Path(folder, "runtime")
        zipfile.ZipFile(package).extractall(task)
        link_runtime(runtime)
        thread = threading.Thread(target=api.serve_forever, daemon=True)
        thread.start()
        # Private memory: threads reserve much more address space than they use.
        limit = f'ulimit -d {MEMORY_MB * 1024}; exec "$@"'
        python = [sys.executable, "-S", "-m", "awslambdaric", handler]
        environment = environment_of_function(api.server_port, handler, task, runtime)
        output = (log or Path(folder, "log")).open("wb")
        api.started = time.monotonic()
        process = subprocess.Popen(
            wrap(["/bin/sh", "-c", limit, "sh", *python]),
            cwd=task,
            env=environment | dict(environ),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
        try:
            _wait_until_ready(api, process, Path(output.name))
            yield Function(api, process)
        finally:
            process.kill()
            process.wait()
            output.close()
            api.shutdown()
            thread.join()


def _wait_until_ready(
    api: RuntimeApi, process: "subprocess.Popen[bytes]", log: Path
) -> None:
    ends_at = time.monotonic() + PATIENCE_S
    while not api.is_ready.wait(0.01):
        if process.poll() is not None or time.monotonic() > ends_at:
            raise RuntimeError(f"the function did not start:\n{log.read_text()}")
    if api.failure is not None:
        raise RuntimeError(f"the function did not load: {api.failure}")


def environment_of_function(
    port: int, handler: str, task: Path, runtime: Path
) -> dict[str, str]:
    """What Lambda sets, and nothing of this process's environment but the PATH."""
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": f"{task}{os.pathsep}{runtime}",
        "PYTHONDONTWRITEBYTECODE": "1",
        "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{port}",
        "AWS_LAMBDA_FUNCTION_NAME": "collector",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(MEMORY_MB),
        "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/collector",
        "AWS_LAMBDA_LOG_STREAM_NAME": "2026/11/22/[$LATEST]0",
        "AWS_LAMBDA_LOG_FORMAT": "JSON",
        "AWS_REGION": "ap-northeast-2",
        "AWS_DEFAULT_REGION": "ap-northeast-2",
        "LAMBDA_TASK_ROOT": str(task),
        "_HANDLER": handler,
        "TZ": ":UTC",
    }


def link_runtime(folder: Path) -> None:
    """Makes `folder` hold what Lambda's Python runtime brings."""
    folder.mkdir()
    for name in _RUNTIME:
        files = distribution(name).files or []
        for entry in {file.parts[0] for file in files} - {"..", "__pycache__"}:
            (folder / entry).symlink_to(str(distribution(name).locate_file(entry)))
