"""The API answers as its OpenAPI document says, whatever it is asked."""

import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from tests.cli.running import output_of
from tests.e2e.server import Server, running_server, send
from tests.waiting import wait_until

SITE = "shop.example"
CONFIG: Final = Path(__file__).with_name("schemathesis.toml")
SCHEMATHESIS: Final = str(Path(sys.executable).with_name("schemathesis"))


def fill(server: Server, key: str) -> None:
    """A few visits, so that answers have rows."""
    server.add_site(SITE, "Europe/Berlin")
    events = [
        {"site": SITE, "user_id": user, "session_id": f"sess_{user}", "page_url": url}
        for user in ("anna", "ben", "mina")
        for url in ("https://shop.example/", f"https://shop.example/{user}")
    ]
    said = send(server, {"events": events})
    assert said.status == 200, said
    wait_until(lambda: server.total_events(key) == len(events))


@pytest.mark.slow
def test_schemathesis_finds_nothing(tmp_path: Path) -> None:
    environ = {"LIVEINSIGHT_API_REQUESTS_PER_MINUTE": "1000000"}
    with running_server(tmp_path / "data", environ=environ) as server:
        key = server.add_key()
        fill(server, key)
        assert_nothing_found(server, key, tmp_path, "--phases=examples,fuzzing")
        # Every bound of every field, one by one: some 600 requests.
        assert_nothing_found(
            server, key, tmp_path, "--phases=coverage", "--include-operation-id=query"
        )
        told = output_of("query", "visitors", "--data", server.data)
        assert told == "visitors\n3\n"


def assert_nothing_found(server: Server, key: str, folder: Path, *options: str) -> None:
    """Runs schemathesis over what the server says that it can be asked."""
    run = subprocess.run(
        [
            SCHEMATHESIS,
            f"--config-file={CONFIG}",
            "run",
            f"{server.address}/api/v1/openapi.json",
            f"--header=Authorization: Bearer {key}",
            "--max-examples=8",
            "--no-color",
            *options,
        ],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    shown = [line[:400] for line in run.stdout.splitlines()]
    assert run.returncode == 0, "\n".join(shown)
