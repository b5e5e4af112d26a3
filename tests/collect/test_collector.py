"""The way of a request through the door."""

from typing import Any

import pytest

from liveinsight.collect.door import Door, DoorSettings
from liveinsight.core.country import Place
from liveinsight.core.limits import DAY, HOUR, MINUTE
from liveinsight.core.outcome import Outcome
from liveinsight.core.ports import Salts
from liveinsight.core.session import made_session_id
from liveinsight.core.site import Site, sites_of
from liveinsight.core.user_id import visitor_id
from tests.collect.builders import (
    CHROME,
    GOOGLEBOT,
    NOW,
    PEER,
    At,
    MemoryStore,
    a_request,
    an_event,
)

CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Headers": "Content-Type",
    "Access-Control-Allow-Methods": "POST,OPTIONS",
    "Access-Control-Max-Age": "7200",
}


def a_door(*sites: Site, **settings: Any) -> Door:
    return Door(DoorSettings(**settings), sites=sites_of(sites))


# The reply


def test_the_reply_to_one_event() -> None:
    told = At().send(an_event())
    assert told.json == {
        "message": "Event processed successfully",
        "event_id": "evt_event-0001",
        "session_id": "sess_session-1",
        "status": "accepted",
    }
    assert told.headers["X-LiveInsight"] == "accepted"
    assert told.headers["Content-Type"] == "application/json"
    assert "Cache-Control" not in told.headers


def test_the_reply_to_a_batch() -> None:
    told = At().send({"events": [an_event()]})
    assert told.json == {
        "message": "Event processed successfully",
        "results": [
            {
                "event_id": "evt_event-0001",
                "session_id": "sess_session-1",
                "status": "accepted",
            }
        ],
    }


def test_ids_keep_their_prefix_where_they_have_one() -> None:
    told = At().send(an_event(event_id="evt_12345678", session_id="sess_1"))
    assert told.json["event_id"] == "evt_12345678"
    assert told.json["session_id"] == "sess_1"


def test_an_event_without_id_gets_one() -> None:
    at = At()
    first, second = (at.send(an_event(event_id=None)).json for _ in range(2))
    assert first["event_id"] != second["event_id"]
    assert len(at.store.events) == 2


@pytest.mark.parametrize(
    ("body", "status"),
    [(an_event(), 200), (b"x", 400), ({"events": []}, 400)],
)
def test_every_answer_carries_cors(body: object, status: int) -> None:
    told = At().send(body)
    assert told.status == status
    assert told.headers | CORS == told.headers


def test_a_preflight_is_answered_without_a_body() -> None:
    told = At().ask(a_request(b"", method="OPTIONS", origin="https://a.example"))
    assert (told.status, told.json) == (204, None)
    assert told.headers | CORS == told.headers


def test_a_full_store_promises_nothing() -> None:
    at = At()
    at.store.is_full = True
    told = at.send(an_event())
    assert (told.status, told.headers["Retry-After"]) == (503, "1")
    assert told.headers | CORS == told.headers
    at.store.is_full = False
    assert at.send(an_event()).said == "accepted"


def test_a_full_store_promises_nothing_of_a_rejection_either() -> None:
    at = At()
    at.store.is_full = True
    assert at.send(b"x").status == 503


# Duplicates


def test_the_same_event_again_is_a_duplicate() -> None:
    at = At()
    at.send(an_event())
    told = at.send(an_event())
    assert (told.said, told.json["reason"]) == ("duplicate", "repeated")
    assert told.json["session_id"] == "sess_session-1"
    assert len(at.store.events) == 1
    assert at.store.counted(Outcome.DUPLICATE, "repeated", "shop.example") == 1


def test_other_content_under_the_same_id_is_a_conflict() -> None:
    at = At()
    at.send(an_event())
    assert at.send(an_event(page_title="Other")).json["reason"] == "conflict"


def test_the_same_event_written_differently_is_no_conflict() -> None:
    at = At()
    at.send(an_event())
    assert at.send(an_event(language=None, unknown=5)).json["reason"] == "repeated"


def test_the_same_id_on_another_site_is_another_event() -> None:
    at = At()
    at.send(an_event())
    assert at.send(an_event(page_url="https://b.example/")).said == "accepted"


def test_a_duplicate_within_a_request_is_found() -> None:
    told = At().send({"events": [an_event(), an_event(), an_event(page_title="x")]})
    assert [one["status"] for one in told.json["results"]] == [
        "accepted",
        "duplicate",
        "duplicate",
    ]


def test_with_and_without_prefix_is_the_same_id() -> None:
    at = At()
    at.send(an_event())
    assert at.send(an_event(event_id="evt_event-0001")).said == "duplicate"


# Drops and sites


def test_bots_are_dropped_and_counted() -> None:
    at = At(door=a_door(Site("shop.example")))
    told = at.send(an_event(), user_agent=GOOGLEBOT)
    assert told.json == {
        "message": "Event dropped",
        "event_id": "evt_event-0001",
        "session_id": None,
        "status": "dropped",
        "reason": "bot",
    }
    assert told.said == "dropped: bot"
    assert at.store.counted(Outcome.DROPPED, "bot", "shop.example") == 1
    assert not at.store.events


def test_excluded_addresses_are_dropped() -> None:
    at = At(door=a_door(Site("shop.example", excluded_addresses=("203.0.113.0/24",))))
    assert at.send(an_event()).said == "dropped: excluded_address"


def test_once_a_site_is_configured_others_are_unknown() -> None:
    at = At(door=a_door(Site("other.example")))
    assert at.send(an_event()).said == "dropped: unknown_site"
    assert at.store.counted(Outcome.DROPPED, "unknown_site", "shop.example") == 1
    assert at.store.counted(Outcome.RECEIVED, "", "shop.example") == 1


def test_only_100_unknown_hosts_are_told_apart() -> None:
    at = At(door=a_door(Site("other.example")))
    for n in range(120):
        at.send(an_event(page_url=f"https://h{n}.example/"))
    assert at.store.counted(Outcome.DROPPED, "unknown_site", "h99.example") == 1
    assert at.store.counted(Outcome.DROPPED, "unknown_site", "h100.example") == 0
    assert at.store.counted(Outcome.DROPPED, "unknown_site", "") == 20


def test_before_a_site_is_configured_100_hosts_are_kept() -> None:
    door = Door(hosts=[f"old{n}.example" for n in range(98)])
    at = At(door=door)
    said = [at.send(an_event(page_url=f"https://n{n}.example/")).said for n in range(4)]
    assert said == ["accepted", "accepted", *["dropped: unknown_site"] * 2]
    assert at.send(an_event(page_url="https://old1.example/")).said == "accepted"


def test_a_bot_takes_no_place_among_the_first_hosts() -> None:
    at = At(door=Door(hosts=[f"old{n}.example" for n in range(99)]))
    at.send(an_event(page_url="https://bot.example/"), user_agent=GOOGLEBOT)
    assert at.send(an_event()).said == "accepted"


def test_sites_change_between_requests() -> None:
    at = At(door=a_door(Site("other.example")))
    at.send(an_event())
    at.door.sites = sites_of([Site("shop.example")])
    assert at.send(an_event()).said == "accepted"


def test_a_listed_origin_is_echoed() -> None:
    site = Site("shop.example", allowed_origins=("https://shop.example",))
    told = At(door=a_door(site)).send(an_event(), origin="https://shop.example")
    assert told.said == "accepted"
    assert told.headers["Access-Control-Allow-Origin"] == "https://shop.example"
    assert told.headers["Vary"] == "Origin"


def test_events_of_other_origins_are_dropped() -> None:
    site = Site("shop.example", allowed_origins=("https://shop.example",))
    at = At(door=a_door(site))
    told = at.send(an_event(), origin="https://evil.example")
    assert told.said == "dropped: origin_not_allowed"
    assert told.headers["Access-Control-Allow-Origin"] == "https://shop.example"
    assert at.send(an_event()).said == "dropped: origin_not_allowed"


def test_a_preflight_of_a_listed_origin_echoes_it() -> None:
    site = Site("shop.example", allowed_origins=("https://shop.example",))
    request = a_request(b"", method="OPTIONS", origin="https://shop.example")
    told = At(door=a_door(site)).ask(request)
    assert told.headers["Access-Control-Allow-Origin"] == "https://shop.example"
    assert told.headers["Vary"] == "Origin"


# The ledger


def test_received_is_the_sum_of_all_ends() -> None:
    at = At(door=a_door(Site("shop.example")))
    at.send({"events": [an_event(), an_event(), an_event(timestamp="x"), 5]})
    at.send(an_event(page_url="https://other.example/"))
    at.send(an_event(), user_agent=GOOGLEBOT)
    at.send(b"x")
    at.send(an_event(), content_type="text/html")
    ends: dict[str, int] = {}
    for key, count in at.store.ledger.items():
        ends[key.outcome] = ends.get(key.outcome, 0) + count
    assert ends == {"received": 8, "duplicate": 1, "dropped": 2, "rejected": 4}
    assert len(at.store.events) == 1


def test_an_undecodable_body_is_one_received_and_one_rejected() -> None:
    at = At()
    at.send(b"\xff\xfe")
    assert at.store.counted(Outcome.RECEIVED) == 1
    assert at.store.counted(Outcome.REJECTED, "body") == 1


def test_a_wrong_method_is_no_event() -> None:
    at = At()
    at.ask(a_request(b"", method="GET"))
    assert not at.store.batches


def test_a_rejected_event_of_a_known_site_counts_there() -> None:
    at = At(door=a_door(Site("shop.example")))
    at.send(an_event(timestamp="x"))
    assert at.store.counted(Outcome.REJECTED, "timestamp", "shop.example") == 1


def test_samples_hold_no_address_and_no_user_agent() -> None:
    at = At()
    at.send(an_event(timestamp="x", properties={"ip": PEER, "ua": CHROME}))
    [sample] = at.store.samples
    assert (sample.outcome, sample.reason) == (Outcome.REJECTED, "timestamp")
    assert PEER not in sample.text
    assert CHROME not in sample.text
    assert "event-0001" in sample.text


def test_samples_are_short_and_few() -> None:
    at = At()
    for _ in range(30):
        at.send(b"x" * 900)
    assert [len(sample.text) for sample in at.store.samples] == [500] * 20
    at.now += HOUR
    at.send(b"x")
    assert len(at.store.samples) == 21


# Time


@pytest.mark.parametrize(
    ("timestamp", "adjusted"),
    [
        (NOW + 5 * MINUTE, None),
        (NOW + 5 * MINUTE + 1, NOW),
        (NOW - 7 * DAY, None),
        (NOW - 7 * DAY - 1, NOW),
    ],
)
def test_a_clock_out_of_bounds_gets_an_adjusted_time(
    timestamp: int, adjusted: int | None
) -> None:
    at = At()
    at.send(an_event(timestamp=timestamp))
    [event] = at.store.events
    assert (event.timestamp, event.adjusted_timestamp) == (timestamp, adjusted)


@pytest.mark.parametrize(
    ("timestamp", "sent_at", "present"),
    [
        (NOW - 9_000, NOW, NOW - 9_000),
        (NOW - 9_000 + DAY, NOW + DAY, NOW - 9_000),
        (NOW - 9_000, None, NOW),
        (NOW - 9_000, NOW - 90_000, NOW),
        (None, NOW - DAY, NOW),
    ],
)
def test_presence_is_told_by_our_clock(
    timestamp: int | None, sent_at: int | None, present: int
) -> None:
    at = At()
    at.send(an_event(timestamp=timestamp, sent_at=sent_at))
    at.send(
        {
            "events": [an_event(timestamp=timestamp, event_id="event-0002")],
            "sent_at": sent_at,
        }
    )
    assert [event.present_at for event in at.store.events] == [present, present]


def test_the_default_time_is_that_of_receipt() -> None:
    at = At()
    at.send(an_event(timestamp=None))
    assert (at.store.events[0].timestamp, at.store.events[0].received_at) == (NOW, NOW)


# Users and sessions


def test_without_user_id_the_visitor_is_derived_for_the_day() -> None:
    at = At()
    at.send(an_event(user_id=None, session_id=None))
    [event] = at.store.events
    expected = visitor_id(b"t" * 16, "shop.example", PEER, CHROME)
    assert (event.user_id, event.visitor_id) == (None, expected)
    made = made_session_id("shop.example", expected, "evt_event-0001")
    assert (event.session_id, event.session_sent) == (made, False)


@pytest.mark.parametrize(
    ("minutes", "keeps"), [(10, True), (30, True), (31, False)], ids=str
)
def test_a_session_running_under_yesterdays_id_keeps_it(
    minutes: int, keeps: bool
) -> None:
    store = MemoryStore(Salts(b"t" * 16, b"y" * 16))
    old = visitor_id(b"y" * 16, "shop.example", PEER, CHROME)
    new = visitor_id(b"t" * 16, "shop.example", PEER, CHROME)
    store._last["shop.example", old] = ("sess_old", NOW - minutes * MINUTE)
    At(store).send(an_event(user_id=None, session_id=None, timestamp=NOW))
    [event] = store.events
    assert event.visitor_id == (old if keeps else new)
    assert (event.session_id == "sess_old") is keeps


def test_events_without_session_continue_the_running_one() -> None:
    at = At()
    first = at.send(an_event(session_id=None)).json["session_id"]
    second = at.send(an_event(session_id=None, event_id="event-0002")).json
    assert second["session_id"] == first


def test_what_is_not_interactive_opens_no_session() -> None:
    at = At()
    at.send(an_event(session_id=None, interactive=False, event_type="web_vital"))
    at.send(an_event(interactive=False, event_type="web_vital", event_id="event-0002"))
    assert at.store.session_calls == 0


def test_engagement_extends_the_running_session() -> None:
    at = At()
    at.send(an_event(session_id=None))
    told = at.send(
        an_event(
            session_id=None,
            event_id="event-0002",
            event_type="engagement",
            interactive=False,
        )
    )
    assert told.json["session_id"] == at.store.events[0].session_id
    assert at.store.session_calls == 2


def test_a_sent_session_is_told_to_the_store_once_a_request() -> None:
    at = At()
    events = [an_event(event_id=f"event-{n:04}") for n in range(10)]
    at.send({"events": events})
    assert at.store.session_calls == 1


# Enrichment


def test_an_event_is_enriched() -> None:
    at = At()
    at.send(
        an_event(
            page_url="https://www.Shop.example/caf%C3%A9%20x?utm_campaign=may#top",
            referrer="https://www.google.com/search?q=x",
            timezone="Asia/Seoul",
            properties={"a": 1, "b": None},
            revenue={"amount": 5, "currency": "krw"},
        )
    )
    [event] = at.store.events
    assert (event.site, event.host, event.page) == (
        "shop.example",
        "shop.example",
        "/café x",
    )
    assert (event.source, event.channel) == ("Google", "Organic Search")
    assert event.referrer == "https://www.google.com/search"
    assert event.utm_campaign == "may"
    assert (event.device, event.browser, event.os) == ("Desktop", "Chrome", "Windows")
    assert event.country == "KR"
    assert event.properties == {"a": 1}
    assert event.revenue is not None
    assert event.revenue.currency == "KRW"
    assert event.ip is None


def test_an_address_is_kept_only_where_the_site_wants_it() -> None:
    at = At(door=a_door(Site("shop.example", keep_addresses=True)))
    at.send(an_event())
    assert at.store.events[0].ip == PEER


@pytest.mark.parametrize(
    ("proxies", "headers", "country"),
    [
        ((PEER,), {"cf_ipcountry": "JP"}, "JP"),
        ((), {"cf_ipcountry": "JP"}, "US"),
        ((PEER,), {"cf_ipcountry": "XX"}, "US"),
        ((), {}, "US"),
    ],
)
def test_the_country_is_the_proxys_then_the_addresss(
    proxies: tuple[str, ...], headers: dict[str, str], country: str
) -> None:
    settings = DoorSettings(trusted_proxies=proxies)
    at = At(door=Door(settings, place_of=lambda _: Place("US")))
    at.send(an_event(timezone="Asia/Seoul"), **headers)
    assert at.store.events[0].country == country


def test_a_path_that_is_no_text_stays_as_it_was_sent() -> None:
    at = At()
    at.send(an_event(page_url="https://shop.example/%FF%00"))
    assert at.store.events[0].page == "/%FF%00"


def test_a_dropped_event_leaves_no_session_beside_a_stored_one() -> None:
    at = At(door=Door(sites=sites_of([Site("shop.example")])))
    stranger = an_event(event_id="event-0002", site="other.example")
    at.send({"events": [an_event(), stranger]})
    at.send({"events": [stranger]})
    first, second = at.store.batches
    assert {site for site, _ in first.events.sessions} == {"shop.example"}
    assert not second.events.sessions
