"""Failures of DynamoDB as AWS writes them: microburst before DynamoDB Local.

A test takes `faulty` instead of `dynamodb`: its clients go through the proxy, and
`faulty.clean` sees what really happened.
"""

import contextlib
import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import boto3
import msgspec
import pytest
from botocore.config import Config

from tests.aws.dynamodb_local import REGION, Database
from tests.waiting import PATIENCE_S, free_port, wait_until_open

_PROGRAM: Final = Path(sys.executable).with_name("microburst")
Rule = dict[str, Any]
"""A rule of microburst's: what it is about, and what goes wrong."""

THROTTLED: Final = "ProvisionedThroughputExceededException"
ANSWER_LOST: Final[Rule] = {"response": {"abort_frac": 0.0}}
"""The call is carried out, and the connection breaks before its answer."""


class Faulty(msgspec.Struct, frozen=True):
    """An account behind the proxy."""

    proxy: str
    clean: Database

    @property
    def database(self) -> Database:
        """The account as the code under test reaches it."""
        environ = self.clean.environ | {"AWS_ENDPOINT_URL_DYNAMODB": self.proxy}
        return msgspec.structs.replace(self.clean, environ=environ)

    def fail(self, **rule: Any) -> None:
        """From now on this goes wrong, and nothing else."""
        self._ask("POST", "rules", [{"service": "dynamodb", **rule}])

    def fired(self) -> int:
        """How often something has gone wrong since the test began."""
        return len(self._ask("GET", "fired?limit=100000", None))

    def reset(self) -> None:
        """Nothing goes wrong any more, and nothing has."""
        self._ask("POST", "rules", [])
        self._ask("DELETE", "fired", None)

    def _ask(self, method: str, path: str, body: object) -> Any:
        request = urllib.request.Request(
            f"{self.proxy}/_microburst/{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={} if body is None else {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
            return json.load(answer)


@contextlib.contextmanager
def running_microburst(upstream: str) -> Iterator[str]:
    """The address of a proxy before `upstream`."""
    port = free_port()
    proxy = subprocess.Popen(
        [_PROGRAM, "--upstream", upstream, "--port", str(port), "--no-resign"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_until_open(proxy, port)
        address = f"http://127.0.0.1:{port}"
        _ask_once(address)
        yield address
    finally:
        proxy.kill()
        proxy.wait()


def _ask_once(address: str) -> None:
    """The first call has it read the models of all services: seconds, on two cores."""
    client = boto3.client(
        "dynamodb",
        endpoint_url=address,
        region_name=REGION,
        aws_access_key_id="first",
        aws_secret_access_key="first",
        config=Config(read_timeout=PATIENCE_S, retries={"total_max_attempts": 1}),
    )
    client.list_tables()
    client.close()


@pytest.fixture(scope="session")
def microburst(dynamodb_local: str) -> Iterator[str]:
    """The address of the proxy that all tests share."""
    with running_microburst(dynamodb_local) as proxy:
        yield proxy


@pytest.fixture
def faulty(
    microburst: str, dynamodb: Database, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Faulty]:
    """Three empty tables behind the proxy; nothing goes wrong yet."""
    found = Faulty(microburst, dynamodb)
    found.reset()
    monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", microburst)
    yield found
    found.reset()
