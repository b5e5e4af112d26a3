"""The packaged functions under AWS's runtime client, limited to 512 MB."""

import gzip
import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from liveinsight.core.limits import BODY_BYTES
from liveinsight.store.dynamodb.calls import ATTEMPTS
from liveinsight.store.dynamodb.items import event_of
from tests.aws.dynamodb_local import Database
from tests.aws.lambda_runtime import MEMORY_MB, Function, running_function
from tests.collect.builders import CHROME, PEER, an_event
from tests.collect.proxy_events import a_proxy_event

DOOR = "liveinsight.collect.lambda_handler.handler"
STREAM = "liveinsight.store.dynamodb.stream_handler.handler"
NOBODY = {
    "AWS_ACCESS_KEY_ID": "nobody",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "AWS_EC2_METADATA_DISABLED": "true",
}


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "log"


@pytest.fixture
def door(host_package: Path, dynamodb: Database, log: Path) -> Iterator[Function]:
    """The collector over empty tables."""
    with running_function(host_package, DOOR, dynamodb.environ, log=log) as function:
        yield function


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def some_events(count: int, **fields: object) -> list[dict[str, object]]:
    at = now_ms()
    return [
        an_event(event_id=f"event-{number:04d}", timestamp=at + number, **fields)
        for number in range(count)
    ]


def body_of(result: Any) -> Any:
    return json.loads(result["body"])


def test_what_it_says_is_stored_is_in_the_tables(
    door: Function, dynamodb: Database
) -> None:
    events = some_events(3)
    answer = door.call(a_proxy_event({"events": events}))
    assert not answer.is_error
    assert answer.result["statusCode"] == 200
    said = [
        (one["event_id"], one["status"]) for one in body_of(answer.result)["results"]
    ]
    assert said == [(f"evt_event-000{number}", "accepted") for number in range(3)]
    items = dynamodb.items_of(dynamodb.tables.events)
    stored = sorted((event_of(item, 0) for item in items), key=lambda e: e.timestamp)
    assert [event.event_id for event in stored] == [event_id for event_id, _ in said]
    assert {(event.browser, event.os) for event in stored} == {("Chrome", "Windows")}
    assert len(dynamodb.items_of(dynamodb.tables.active)) == 1
    assert len(dynamodb.items_of(dynamodb.tables.sessions)) == 1


def test_a_visitor_without_id_is_recognised(door: Function, dynamodb: Database) -> None:
    event = an_event(user_id=None, session_id=None, timestamp=now_ms())
    first, second = (
        body_of(door.call(a_proxy_event(event | {"event_id": event_id})).result)
        for event_id in ("event-0001", "event-0002")
    )
    assert first["session_id"] == second["session_id"]
    visitors = {
        item["visitor_id"]["S"] for item in dynamodb.items_of(dynamodb.tables.events)
    }
    assert len(visitors) == 1


def test_the_largest_requests_need_a_fraction_of_its_memory(door: Function) -> None:
    text = {f"key-{number}": "x" * 300 for number in range(25)}
    many = json.dumps({"events": some_events(100, properties=text)}).encode()
    bomb = gzip.compress(b" " * BODY_BYTES)
    too_large = b" " * (BODY_BYTES + 1)
    statuses = [
        door.call(a_proxy_event(many)).result["statusCode"],
        door.call(a_proxy_event(bomb, content_encoding="gzip")).result["statusCode"],
        door.call(a_proxy_event(too_large)).result["statusCode"],
    ]
    assert statuses == [200, 400, 413]
    assert door.peak_mb() < MEMORY_MB / 4


def test_its_log_is_json_without_visitors(door: Function, log: Path) -> None:
    door.call(a_proxy_event({"events": [*some_events(2), {"page_url": CHROME}]}))
    door.call({"Records": [PEER]})
    text = log.read_text()
    lines = [json.loads(line) for line in text.splitlines()]
    counts = [line for line in lines if "_aws" in line]
    assert [(one["Received"], one["Accepted"], one["Rejected"]) for one in counts] == [
        (3, 2, 1)
    ]
    failure = next(line for line in lines if line.get("level") == "error")
    assert list(failure)[:3] == ["timestamp", "level", "message"]
    for secret in (PEER, "Mozilla", "shop.example", "user-1", "session-1"):
        assert secret not in text


def test_a_mistake_is_answered_500_and_no_error_of_the_function(door: Function) -> None:
    answer = door.call({"Records": [PEER]})
    assert not answer.is_error
    assert answer.result["statusCode"] == 500
    assert answer.result["headers"]["Access-Control-Allow-Origin"] == "*"
    assert set(body_of(answer.result)) == {"error"}


def test_without_tables_it_answers_503_when_its_time_is_up(
    host_package: Path, log: Path
) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{closed.getsockname()[1]}"
        environ = NOBODY | {"AWS_ENDPOINT_URL_DYNAMODB": endpoint}
        with running_function(host_package, DOOR, environ, log=log) as function:
            answer = function.call(a_proxy_event(some_events(1)[0]), timeout_ms=1_000)
    assert answer.result["statusCode"] == 503
    assert int(answer.result["headers"]["Retry-After"]) >= 1
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    # It would have tried again if there had been time.
    assert ATTEMPTS not in {line.get("attempts") for line in lines}


def test_only_the_listed_sites_are_accepted(
    host_package: Path, dynamodb: Database
) -> None:
    sites = json.dumps([{"id": "shop.example", "excluded_addresses": [PEER]}])
    environ = dynamodb.environ | {"LIVEINSIGHT_SITES": sites}
    with running_function(host_package, DOOR, environ) as function:
        asked = {
            page: function.call(a_proxy_event(an_event(page_url=page))).result
            for page in ("https://shop.example/", "https://other.example/")
        }
    reasons = [body_of(result)["reason"] for result in asked.values()]
    assert reasons == ["excluded_address", "unknown_site"]
    assert dynamodb.items_of(dynamodb.tables.events) == []


def test_it_does_not_start_with_sites_that_cannot_be_read(host_package: Path) -> None:
    environ = NOBODY | {"LIVEINSIGHT_SITES": '[{"id": 1}]'}
    with (
        pytest.raises(RuntimeError, match="LIVEINSIGHT_SITES is no list of sites"),
        running_function(host_package, DOOR, environ),
    ):
        pass


def test_the_stream_function_loads_from_the_same_zip(host_package: Path) -> None:
    environ = NOBODY | {
        "ARCHIVE_BUCKET": "archive",
        "RESETTLE_QUEUE_URL": "http://127.0.0.1:1/0/resettle",
        "FAILURES_QUEUE_URL": "http://127.0.0.1:1/0/failures",
    }
    with running_function(host_package, STREAM, environ) as function:
        answer = function.call({"Records": []})
    assert not answer.is_error
