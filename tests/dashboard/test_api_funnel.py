"""POST /api/v1/funnel and /api/v1/funnel_sessions."""

import json

import pytest
from django.test import Client

from liveinsight.dashboard.funnels import FunnelDefinition, StepDefinition, add_funnel
from liveinsight.dashboard.goals import add_goal
from liveinsight.dashboard.keys import add_key
from liveinsight.dashboard.models import ApiKey
from liveinsight.query.actions import Action, Definition
from tests.dashboard.clients import Answer, ask
from tests.dashboard.project import NOW, SITE, a_server, a_visit_of
from tests.query.tables import HOUR, MINUTE

PERIOD = [NOW - 12 * HOUR, NOW]
VISITS = [
    *a_visit_of("/", "/cart", "/done", user="anna", at=NOW - HOUR, country="KR"),
    *a_visit_of("/", "/cart", user="ben", at=NOW - HOUR, country="DE"),
    *a_visit_of("/", user="cleo", at=NOW - 2 * HOUR, country="DE"),
]
STEPS = [
    {"name": "Home", "filter": ["is", "page", ["/"]]},
    {"name": "Cart", "filter": ["is", "page", ["/cart"]]},
    {"name": "Done", "filter": ["is", "page", ["/done"]]},
]


def post(path: str, **question: object) -> Answer:
    """What is answered to the holder of a key; by GET, as a link would ask."""
    asked = {"site": SITE, "period": PERIOD} | question
    key = add_key(f"key {ApiKey.objects.count()}")
    return ask(f"/api/v1/{path}", key, question=json.dumps(asked))


def test_a_funnel_of_steps_is_answered_with_rates_times_and_rows() -> None:
    a_server(VISITS)
    answer = post("funnel", steps=STEPS, dimension="country", compare="previous")
    assert answer.status == 200, answer.json
    totals = answer.json["totals"]
    assert [(s["name"], s["visitors"]) for s in totals["steps"]] == [
        ("Home", 3),
        ("Cart", 2),
        ("Done", 1),
    ]
    assert (totals["conversion_rate"], totals["median_ms"]) == (1 / 3, 2 * MINUTE)
    assert answer.json["before"]["steps"][0]["visitors"] == 0
    rows = {row["label"]: row["counts"] for row in answer.json["rows"]}
    assert [s["visitors"] for s in rows["DE"]["steps"]] == [2, 1, 0]
    assert (answer.json["row_count"], answer.json["next"]) == (2, None)


def test_a_saved_funnel_is_asked_by_its_name() -> None:
    a_server(VISITS)
    add_goal(SITE, "Done", Definition(action=Action(page="/done")))
    steps = (
        StepDefinition(action=Action(page="/")),
        StepDefinition(action=Action(page="/done")),
    )
    add_funnel(SITE, "Purchase", FunnelDefinition(steps=steps))
    saved = post("funnel", funnel="Purchase")
    spelled = post(
        "funnel",
        steps=[
            {"name": "/", "filter": ["is", "page", ["/"]]},
            {"name": "/done", "filter": ["is", "goal", ["Done"]]},
        ],
    )
    assert saved.status == 200, saved.json
    assert saved.json["totals"] == spelled.json["totals"]
    assert post("funnel", funnel="Other").status == 404


def test_those_who_stopped_are_listed_page_by_page() -> None:
    a_server(VISITS)
    answer = post("funnel_sessions", steps=STEPS, step=1, limit=1)
    assert answer.status == 200, answer.json
    assert [row["user_id"] for row in answer.json["results"]] == ["cleo"]
    assert (answer.json["row_count"], answer.json["next"]) == (1, None)
    done = post("funnel_sessions", steps=STEPS, step=3)
    assert [row["session_id"] for row in done.json["results"]] == ["sess_anna"]


@pytest.mark.parametrize(
    ("question", "field"),
    [
        ({}, "steps"),
        ({"steps": STEPS[:1]}, "steps"),
        ({"steps": STEPS, "funnel": "Purchase"}, "funnel"),
        ({"steps": [*STEPS, {"filter": ["is", "nothing", ["x"]]}]}, "steps[3]"),
        ({"steps": [*STEPS, {"filter": ["is"]}]}, "steps[3].filter"),
        ({"steps": [*STEPS, {"filter": ["is", "goal", ["No"]]}]}, "steps[3]"),
        (
            {"steps": [*STEPS, {"filter": ["is", "segment", ["9"]]}]},
            "steps[3].filter",
        ),
        ({"steps": STEPS, "window_ms": 5}, "window_ms"),
        ({"steps": STEPS, "sequence": "random"}, "sequence"),
        ({"steps": STEPS, "dimension": "time"}, "dimension"),
    ],
)
def test_what_cannot_be_asked_names_its_field(
    question: dict[str, object], field: str
) -> None:
    a_server()
    answer = post("funnel", **question)
    assert (answer.status, answer.json["error"]["field"]) == (400, field)


def test_a_funnel_comes_as_csv_with_a_row_for_each_step() -> None:
    a_server(VISITS)
    question = {"site": SITE, "period": PERIOD, "steps": STEPS, "dimension": "country"}
    key = add_key("csv")
    text = (
        Client()
        .get(
            "/api/v1/funnel",
            {"question": json.dumps(question), "format": "csv"},
            headers={"Authorization": f"Bearer {key}"},
        )
        .content.decode()
    )
    lines = text.splitlines()
    assert lines[0].startswith("label,step,name,visitors,dropped")
    assert lines[1].startswith("*,1,Home,3,1,1.0,1.0,")
    assert len(lines) == 1 + 3 * 3
