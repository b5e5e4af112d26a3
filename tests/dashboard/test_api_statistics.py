"""The four addresses under /api/statistics/."""

from typing import Any

import pytest

from liveinsight.dashboard.sites import add_site
from tests.dashboard.clients import an_account, ask
from tests.dashboard.project import NOW, a_server, a_visit_of
from tests.query.tables import HOUR, NOON, an_event

VISITS = [
    *a_visit_of("/", "/shoes", "/cart", user="anna", source="Google"),
    *a_visit_of("/", user="ben"),
    *a_visit_of("/", user="eve", site="other.example"),
    an_event(NOON + 1, event_id="evt_engaged", event_type="engagement", user_id="ben",
             session_id="sess_ben", session_sent=True, page="/"),
    an_event(NOON + 180_000, event_id="evt_bought", event_type="conversion",
             session_id="sess_anna", session_sent=True, page="/cart"),
]  # fmt: skip
PERIOD = {"from": str(NOON - HOUR), "to": str(NOW)}


def test_the_summary_is_four_numbers() -> None:
    a_server(VISITS)
    answer = ask("/api/statistics/summary/", site="shop.example", **PERIOD)
    assert answer.status == 200
    assert answer.json == {
        "total_sessions": 2,
        "total_events": 5,
        "avg_session_time": pytest.approx((180 + 0.001) / 2),
        "conversion_rate": 0.5,
    }


def test_the_summary_of_nothing_is_zeros() -> None:
    answer = ask("/api/statistics/summary/", site="shop.example", **PERIOD)
    assert answer.json == {
        "total_sessions": 0,
        "total_events": 0,
        "avg_session_time": 0.0,
        "conversion_rate": 0.0,
    }


def test_hours_are_filled_with_zeros() -> None:
    a_server(VISITS)
    answer = ask("/api/statistics/hourly/", site="shop.example", hours="3")
    assert answer.json == [
        {"hour": NOON - 2 * HOUR, "count": 0},
        {"hour": NOON - HOUR, "count": 0},
        {"hour": NOON, "count": 5},
    ]


def test_24_hours_are_the_default() -> None:
    assert len(ask("/api/statistics/hourly/").json) == 24


def test_hours_follow_the_period_that_is_asked_for() -> None:
    a_server(VISITS)
    answer = ask(
        "/api/statistics/hourly/", **{"from": str(NOON - HOUR), "to": str(NOON)}
    )
    assert answer.json == [{"hour": NOON - HOUR, "count": 0}]


def test_pages_come_with_their_views_the_most_viewed_first() -> None:
    a_server(VISITS)
    pages = ask("/api/statistics/pages/", site="shop.example", **PERIOD).json
    assert pages[0] == {"page": "/", "views": 2}
    assert sorted(each["page"] for each in pages) == ["/", "/cart", "/shoes"]


def test_referrers_are_labels_and_data_of_the_same_length() -> None:
    a_server(VISITS)
    answer = ask("/api/statistics/referrers/", site="shop.example", **PERIOD)
    assert dict(zip(answer.json["labels"], answer.json["data"], strict=True)) == {
        "Google": 1,
        "Direct": 1,
    }


def test_filters_narrow_the_numbers() -> None:
    a_server(VISITS)
    answer = ask(
        "/api/statistics/summary/",
        site="shop.example",
        f=["source:is:Google"],
        **PERIOD,
    )
    assert answer.json["total_sessions"] == 1


def test_without_a_site_all_sites_are_meant() -> None:
    a_server(VISITS)
    assert ask("/api/statistics/summary/", **PERIOD).json["total_sessions"] == 3


def test_without_a_site_the_only_configured_one_is_meant() -> None:
    a_server(VISITS)
    add_site("shop.example")
    assert ask("/api/statistics/summary/", **PERIOD).json["total_sessions"] == 2


def test_an_account_needs_no_key() -> None:
    response = an_account().get("/api/statistics/summary/")
    assert response.status_code == 200


@pytest.mark.parametrize(
    ("query", "field"),
    [
        pytest.param({"from": "yesterday-ish", "to": "1"}, "from", id="from"),
        pytest.param({"from": "5", "to": str(NOW)}, "from", id="before 2000"),
        pytest.param({"hours": "0"}, "hours", id="no hours"),
        pytest.param({"hours": "9" * 40}, "hours", id="too many hours"),
        pytest.param({"hours": "٣"}, "hours", id="digits of another script"),
        pytest.param({"f": "source"}, "f", id="filter without operator"),
        pytest.param({"site": "///"}, "site", id="site that is no host"),
    ],
)
def test_what_cannot_be_asked_is_400_and_names_the_field(
    query: dict[str, Any], field: str
) -> None:
    answer = ask("/api/statistics/hourly/", **query)
    assert answer.status == 400
    assert answer.json["error"]["field"] == field
    assert set(answer.json["error"]) == {"field", "reason"}
