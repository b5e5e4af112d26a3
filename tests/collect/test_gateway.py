"""The AWS door: API Gateway's events in, its results out."""

import asyncio
import gzip
import io
import json
from typing import Any

import pytest

from liveinsight.collect.collector import collect
from liveinsight.collect.door import Door
from liveinsight.collect.gateway import ANSWER_MS, GatewayDoor, read_event, run_at_once
from liveinsight.collect.http import Reply
from liveinsight.core.outcome import Outcome
from liveinsight.core.ports import Batch
from liveinsight.core.site import Site, sites_of
from tests.collect.builders import (
    CHROME,
    GOOGLEBOT,
    NOW,
    PEER,
    MemoryStore,
    an_event,
)
from tests.collect.proxy_events import Event, LambdaContext, a_proxy_event


class TimedMemoryStore(MemoryStore):
    """Also remembers how long it was allowed to take."""

    allowed: float | None = None

    def start_request(self, remaining_ms: float) -> None:
        self.allowed = remaining_ms


class BrokenStore(TimedMemoryStore):
    """Fails with all that it knows in its error."""

    async def record(self, batch: Batch) -> None:
        del batch
        sentence = f"parameter ip of {PEER}, {CHROME}, https://shop.example/a?x=1"
        raise ValueError(sentence)


class Gateway:
    """A door with its store, asked as Lambda asks."""

    def __init__(self, store: TimedMemoryStore | None = None, **sites: Site) -> None:
        self.store = store or TimedMemoryStore()
        door = Door(sites=sites_of(sites.values()))
        self.door = GatewayDoor(self.store, door, lambda: NOW)

    def ask(self, event: object, context: LambdaContext | None = None) -> Any:
        return self.door.answer(event, context or LambdaContext())

    def send(self, body: object, user_agent: str = CHROME) -> Any:
        return self.ask(a_proxy_event(body, user_agent=user_agent))


def counts_in(lines: str) -> list[dict[str, Any]]:
    """The counts of embedded metric lines, without their frame."""
    found = []
    for line in map(json.loads, lines.splitlines()):
        (directive,) = line["_aws"]["CloudWatchMetrics"]
        assert directive["Namespace"] == "LiveInsight"
        assert line["_aws"]["Timestamp"] == NOW
        named = [metric["Name"] for metric in directive["Metrics"]]
        dimensions = [name for names in directive["Dimensions"] for name in names]
        found.append({name: line[name] for name in (*dimensions, *named)})
    return found


def test_an_event_is_stored_and_answered_with_its_ids() -> None:
    gateway = Gateway()
    result = gateway.send(an_event())
    assert result["statusCode"] == 200
    assert result["isBase64Encoded"] is False
    assert json.loads(result["body"]) == {
        "message": "Event processed successfully",
        "event_id": "evt_event-0001",
        "session_id": "sess_session-1",
        "status": "accepted",
    }
    assert [event.event_id for event in gateway.store.events] == ["evt_event-0001"]


def test_every_answer_carries_the_cors_headers() -> None:
    gateway = Gateway()
    results = [
        gateway.send(an_event()),
        gateway.send(b"nonsense"),
        gateway.ask(a_proxy_event(method="OPTIONS")),
        gateway.ask(a_proxy_event(method="DELETE")),
        gateway.ask({"no": "event of API Gateway"}),
    ]
    assert [one["statusCode"] for one in results] == [200, 400, 204, 405, 500]
    for result in results:
        headers = result["headers"]
        assert headers["Access-Control-Allow-Origin"] == "*"
        assert headers["Access-Control-Allow-Headers"] == "Content-Type"
        assert headers["Access-Control-Allow-Methods"] == "POST,OPTIONS"


def test_the_address_is_the_one_that_the_gateway_saw() -> None:
    gateway = Gateway(
        shop=Site("shop.example", excluded_addresses=(PEER,)),
        other=Site("other.example", keep_addresses=True),
    )
    dropped = json.loads(gateway.send(an_event())["body"])
    assert dropped["reason"] == "excluded_address"
    gateway.send(an_event(page_url="https://other.example/"))
    assert [event.ip for event in gateway.store.events] == [PEER]


def test_a_senders_word_about_its_country_is_not_believed() -> None:
    gateway = Gateway()
    gateway.send(an_event())
    assert [event.country for event in gateway.store.events] == [None]


@pytest.mark.parametrize(
    "event",
    [
        a_proxy_event(an_event()),
        a_proxy_event(an_event(), is_binary=False),
        a_proxy_event(an_event(page_title="서울"), is_binary=False),
        a_proxy_event({"events": [an_event(), {"page_url": "no"}]}),
        a_proxy_event(
            gzip.compress(b'{"event_id":"compressed","site":"a.example"}'),
            content_encoding="gzip",
        ),
        a_proxy_event(b"no gzip", content_encoding="gzip"),
        a_proxy_event(b"x", content_encoding="br"),
        a_proxy_event(an_event(), content_type="image/png"),
        a_proxy_event(b""),
        a_proxy_event(None),
        a_proxy_event(b"\xff\xfe"),
        a_proxy_event(b" " * (1024 * 1024 + 1)),
        a_proxy_event(an_event(), user_agent=GOOGLEBOT),
        a_proxy_event(method="GET"),
        a_proxy_event(method="OPTIONS"),
        a_proxy_event(an_event()) | {"multiValueHeaders": None},
        a_proxy_event(an_event()) | {"headers": None},
        a_proxy_event(an_event()) | {"headers": None, "multiValueHeaders": None},
        a_proxy_event(b"x") | {"body": "\ud800", "isBase64Encoded": False},
    ],
)
def test_the_answer_is_the_collectors(event: Event) -> None:
    expected = asyncio.run(collect(read_event(event), MemoryStore(), Door(), NOW))
    result = Gateway().ask(event)
    assert result["statusCode"] == expected.status
    assert result["headers"] == dict(expected.headers)
    assert result["body"].encode() == expected.body


def test_gzip_that_the_gateway_has_unpacked_is_not_unpacked_again() -> None:
    unpacked = a_proxy_event(an_event(), content_encoding="gzip")
    assert Gateway().ask(unpacked)["statusCode"] == 200


def test_a_body_that_only_says_that_it_is_gzip_is_refused() -> None:
    event = a_proxy_event(b"no gzip", content_encoding="gzip", content_length="7")
    assert Gateway().ask(event)["statusCode"] == 400


def test_headers_are_read_in_any_spelling_and_joined_when_repeated() -> None:
    event = a_proxy_event(b"") | {
        "multiValueHeaders": {
            "X-FORWARDED-for": ["192.0.2.1", "192.0.2.2"],
            "x-forwarded-for": ["192.0.2.3"],
        }
    }
    headers = read_event(event).headers
    assert headers == {"x-forwarded-for": "192.0.2.1,192.0.2.2,192.0.2.3"}


def test_the_store_gets_the_time_left_but_for_the_answer() -> None:
    gateway = Gateway()
    gateway.ask(a_proxy_event(an_event()), LambdaContext(2_000))
    assert gateway.store.allowed == 2_000 - ANSWER_MS
    gateway.ask(a_proxy_event(an_event()), LambdaContext(10))
    assert gateway.store.allowed == 0


def test_a_store_that_waits_is_our_mistake() -> None:
    async def wait() -> Reply:
        await asyncio.sleep(0)
        return Reply(200, ())

    with pytest.raises(RuntimeError, match="waited"):
        run_at_once(wait())


def test_a_busy_store_is_answered_503_and_counted(
    capsys: pytest.CaptureFixture[str],
) -> None:
    gateway = Gateway()
    gateway.store.is_full = True
    result = gateway.send(an_event())
    assert result["statusCode"] == 503
    assert int(result["headers"]["Retry-After"]) >= 1
    assert counts_in(capsys.readouterr().out) == [{"Unavailable": 1}]


def test_the_counts_of_a_request_add_up(capsys: pytest.CaptureFixture[str]) -> None:
    gateway = Gateway(shop=Site("shop.example"))
    events = [
        an_event(),
        an_event(),
        an_event(page_title="another"),
        an_event(event_id="event-0002"),
        an_event(event_id="event-0003", page_url="https://unknown.example/"),
        an_event(timestamp="soon"),
    ]
    gateway.send({"events": events})
    gateway.send(b"nonsense")
    out = capsys.readouterr().out
    assert counts_in(out) == [
        {"Received": 6, "Accepted": 2, "Duplicate": 2, "Rejected": 1},
        {"Reason": "unknown_site", "Dropped": 1},
        {"Received": 1, "Rejected": 1},
    ]
    assert json.loads(out.splitlines()[0])["reasons"] == {
        "duplicate: conflict": 1,
        "duplicate: repeated": 1,
        "rejected: timestamp": 1,
    }
    assert gateway.store.counted(Outcome.RECEIVED, site="shop.example") == 5


def test_a_usual_requests_line_is_short(capsys: pytest.CaptureFixture[str]) -> None:
    Gateway().send({"events": [an_event()]})
    assert len(capsys.readouterr().out) < 200


def test_a_mistake_of_ours_is_said_to_nobody_and_logged_without_its_text(
    capsys: pytest.CaptureFixture[str], log_lines: io.StringIO
) -> None:
    result = Gateway(BrokenStore()).send(an_event())
    logged = json.loads(log_lines.getvalue())
    assert result["statusCode"] == 500
    assert "ValueError" not in str(result)
    assert list(logged)[:3] == ["timestamp", "level", "message"]
    assert logged["exception"] == "ValueError"
    assert logged["request_id"] == LambdaContext.aws_request_id
    assert "test_gateway.py" in logged["trace"][-1]
    for secret in (PEER, "Chrome", "Mozilla", "shop.example"):
        assert secret not in log_lines.getvalue() + capsys.readouterr().out + str(
            result
        )


def test_nothing_that_is_logged_names_a_visitor(
    capsys: pytest.CaptureFixture[str], log_lines: io.StringIO
) -> None:
    gateway = Gateway(shop=Site("shop.example"))
    gateway.send(an_event())
    gateway.send(an_event(), user_agent=GOOGLEBOT)
    gateway.send({"events": [{"page_url": CHROME}, {"user_id": PEER}]})
    gateway.ask(a_proxy_event(an_event()) | {"requestContext": {"identity": PEER}})
    logged = log_lines.getvalue() + capsys.readouterr().out
    assert logged.count("\n") >= 4
    for secret in (PEER, "Mozilla", "Googlebot", "shop.example", "user-1", "session-1"):
        assert secret not in logged
