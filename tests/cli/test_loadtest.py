"""liveinsight loadtest, as a person calls it."""

import json
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from liveinsight.collect.asgi import CollectorApp
from liveinsight.collect.door import Door
from tests.cli.running import COMMAND, run_command
from tests.collect.builders import MemoryStore
from tests.serving import serving
from tests.waiting import PATIENCE_S


@contextmanager
def a_collector() -> Iterator[str]:
    app = CollectorApp(MemoryStore(), Door(), lambda: time.time_ns() // 1_000_000)
    with serving(app) as url:
        yield url


def test_the_report_is_one_json_document_and_progress_is_beside_it() -> None:
    with a_collector() as url:
        run = run_command(
            "loadtest", url, "--rate", "20", "--seconds", "2", "--batch", "3", "--json"
        )
    assert run.returncode == 0, run.stderr
    report = json.loads(run.stdout)
    assert report["requests"] == 40
    assert report["events_accepted"] == 120
    assert report["missed"] == []
    assert "under way" in run.stderr


def test_the_words_name_statuses_outcomes_and_percentiles() -> None:
    with a_collector() as url:
        run = run_command("loadtest", url, "--rate", "20", "--seconds", "1")
    assert run.returncode == 0, run.stderr
    assert "200: 20" in run.stdout
    assert "accepted: 20" in run.stdout
    assert "p99" in run.stdout


@pytest.mark.parametrize(
    ("options", "status"),
    [
        (["--max-p99-ms", "0.001"], 3),
        (["--max-p99-ms", "60000", "--max-errors", "1%"], 0),
        (["--max-errors", "many"], 2),
        (["--batch", "101"], 2),
        (["--site", "///"], 1),
    ],
)
def test_the_status_says_how_it_went(options: list[str], status: int) -> None:
    with a_collector() as url:
        run = run_command("loadtest", url, "--rate", "10", "--seconds", "1", *options)
    assert run.returncode == status, run.stderr


def test_nobody_there_is_one_sentence() -> None:
    run = run_command("loadtest", "http://127.0.0.1:1")
    assert run.returncode == 1
    assert run.stderr.startswith("Error: no reply from http://127.0.0.1:1/events: ")
    assert run.stderr.count("\n") == 1


def test_ctrl_c_ends_it_with_the_report_of_what_was_done() -> None:
    with a_collector() as url:
        command = [COMMAND, "loadtest", url, "--seconds", "60", "--json"]
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as process:
            assert process.stderr is not None
            process.stderr.readline()
            process.send_signal(signal.SIGINT)
            output, _ = process.communicate(timeout=PATIENCE_S)
    report = json.loads(output)
    assert report["was_stopped"]
    assert 0 < report["requests"] < 1_200
    assert process.returncode == 0


def test_https_is_measured_and_its_certificate_checked(tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    make = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
    name = "-days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost"
    files = f"-keyout {key} -out {certificate}"
    command = f"{make} {name} {files}".split()
    subprocess.run(command, check=True, capture_output=True)
    app = CollectorApp(MemoryStore(), Door(), lambda: time.time_ns() // 1_000_000)
    with serving(app, tls=(certificate, key)) as url:
        words = ("loadtest", url, "--rate", "10", "--seconds", "1")
        trusting = run_command(*words, SSL_CERT_FILE=str(certificate))
        doubting = run_command(*words)
    assert trusting.returncode == 0, trusting.stderr
    assert doubting.returncode == 1
    assert "certificate verify failed" in doubting.stderr
