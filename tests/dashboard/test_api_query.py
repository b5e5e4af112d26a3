"""POST /api/v1/query, and the same as a GET."""

import json
from typing import Any

from django.test import Client

from liveinsight.core.event import Revenue
from liveinsight.dashboard.keys import add_key
from tests.dashboard.clients import Answer
from tests.dashboard.project import NOW, SITE, a_server, a_visit_of
from tests.query.tables import HOUR, NOON, an_event

PATH = "/api/v1/query"
DAY = [NOON - 12 * HOUR, NOON + 12 * HOUR]
VISITS = [
    *a_visit_of("/", "/shoes", "/cart", user="anna", source="Google", country="KR"),
    *a_visit_of("/", user="ben", country="DE"),
    *a_visit_of("/", user="eve", site="other.example"),
    *a_visit_of("/", user="old", at=NOON - 24 * HOUR, country="DE"),
    an_event(NOON + 180_000, event_id="evt_bought", event_type="conversion",
             session_id="sess_anna", session_sent=True, page="/cart",
             revenue=Revenue(amount=12.5, currency="EUR")),
]  # fmt: skip


def post(question: object, key: str | None = None, query: str = "") -> Answer:
    """What is answered to the holder of `key` (a new one that reads all)."""
    key = add_key("test") if key is None else key
    return Answer(
        Client().post(
            PATH + query,
            question if isinstance(question, bytes) else json.dumps(question).encode(),
            content_type="application/json",
            headers={"Authorization": f"Bearer {key}"},
        )
    )


def ask(metrics: str, dimensions: str = "", **more: object) -> Any:
    """The answer about the day of the visits."""
    question: dict[str, object] = {
        "site": SITE,
        "period": DAY,
        "metrics": metrics.split(),
        "dimensions": dimensions.split(),
    }
    answer = post(question | more)
    assert answer.status == 200, answer.json
    return answer.json


def rows_of(answer: Any) -> dict[str | None, list[float | None]]:
    """The metrics by the first dimension."""
    return {row["dimensions"][0]: row["metrics"] for row in answer["results"]}


def test_metrics_come_by_dimension_with_their_totals() -> None:
    a_server(VISITS)
    answer = ask("visitors page_views revenue", "source")
    assert answer["results"] == [
        {"dimensions": ["Google"], "metrics": [1, 3, 12.5]},
        {"dimensions": [None], "metrics": [1, 1, 0.0]},
    ]
    assert answer["totals"] == {"metrics": [2, 4, 12.5]}
    assert (answer["row_count"], answer["next"]) == (2, None)
    assert answer["as_of"] == NOW
