"""`/api/sessions/active/` and `/api/sessions/{id}/events/`."""

from tests.dashboard.clients import ask
from tests.dashboard.project import NOW, a_server, a_visit_of
from tests.query.tables import MINUTE, NOON


def test_active_sessions_have_exactly_five_fields() -> None:
    a_server(a_visit_of("/", "/shoes", user="anna"))
    assert ask("/api/sessions/active/", site="shop.example").json == [
        {
            "session_id": "sess_anna",
            "user_id": "anna",
            "last_activity": NOON + MINUTE,
            "current_page": "/shoes",
            "duration": MINUTE,
        }
    ]


def test_a_session_silent_for_over_30_minutes_is_not_active() -> None:
    a_server(a_visit_of("/", at=NOW - 31 * MINUTE))
    assert ask("/api/sessions/active/", site="shop.example").json == []


def test_active_sessions_can_be_narrowed_to_a_period() -> None:
    a_server(a_visit_of("/", user="anna") + a_visit_of("/", user="ben", at=NOW - 1))
    answer = ask("/api/sessions/active/", **{"from": str(NOW - MINUTE), "to": str(NOW)})
    assert [each["user_id"] for each in answer.json] == ["ben"]


def test_the_events_of_a_session_are_its_steps_in_order() -> None:
    a_server(a_visit_of("/", "/shoes", user="anna"))
    answer = ask("/api/sessions/sess_anna/events/", site="shop.example")
    assert answer.json == [
        {
            "event_id": f"evt_anna_{NOON}_0",
            "timestamp": NOON,
            "event_type": "page_view",
            "page_url": "https://shop.example/",
            "referrer": None,
        },
        {
            "event_id": f"evt_anna_{NOON}_1",
            "timestamp": NOON + MINUTE,
            "event_type": "page_view",
            "page_url": "https://shop.example/shoes",
            "referrer": None,
        },
    ]


def test_an_unknown_session_is_404() -> None:
    answer = ask("/api/sessions/sess_nobody/events/", site="shop.example")
    assert answer.status == 404
    assert answer.json["error"]["field"] == "id"


def test_a_session_of_another_site_is_404() -> None:
    a_server(a_visit_of("/", user="anna"))
    answer = ask("/api/sessions/sess_anna/events/", site="other.example")
    assert answer.status == 404
