"""Every rule of the wire format, by the answer it gets."""

import gzip
import json
from typing import Any

import pytest

from liveinsight.collect.wire import MEANINGS, rules, wire_format_markdown
from liveinsight.core.event import RawEvent
from tests.collect.builders import NOW, At, a_request, an_event

DEEP = b"[" * 100_000 + b"]" * 100_000


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"event_type": ""}, "event_type"),
        ({"event_type": "x" * 65}, "event_type"),
        ({"event_type": 1}, "event_type"),
        ({"event_id": "short"}, "event_id"),
        ({"event_id": "x" * 65}, "event_id"),
        ({"event_id": "with space"}, "event_id"),
        ({"event_id": "event-0001\n"}, "event_id"),
        ({"timestamp": str(NOW)}, "timestamp"),
        ({"timestamp": float(NOW)}, "timestamp"),
        ({"timestamp": True}, "timestamp"),
        ({"timestamp": 946_684_799_999}, "timestamp"),
        ({"timestamp": 4_102_444_800_001}, "timestamp"),
        ({"timestamp": 10**30}, "timestamp"),
        ({"user_id": ""}, "user_id"),
        ({"user_id": "x" * 129}, "user_id"),
        ({"user_id": 7}, "user_id"),
        ({"user_id": "a\0b"}, "user_id"),
        ({"session_id": "x" * 129}, "session_id"),
        ({"page_url": ""}, "page_url"),
        ({"page_url": "/a"}, "page_url"),
        ({"page_url": "javascript://a.example/%0aalert(1)"}, "page_url"),
        ({"page_url": "https://a.example/" + "x" * 2031}, "page_url"),
        ({"referrer": "google"}, "referrer"),
        ({"page_title": "x" * 513}, "page_title"),
        ({"site": "not a domain"}, "site"),
        ({"site": "x" * 254}, "site"),
        ({"page_url": None}, "site"),
        ({"screen_width": "390"}, "screen_width"),
        ({"screen_width": -1}, "screen_width"),
        ({"scroll_percent": 101}, "scroll_percent"),
        ({"engagement_ms": -1}, "engagement_ms"),
        ({"properties": []}, "properties"),
        ({"properties": {"a": {}}}, "properties"),
        ({"properties": {"a": [1]}}, "properties"),
        ({"properties": {"a": "x" * 501}}, "properties"),
        ({"properties": {"": 1}}, "properties"),
        ({"properties": {"x" * 65: 1}}, "properties"),
        ({"properties": {"a": 2**63}}, "properties"),
        ({"properties": {"a": "\0"}}, "properties"),
        ({"properties": {"\0": 1}}, "properties"),
        ({"properties": {str(n): n for n in range(31)}}, "properties"),
        ({"revenue": 5}, "revenue"),
        ({"revenue": {"amount": "5", "currency": "KRW"}}, "revenue.amount"),
        ({"revenue": {"amount": 5, "currency": "won"[:2]}}, "revenue.currency"),
        ({"revenue": {"amount": 5}}, "revenue.currency"),
        ({"revenue": {"amount": 5, "currency": "KRW\n"}}, "revenue.currency"),
        ({"interactive": 1}, "interactive"),
        ({"interactive": "true"}, "interactive"),
        ({"sent_at": "now"}, "sent_at"),
        ({"language": "x" * 36}, "language"),
        ({"timezone": "x" * 65}, "timezone"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_bad_field_is_named_with_its_rule(fields: dict[str, Any], field: str) -> None:
    told = At().send(an_event() | fields)
    assert (told.status, told.json["field"]) == (400, field)
    assert told.json["reason"]
    assert told.said == f"rejected: {field}"


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"unknown": {"a": [1, {"b": None}]}},
        {name: None for name in RawEvent.__struct_fields__ if name != "page_url"},
        {"event_type": "x" * 64},
        {"event_id": "x" * 64},
        {"timestamp": NOW - 10**11},
        {"user_id": "홍길동 / 🦊"},
        {"page_url": "app://com.shop/home", "site": "shop.example"},
        {"page_url": None, "site": "WWW.Shop.example"},
        {"referrer": ""},
        {"referrer": "android-app://com.google.android.gm/"},
        {"page_title": '한국어 제목 \u2028 \\ " \n'},
        {"properties": {}},
        {"properties": {"a": 1, "b": 1.5e10, "c": True, "d": None, "e": "x" * 500}},
        {"properties": {"a": -(2**63) + 1}},
        {"revenue": {"amount": 19_900, "currency": "krw"}},
        {"interactive": False},
        {"sent_at": NOW},
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_is_within_the_limits_is_accepted(fields: dict[str, Any]) -> None:
    at = At()
    assert at.send(an_event() | fields).said == "accepted"
    assert len(at.store.events) == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"", "body"),
        (b"x", "body"),
        (b"null", "body"),
        (b"[]", "body"),
        (b"5", "body"),
        (b"{", "body"),
        (b"{} {}", "body"),
        (b"{'a': 1}", "body"),
        (b'{"page_url":"https://a.example/","x":NaN}', "body"),
        (b'{"page_url":"https://a.example/","x":Infinity}', "body"),
        (b'{"page_url":"https://a.example/","x":01}', "body"),
        (b'{"page_url":"https://a.example/",}', "body"),
        (b'{"page_url":"https://a.example/","x":"\xff"}', "body"),
        (b'{"page_url":"https://a.example/","page_title":"\xed\xa0\x80"}', "body"),
        (b'{"page_url":"https://a.example/","page_title":"a\x00b"}', "body"),
        (b"\xef\xbb\xbf{}", "body"),
        ('{"page_url":"https://a.example/"}'.encode("utf-16"), "body"),
        (b'{"page_url":"https://a.example/","x":' + DEEP + b"}", "body"),
        (b'{"events":[{"x":' + DEEP + b"}]}", "body"),
        (b'{"page_url":"https://a.example/","page_title":"\\ud83d"}', "event"),
        (
            b'{"page_url":"https://a.example/","page_url":"https://b.example/"}',
            "event",
        ),
        (b'{"page_url":"https://a.example/","properties":{"a":1,"a":2}}', "event"),
        (
            b'{"page_url":"https://a.example/","properties":{"a":1.0,"a":1e0,"b":1e9}}',
            "event",
        ),
        (b'{"page_url":"https://a.example/","x":1,"x":1}', "event"),
        (b'{"page_url":"https://a.example/","x":' + b"9" * 9_000 + b"}", None),
        (b'{"page_url":"https://a.example/","properties":{"a":1e999}}', "properties"),
        (b'{"events":[]}', "events"),
        (b'{"events":null}', "events"),
        (b'{"events":{}}', "events"),
        (b'{"events":[],"events":[{"page_url":"https://a.example/"}]}', "body"),
        (b'{"events":[{"page_url":"https://a.example/"}],"x":1,"x":1}', "body"),
        (b'{"events":[{"page_url":"https://a.example/"}],"x":"\xff"}', "body"),
        (b'{"events":[{"page_url":"https://a.example/"}],"sent_at":"1"}', "sent_at"),
        (json.dumps({"events": [an_event()] * 101}).encode(), "events"),
    ],
    ids=lambda value: str(value)[:60],
)
def test_a_body_is_one_json_object(body: bytes, field: str | None) -> None:
    told = At().send(body)
    if field is None:
        assert told.status == 200
    else:
        assert (told.status, told.json["field"]) == (400, field)


def test_a_bad_event_never_spoils_its_neighbours() -> None:
    at = At()
    good = [an_event(event_id=f"event-{n:04}") for n in range(3)]
    halves = {"page_url": "https://shop.example/", "page_title": "\ud83d"}
    told = at.send(
        {"events": [good[0], 5, good[1], {"timestamp": "x"}, halves, good[2]]}
    )
    assert told.status == 200
    assert [one["status"] for one in told.json["results"]] == [
        "accepted",
        "rejected",
        "accepted",
        "rejected",
        "rejected",
        "accepted",
    ]
    assert [event.event_id for event in at.store.events] == [
        f"evt_event-{n:04}" for n in range(3)
    ]
    assert told.said == (
        "accepted, rejected: event, rejected: timestamp, rejected: page_title"
    )


def test_a_batch_of_only_bad_events_is_answered_with_results() -> None:
    told = At().send({"events": [{}, 5, None]})
    assert told.status == 200
    assert {one["status"] for one in told.json["results"]} == {"rejected"}


def test_a_rejected_event_is_named_by_its_id_where_it_has_one() -> None:
    events = [an_event(timestamp="x"), {"event_id": "no"}, {"event_id": 5}]
    told = At().send({"events": events})
    assert [one["event_id"] for one in told.json["results"]] == [
        "evt_event-0001",
        None,
        None,
    ]


def test_up_to_100_events_fit_into_a_batch() -> None:
    events = [an_event(event_id=f"event-{n:04}") for n in range(100)]
    assert len(At().send({"events": events}).json["results"]) == 100


@pytest.mark.parametrize(
    "label",
    [
        "text/plain",
        "application/json",
        "Text/Plain;charset=UTF-8",
        "application/json; x=y",
    ],
)
def test_the_label_of_a_body_may_be_text_or_json(label: str) -> None:
    assert At().send(an_event(), content_type=label).status == 200


def test_a_body_without_a_label_is_read() -> None:
    assert At().send(an_event(), content_type="").status == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"content_type": "application/x-www-form-urlencoded"},
        {"content_type": "multipart/form-data; boundary=x"},
        {"content_type": "application/xml"},
        {"content_type": "text/plain,application/json"},
        {"content_encoding": "br"},
        {"content_encoding": "deflate"},
        {"content_encoding": "gzip, gzip"},
    ],
)
def test_other_types_and_encodings_are_refused(headers: dict[str, str]) -> None:
    assert At().send(an_event(), **headers).status == 415


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "PATCH", "post"])
def test_other_methods_are_told_the_right_ones(method: str) -> None:
    told = At().ask(a_request(an_event(), method=method))
    assert (told.status, told.headers["Allow"]) == (405, "POST, OPTIONS")


def test_gzip_is_understood() -> None:
    assert At().ask(a_request(an_event(), gzip=True)).said == "accepted"


PACKED = gzip.compress(json.dumps(an_event()).encode())


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (PACKED[:-1], 400),
        (PACKED[:20], 400),
        (b"", 400),
        (PACKED + b"x", 400),
        (PACKED + PACKED, 400),
        (b"x" + PACKED, 400),
        (PACKED[:-8] + b"\0\0\0\0" + PACKED[-4:], 400),
        (json.dumps(an_event()).encode(), 400),
        (gzip.compress(b" " * (1024 * 1024 + 1)), 413),
        (gzip.compress(b" " * 60_000_000), 413),
        (b"x" * (64 * 1024 + 1), 413),
        (gzip.compress(json.dumps(an_event()).encode() + b" " * 1_000_000), 200),
    ],
    ids=range(12),
)
def test_gzip_is_one_whole_member_within_bounds(body: bytes, status: int) -> None:
    assert At().send(body, content_encoding="gzip").status == status


def test_a_body_of_one_mebibyte_is_read_and_one_byte_more_is_not() -> None:
    body = json.dumps(an_event()).encode()
    full = body + b" " * (1024 * 1024 - len(body))
    assert At().send(full).status == 200
    assert At().send(full + b" ").status == 413


def test_the_table_describes_every_field_and_no_other() -> None:
    fields = set(RawEvent.__struct_fields__)
    described = {name for name in MEANINGS if "." not in name}
    assert described == fields | {"sent_at"}
    assert set(MEANINGS) <= set(rules())


def test_the_document_has_a_row_for_every_field() -> None:
    page = wire_format_markdown()
    assert all(f"| `{field}` | {rules()[field]} |" in page for field in MEANINGS)
