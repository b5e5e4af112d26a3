"""`/health/live`, `/health/ready` and `/metrics`."""

import re

from liveinsight.dashboard.health import escape
from liveinsight.dashboard.keys import add_key
from tests.dashboard.clients import Answer, an_account, nobody
from tests.dashboard.project import NOW, Line, Stats, a_server

SAMPLE = re.compile(
    r'^liveinsight_[a-z_]+(\{[a-z]+="[^"]*"(,[a-z]+="[^"]*")*\})? -?[0-9.e+-]+$'
)


def test_a_process_that_answers_is_live() -> None:
    a_server(is_ready=False)
    assert Answer(nobody().get("/health/live")).json == {"status": "live"}


def test_ready_is_200() -> None:
    answer = Answer(nobody().get("/health/ready"))
    assert (answer.status, answer.json) == (200, {"status": "ready"})


def test_not_ready_is_503() -> None:
    a_server(is_ready=False)
    answer = Answer(nobody().get("/health/ready"))
    assert answer.status == 503
    assert answer.headers["Retry-After"] == "1"


def test_metrics_are_prometheus_text() -> None:
    a_server(
        ledger=[
            Line(outcome="stored", count=3),
            Line(outcome="stored", hour=0, count=4),
            Line(site='a"b', outcome="dropped", reason="bot", count=2),
        ],
        stats=Stats(backlog_events=7, applied_through_received_at=NOW - 1_500),
    )
    text = an_account().get("/metrics").content.decode()
    samples = [line for line in text.splitlines() if not line.startswith("#")]
    assert (
        'liveinsight_events_total{site="shop.example",outcome="stored",reason=""} 7'
        in samples
    )
    assert (
        r'liveinsight_events_total{site="a\"b",outcome="dropped",reason="bot"} 2'
        in samples
    )
    assert "liveinsight_backlog_events 7" in samples
    assert "liveinsight_freshness_seconds 1.5" in samples
    assert all(SAMPLE.match(line.replace(r"\"", "")) for line in samples)
    memory = next(line for line in samples if "resident_bytes" in line)
    assert float(memory.split()[1]) > 10_000_000


def test_metrics_open_to_a_key_that_reads_all_sites_only() -> None:
    def status_of(key: str) -> int:
        headers = {"Authorization": f"Bearer {key}"}
        return nobody().get("/metrics", headers=headers).status_code

    assert status_of(add_key("scraper")) == 200
    assert status_of(add_key("one site", "shop.example")) == 403
    assert status_of("li_wrong") == 401


def test_label_values_are_escaped() -> None:
    assert escape('a"b\\c\nd') == r"a\"b\\c\nd"
