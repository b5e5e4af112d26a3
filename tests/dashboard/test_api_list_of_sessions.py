"""POST /api/v1/sessions."""

import csv
import io
import json

import pytest
from django.test import Client

from liveinsight.dashboard.keys import add_key
from liveinsight.dashboard.sites import add_site
from tests.dashboard.clients import Answer, ask
from tests.dashboard.project import SITE, a_server, a_visit_of
from tests.query.tables import HOUR, NOON

PERIOD = [NOON - 12 * HOUR, NOON + 12 * HOUR]
VISITS = [
    *a_visit_of("/", "/cart", user="anna", country="KR"),
    *a_visit_of("/", user="ben", at=NOON + HOUR, country="DE"),
    *a_visit_of("/", user="=eve", at=NOON + 2 * HOUR, country="DE"),
]


def post(**question: object) -> Answer:
    """What is answered to the holder of a key."""
    asked = {"site": SITE, "period": PERIOD} | question
    return ask("/api/v1/sessions", add_key("test"), question=json.dumps(asked))


def users_of(answer: Answer) -> list[str]:
    return [session["user_id"] for session in answer.json["sessions"]]


def test_sessions_come_latest_first_a_page_after_the_other() -> None:
    a_server(VISITS)
    first = ask(
        "/api/v1/sessions",
        key := add_key("test"),
        question=json.dumps({"site": SITE, "period": PERIOD, "limit": 2}),
    )
    assert users_of(first) == ["=eve", "ben"]
    after = {"site": SITE, "period": PERIOD, "limit": 2, "after": first.json["next"]}
    rest = ask("/api/v1/sessions", key, question=json.dumps(after))
    assert (users_of(rest), rest.json["next"]) == (["anna"], None)


def test_they_are_filtered_and_searched() -> None:
    a_server(VISITS)
    key = add_key("test")
    for question, users in (
        ({"filters": [["is", "country", ["DE"]]]}, ["=eve", "ben"]),
        ({"filters": [["has_done", ["is", "page", ["/cart"]]]]}, ["anna"]),
        ({"search": "CART"}, ["anna"]),
        ({"search": "sess_ben"}, ["ben"]),
    ):
        asked = json.dumps({"site": SITE, "period": PERIOD} | question)
        assert users_of(ask("/api/v1/sessions", key, question=asked)) == users


def test_a_source_may_be_that_of_the_first_session() -> None:
    of_google = {"source": "Google", "channel": "Organic Search"}
    a_server(
        [
            *a_visit_of("/", user="anna", at=NOON - 2 * HOUR, **of_google),
            *a_visit_of("/", user="anna", source="Naver", channel="Organic Search"),
        ]
    )
    key = add_key("test")
    asked = {"site": SITE, "period": PERIOD, "filters": [["is", "source", ["Google"]]]}
    own = ask("/api/v1/sessions", key, question=json.dumps(asked))
    asked["attribution"] = "first"
    first = ask("/api/v1/sessions", key, question=json.dumps(asked))
    assert (users_of(own), users_of(first)) == (["anna"], ["anna", "anna"])
    assert first.json["counts"] == {"sessions": 2, "visitors": 1}


def test_they_come_as_csv_without_formulas() -> None:
    a_server(VISITS)
    question = json.dumps({"site": SITE, "period": PERIOD})
    response = Client().get(
        "/api/v1/sessions",
        {"question": question, "format": "csv"},
        headers={"Authorization": f"Bearer {add_key('test')}"},
    )
    rows = list(csv.DictReader(io.StringIO(response.content.decode())))
    assert [row["user_id"] for row in rows] == ["'=eve", "ben", "anna"]
    assert rows[2]["page_views"] == "2"


def test_a_key_lists_the_sessions_of_its_site_alone() -> None:
    a_server(VISITS)
    for site in (SITE, "other.example"):
        add_site(site)
    key = add_key("other", "other.example")
    refused = ask("/api/v1/sessions", key, question=json.dumps({"site": SITE}))
    assert refused.status == 403
    own = ask("/api/v1/sessions", key, question=json.dumps({"period": PERIOD}))
    assert own.json["sessions"] == []


def test_they_are_counted_and_compared() -> None:
    a_server([*VISITS, *a_visit_of("/", user="old", at=NOON - 24 * HOUR)])
    key = add_key("test")
    for question, counts in (
        ({}, {"sessions": 3, "visitors": 3}),
        (
            {"compare": "previous", "limit": 1},
            {
                **{"sessions": 3, "visitors": 3},
                **{"sessions_before": 1, "visitors_before": 1},
                **{"sessions_change": 2.0, "visitors_change": 2.0},
            },
        ),
        ({"search": "cart"}, None),
    ):
        asked = json.dumps({"site": SITE, "period": PERIOD} | question)
        assert ask("/api/v1/sessions", key, question=asked).json["counts"] == counts


def test_only_the_first_page_is_counted() -> None:
    a_server(VISITS)
    key = add_key("test")
    first = {"site": SITE, "period": PERIOD, "compare": "previous", "limit": 2}
    page = ask("/api/v1/sessions", key, question=json.dumps(first)).json
    assert page["counts"]["sessions"] == 3
    after = json.dumps({**first, "after": page["next"]})
    rest = ask("/api/v1/sessions", key, question=after)
    assert users_of(rest) == ["anna"]
    assert rest.json["counts"] is None


@pytest.mark.parametrize(
    ("question", "field"),
    [
        ({"after": "tomorrow"}, "after"),
        ({"limit": 0}, "limit"),
        ({"search": "x" * 300}, "search"),
        ({"filters": [["is", "size", ["1"]]]}, "filters"),
        ({"page": 2}, "page"),
        ({"compare": [5, 5]}, "compare[0]"),
    ],
)
def test_what_cannot_be_asked_names_the_field(
    question: dict[str, object], field: str
) -> None:
    a_server()
    answer = post(**question)
    assert (answer.status, answer.json["error"]["field"]) == (400, field)
