"""The usual batch is decoded at once; that must be seen in nothing but its speed."""

import json

import pytest

from liveinsight.collect import decode
from liveinsight.collect.decode import decode_body
from liveinsight.core.limits import DAY
from tests.collect.builders import GOOGLEBOT, NOW, At, an_event

OTHER = an_event(event_id="event-0002")


def written_tight(body: object) -> bytes:
    return json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()


@pytest.mark.parametrize(
    "events",
    [
        [an_event(), OTHER],
        [an_event(), an_event(), an_event(page_title="Other")],
        [an_event(page_title='한국어 "제목" \\u \n')],
        [an_event(event_id="evt_event-0003"), an_event(), OTHER],
        [an_event(), OTHER | {"page_url": "https://shop.example/b?utm_source=naver"}],
        [an_event(), OTHER | {"timestamp": NOW - 8 * DAY}],
        [an_event(), OTHER | {"event_type": "engagement", "timestamp": NOW - 5}],
        [an_event(properties={}), OTHER | {"properties": {"plan": "pro", "n": 3}}],
        [an_event(properties={"a": 1, "b": None, "c": True})],
        [an_event(properties={"a": 1.5}), OTHER],
        [an_event(properties={"a": 2**63}), OTHER],
        [an_event(revenue={"amount": 5, "currency": "krw"}), OTHER],
        [an_event(page_url="bad"), OTHER],
        [an_event(referrer="bad"), OTHER],
        [an_event(page_title="a\0b"), OTHER],
        [an_event(timestamp="x"), 5, OTHER],
        [an_event(unknown=1), OTHER],
        [an_event(page_url=None), OTHER],
        [an_event(user_id=None, session_id=None), OTHER],
        [an_event(user_id=None), an_event(session_id=None, event_id="event-0002")],
        [an_event(screen_width=390), OTHER | {"screen_width": 1920}],
        [],
        [an_event()] * 101,
    ],
    ids=lambda value: str(value)[:40],
)
@pytest.mark.parametrize("clock", [{}, {"sent_at": NOW - 5}], ids=["", "sent_at"])
@pytest.mark.parametrize("agent", ["", GOOGLEBOT], ids=["", "bot"])
def test_spaces_in_a_batch_make_no_difference(
    events: list[object], clock: dict[str, object], agent: str
) -> None:
    tight, loose = At(), At()
    body = clock | {"events": events}
    told = tight.send(written_tight(body), user_agent=agent)
    also = loose.send(json.dumps(body, ensure_ascii=False).encode(), user_agent=agent)
    assert (told.status, told.headers, told.json) == (
        also.status,
        also.headers,
        also.json,
    )
    assert tight.store.events == loose.store.events
    assert tight.store.ledger == loose.store.ledger


def test_a_copy_is_known_however_it_was_written() -> None:
    at = At()
    at.send(written_tight({"events": [an_event(), OTHER]}))
    again = at.send({"events": [an_event(), OTHER | {"page_title": "x"}]})
    single = at.send(an_event(sent_at=NOW))
    assert [one["reason"] for one in again.json["results"]] == ["repeated", "conflict"]
    assert single.json["reason"] == "repeated"


@pytest.mark.parametrize("place", ["event", "properties", "body"])
def test_a_key_that_stands_twice_is_found_in_a_tight_batch(place: str) -> None:
    body = written_tight({"events": [an_event(properties={"a": 1}), OTHER]})
    first, twice = {
        "event": (b'"user_id":"user-1"', b'"user_id":"user-1","user_id":"user-1"'),
        "properties": (b'"a":1', b'"a":1,"a":1'),
        "body": (b'{"events":', b'{"events":[],"events":'),
    }[place]
    told = At().send(body.replace(first, twice, 1))
    if place == "body":
        assert (told.status, told.json["field"]) == (400, "body")
    else:
        results = told.json["results"]
        assert [one["status"] for one in results] == ["rejected", "accepted"]


def test_samples_of_a_tight_batch_show_what_came() -> None:
    at = At()
    at.send(written_tight({"events": [an_event()]}), user_agent=GOOGLEBOT)
    assert at.store.samples[0].text == written_tight(an_event()).decode()


def test_the_usual_batch_is_decoded_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: bytes) -> None:
        raise AssertionError("decoded one by one")

    monkeypatch.setattr(decode, "_split", refuse)
    body = written_tight(
        {"sent_at": NOW, "events": [an_event(page_title="한국어")] * 2}
    )
    assert len(decode_body(body).events) == 2
