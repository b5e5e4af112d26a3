"""The local door: ASGI in, ASGI out."""

import asyncio
import json
from collections.abc import Iterable
from typing import Any

import pytest

from liveinsight.collect import asgi
from liveinsight.collect.asgi import CollectorApp
from liveinsight.collect.door import Door, DoorSettings
from liveinsight.core.ports import Batch
from tests.collect.builders import CHROME, NOW, PEER, MemoryStore, an_event

BODY = json.dumps(an_event()).encode()


class BrokenStore(MemoryStore):
    async def record(self, batch: Batch) -> None:
        raise RuntimeError("a secret of ours")


def whole(body: bytes) -> list[dict[str, Any]]:
    return [{"type": "http.request", "body": body, "more_body": False}]


def in_parts(body: bytes, size: int) -> list[dict[str, Any]]:
    parts = [body[at : at + size] for at in range(0, len(body), size)]
    return [
        {"type": "http.request", "body": part, "more_body": index + 1 < len(parts)}
        for index, part in enumerate(parts)
    ]


def call(
    app: CollectorApp,
    messages: Iterable[dict[str, Any]],
    *headers: tuple[bytes, bytes],
    method: str = "POST",
) -> list[dict[str, Any]]:
    """What the application sends; after the last message nothing more comes."""
    sent: list[dict[str, Any]] = []
    waiting = list(messages)

    async def receive() -> dict[str, Any]:
        if not waiting:
            await asyncio.Event().wait()
        return waiting.pop(0)

    async def send(message: Any) -> None:
        sent.append(dict(message))

    scope = {
        "type": "http",
        "method": method,
        "path": "/events",
        "headers": [(b"user-agent", CHROME.encode()), *headers],
        "client": (PEER, 5),
    }
    asyncio.run(app(scope, receive, send))
    return sent


def an_app(store: MemoryStore, **settings: Any) -> CollectorApp:
    return CollectorApp(store, Door(DoorSettings(**settings)), lambda: NOW)


@pytest.mark.parametrize(
    "messages", [whole(BODY), in_parts(BODY, 7)], ids=["one", "many"]
)
def test_a_body_may_come_in_parts(messages: list[dict[str, Any]]) -> None:
    store = MemoryStore()
    start, body = call(an_app(store), messages)
    headers = dict(start["headers"])
    assert (start["status"], len(store.events)) == (200, 1)
    assert headers[b"content-length"] == b"%d" % len(body["body"])
    assert headers[b"x-liveinsight"] == b"accepted"


def test_a_preflight_has_neither_body_nor_length() -> None:
    start, body = call(an_app(MemoryStore()), [], method="OPTIONS")
    assert (start["status"], body["body"]) == (204, b"")
    assert b"content-length" not in dict(start["headers"])


def test_a_body_that_does_not_come_is_asked_for_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(asgi, "BODY_SECONDS", 0.05)
    start, _ = call(an_app(MemoryStore()), in_parts(BODY, 7)[:2])
    assert (start["status"], dict(start["headers"])[b"retry-after"]) == (503, b"1")


def test_a_sender_that_has_gone_gets_no_answer_and_is_not_counted() -> None:
    store = MemoryStore()
    gone = [in_parts(BODY, 7)[0], {"type": "http.disconnect"}]
    assert call(an_app(store), gone) == []
    assert call(an_app(store), gone[1:]) == []
    assert not store.batches


def test_our_own_mistake_is_logged_and_not_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    start, body = call(an_app(BrokenStore()), whole(BODY))
    assert start["status"] == 500
    assert b"secret" not in body["body"]
    assert (b"access-control-allow-origin", b"*") in start["headers"]
    assert [record.message for record in caplog.records] == ["the collector failed"]


def test_forwarded_headers_that_come_twice_are_read_as_one() -> None:
    store = MemoryStore()
    app = an_app(store, trusted_proxies=(PEER, "10.0.0.0/8"))
    country = (b"cf-ipcountry", b"JP")
    hops = [(b"x-forwarded-for", b"1.2.3.4"), (b"x-forwarded-for", b"10.0.0.5")]
    call(app, whole(BODY.replace(b'"user_id": "user-1", ', b"")), country, *hops)
    other = MemoryStore()
    call(
        an_app(other, trusted_proxies=(PEER,)),
        whole(BODY.replace(b'"user_id": "user-1", ', b"")),
        (b"x-forwarded-for", b"1.2.3.4"),
    )
    assert store.events[0].visitor_id == other.events[0].visitor_id
    assert store.events[0].country == "JP"
