"""POST /api/v1/journeys and /api/v1/retention."""

import json
from typing import Any

import pytest

from liveinsight.dashboard.keys import add_key
from liveinsight.dashboard.models import Goal
from liveinsight.query.model import Filter, Operator
from liveinsight.query.where import write_where
from tests.dashboard.clients import Answer, ask
from tests.dashboard.project import SITE, a_server, a_visit_of
from tests.query.tables import HOUR, NOON

DAY = 24 * HOUR
PERIOD = [NOON - 12 * HOUR, NOON + 2 * DAY]
VISITS = [
    *a_visit_of("/", "/p/1", "/p/2", "/cart", user="anna", country="KR"),
    *a_visit_of("/", "/cart", user="ben", country="DE"),
    *a_visit_of("/", "/p/1", user="anna", at=NOON + DAY, country="KR"),
]


def post(path: str, **question: object) -> Answer:
    """What is answered to the holder of a key; by GET, as a link would ask."""
    asked = {"site": SITE, "period": PERIOD} | question
    return ask(f"/api/v1/{path}", add_key("test"), question=json.dumps(asked))


def labels_of(answer: Any) -> list[list[str]]:
    return [
        [node["place"]["name"] for node in column["nodes"]]
        for column in answer["columns"]
    ]


def test_journeys_come_by_step_with_their_ways() -> None:
    a_server(VISITS)
    answer = post("journeys", groups=["/p/*"], steps=3)
    assert answer.status == 200, answer.json
    assert (answer.json["sessions"], answer.json["journeys"]) == (3, 3)
    assert labels_of(answer.json) == [["/"], ["/p/*", "/cart"], ["/cart"]]
    links = answer.json["columns"][0]["links"]
    assert [(link["target"]["name"], link["sessions"]) for link in links] == [
        ("/p/*", 2),
        ("/cart", 1),
    ]
    assert answer.json["trails"][0]["sessions"] == 1


def test_journeys_go_back_from_a_place_under_filters() -> None:
    a_server(VISITS)
    answer = post(
        "journeys",
        start={"name": "/cart"},
        direction="backwards",
        filters=[["is", "country", ["KR"]]],
        through={"step": 2, "place": {"name": "/p/2"}},
    )
    assert labels_of(answer.json) == [["/cart"], ["/p/2"], ["/p/1"], ["/"]]
    assert answer.json["columns"][3]["nodes"][0]["through"] == 1


def test_cohorts_come_with_those_who_returned() -> None:
    a_server(VISITS)
    answer = post("retention", interval="day", timezone="UTC")
    first = answer.json["cohorts"][0]
    # Of the second day nothing is known yet at the time of asking.
    assert (first["users"], first["returned"]) == (2, [2])
    assert (answer.json["users"], answer.json["without_id"]) == (2, 0)


def test_a_return_can_be_a_goal() -> None:
    in_cart = Filter("page", Operator.IS, ("/cart",))
    Goal.objects.create(
        site=SITE,
        name="Cart",
        definition={"where": write_where(in_cart)},
        created_at=NOON,
    )
    a_server(VISITS)
    answer = post("retention", interval="day", returns=[["is", "goal", ["Cart"]]])
    assert answer.json["cohorts"][0]["returned"] == [2]


@pytest.mark.parametrize(
    ("path", "question", "field"),
    [
        ("journeys", {"steps": 99}, "steps"),
        ("journeys", {"start": {"kind": "other", "name": ""}}, "start.kind"),
        ("journeys", {"groups": ["/none"]}, "groups"),
        ("journeys", {"compare": "never"}, "compare"),
        ("retention", {"compare": ["2026-03-02", "2026-03-01"]}, "compare[1]"),
        ("journeys", {"filters": [["is", "size", ["1"]]]}, "filters"),
        ("retention", {"interval": "hour"}, "interval"),
        ("retention", {"returns": [["is", "page"]]}, "returns[0][0]"),
        ("retention", {"returns": [["is", "size", ["1"]]]}, "returns"),
        ("retention", {"returns": [["is", "goal", ["No such"]]]}, "returns"),
        ("retention", {"period": "12mo", "interval": "day"}, "interval"),
    ],
)
def test_what_cannot_be_asked_names_the_field(
    path: str, question: dict[str, object], field: str
) -> None:
    a_server()
    answer = post(path, **question)
    assert (answer.status, answer.json["error"]["field"]) == (400, field)
