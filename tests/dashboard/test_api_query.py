"""POST /api/v1/query, and the same as a GET."""

import csv
import io
import json
from secrets import token_hex
from typing import Any

import pytest
from django.test import Client

from liveinsight.core.event import Revenue
from liveinsight.dashboard.api_v1 import door
from liveinsight.dashboard.api_v1.endpoint import Caller
from liveinsight.dashboard.keys import add_key, find_key
from liveinsight.dashboard.models import Goal, Segment
from liveinsight.dashboard.rights import Asker
from liveinsight.dashboard.sites import add_site
from liveinsight.store.warehouse import Warehouse
from tests.dashboard.clients import Answer, an_account, nobody
from tests.dashboard.project import NOW, SITE, Stats, a_server, a_visit_of
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
    key = add_key(token_hex(4)) if key is None else key
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


def test_what_waits_in_the_inbox_is_not_said_to_be_counted() -> None:
    stats = Stats(backlog_events=3, applied_through_received_at=NOON)
    a_server(VISITS, stats=stats)
    assert ask("visitors")["as_of"] == NOON


def test_a_comparison_comes_with_each_row_and_the_totals() -> None:
    a_server(VISITS)
    answer = ask("visitors bounce_rate", "country", compare="previous")
    assert answer["results"] == [
        {
            "dimensions": ["DE"],
            "metrics": [1, 1.0],
            "before": [1, 1.0],
            "change": [0.0, 0.0],
        },
        {
            "dimensions": ["KR"],
            "metrics": [1, 0.0],
            "before": [0, None],
            "change": [None, None],
        },
    ]
    assert answer["totals"] == {
        "metrics": [2, 0.5],
        "before": [1, 1.0],
        "change": [1.0, -0.5],
    }
    # As much of the day before as there is of the day.
    assert answer["query"]["compare"] == [DAY[0] - 24 * HOUR, NOW - 24 * HOUR]


def test_the_question_that_is_told_back_can_be_asked_again() -> None:
    add_site(SITE, "Asia/Seoul")
    a_server(VISITS)
    filters = [["or", [["is", "country", ["KR"]], ["not", ["is", "page", ["/"]]]]]]
    first = post(
        {
            "metrics": ["visitors"],
            "dimensions": ["time"],
            "period": "7d",
            "filters": filters,
            "compare": "year",
            "order_by": [["time", "asc"]],
        }
    ).json
    said = first["query"]
    assert (said["site"], said["timezone"]) == (SITE, "Asia/Seoul")
    assert (said["interval"], said["filters"]) == ("day", filters)
    assert post(said).json == first


def test_rows_beyond_the_limit_are_fetched_by_next() -> None:
    pages = [
        an_event(NOON + n, event_id=f"evt_{n:08}", page=f"/{n}", page_url=None)
        for n in range(5)
    ]
    a_server(pages)
    found: list[str] = []
    offset: int | None = 0
    while offset is not None:
        answer = ask("page_views", "page", limit=2, offset=offset)
        found += [row["dimensions"][0] for row in answer["results"]]
        offset = answer["next"]
    assert sorted(found) == ["/0", "/1", "/2", "/3", "/4"]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        pytest.param([["is", "country", ["KR", "FR"]]], 1, id="is"),
        pytest.param([["is_not", "source", ["Google"]]], 1, id="is not"),
        pytest.param([["contains", "page", ["sho"]]], 1, id="contains"),
        pytest.param([["matches", "page", ["^/(cart|shoes)$"]]], 1, id="matches"),
        pytest.param(
            [["and", [["is", "country", ["KR"]], ["is", "country", ["DE"]]]]],
            0,
            id="and",
        ),
        pytest.param([["not", ["is", "country", ["KR"]]]], 1, id="not"),
        pytest.param([["has_done", ["is", "page", ["/cart"]]]], 1, id="has done"),
        pytest.param([["has_not_done", ["is", "page", ["/cart"]]]], 1, id="has not"),
    ],
)
def test_filters_of_every_form_narrow_the_numbers(
    filters: list[Any], expected: int
) -> None:
    a_server(VISITS)
    assert ask("visitors", filters=filters)["totals"]["metrics"] == [expected]


def test_a_saved_segment_is_a_filter() -> None:
    a_server(VISITS)
    segment = Segment.objects.create(
        site=SITE,
        name="Koreans",
        filters=[["is", "country", ["KR"]]],
        created_at=NOON,
    )
    filters = [["is", "segment", [str(segment.pk)]]]
    answer = ask("visitors page_views", filters=filters)
    assert answer["totals"]["metrics"] == [1, 3]
    assert answer["query"]["filters"] == filters
    segment.delete()


def test_a_goal_of_the_site_is_a_dimension() -> None:
    a_server(VISITS)
    row = Goal.objects.create(
        site=SITE,
        name="Saw the cart",
        definition={"action": {"page": "/cart"}},
        created_at=NOON,
    )
    answer = ask("conversions", filters=[["is", "goal", ["Saw the cart"]]])
    assert answer["totals"]["metrics"] == [1]
    row.delete()


def test_the_same_question_in_the_address_gets_the_same_answer() -> None:
    a_server(VISITS)
    question = {"site": SITE, "period": DAY, "metrics": ["visitors"]}
    key = add_key("get")
    response = Client().get(
        PATH,
        {"question": json.dumps(question)},
        headers={"Authorization": f"Bearer {key}"},
    )
    assert response.json() == post(question).json


def test_an_account_needs_no_key_and_no_token_of_a_form() -> None:
    client = an_account()
    client.handler.enforce_csrf_checks = True
    response = client.post(PATH, b'{"metrics":["visitors"]}', "application/json")
    assert response.status_code == 200


def test_csv_has_the_same_numbers_and_calculates_nothing() -> None:
    evil = "=HYPERLINK(1)"
    a_server([*VISITS, *a_visit_of(evil, user="mallory")])
    question = {
        "site": SITE,
        "period": DAY,
        "metrics": ["visitors", "bounce_rate"],
        "dimensions": ["page"],
        "compare": "previous",
    }
    key = add_key("csv")
    response = Client().post(
        PATH + "?format=csv",
        json.dumps(question),
        content_type="application/json",
        headers={"Authorization": f"Bearer {key}"},
    )
    assert response.headers["Content-Type"].startswith("text/csv; charset=utf-8")
    assert "shop.example-query.csv" in response.headers["Content-Disposition"]
    heads, *rows = csv.reader(io.StringIO(response.content.decode()))
    assert heads == [
        "page", "visitors", "bounce_rate", "visitors_before", "bounce_rate_before",
        "visitors_change", "bounce_rate_change",
    ]  # fmt: skip
    told = post(question).json["results"]
    assert len(rows) == len(told)
    for row, said in zip(rows, told, strict=True):
        page = said["dimensions"][0]
        assert row[0] == ("'" + evil if page == evil else page)
        numbers = [*said["metrics"], *said["before"], *said["change"]]
        assert row[1:] == ["" if n is None else json.dumps(n) for n in numbers]


WRONG = {
    "no JSON": (b"{", "question"),
    "no UTF-8": (b'{"metrics": ["\xff"]}', "question"),
    "half a pair": (b'{"metrics": ["\\ud800"]}', "question"),
    "very deep": (b"[" * 100_000, "question"),
    "a list": ([], "question"),
    "no metric": ({"metrics": []}, "metrics"),
    "metrics missing": ({}, "metrics"),
    "unknown metric": ({"metrics": ["visits"]}, "metrics"),
    "unknown field": ({"metrics": ["visitors"], "metric": 1}, "metric"),
    "unknown dimension": ({"dimensions": ["pages"]}, "dimensions"),
    "twice": ({"dimensions": ["page", "page"]}, "dimensions"),
    "a number as a name": ({"dimensions": [1]}, "dimensions[0]"),
    "interval without time": ({"interval": "day"}, "interval"),
    "unknown interval": ({"dimensions": ["time"], "interval": "year"}, "interval"),
    "a moment by time": (
        {"metrics": ["current_visitors"], "dimensions": ["time"]},
        "metrics",
    ),
    "unknown period": ({"period": "8d"}, "period"),
    "an empty name": ({"period": ""}, "period"),
    "half a period": ({"period": ["2026-01-01"]}, "period"),
    "no date": ({"period": ["2026-13-01", "2026-01-02"]}, "period[0]"),
    "words": ({"period": ["2026-01-01", "now"]}, "period[1]"),
    "backwards": ({"period": ["2026-01-02", "2025-01-01"]}, "period[1]"),
    "before 2000": ({"period": [1, 2]}, "period[0]"),
    "compare": ({"compare": "before"}, "compare"),
    "compare backwards": ({"compare": ["2026-01-02", "2025-01-01"]}, "compare[1]"),
    "order": ({"order_by": [["sessions", "desc"]]}, "order_by"),
    "order's way": ({"order_by": [["visitors", "up"]]}, "order_by[0][1]"),
    "no rows": ({"limit": 0}, "limit"),
    "too many rows": ({"limit": 10_001}, "limit"),
    "rows as text": ({"limit": "10"}, "limit"),
    "before the first": ({"offset": -1}, "offset"),
    "no filter": ({"filters": [[]]}, "filters[0]"),
    "unknown operator": ({"filters": [["like", "page", ["/"]]]}, "filters[0][0]"),
    "no values": ({"filters": [["is", "page", []]]}, "filters"),
    "unknown field of a filter": ({"filters": [["is", "pages", ["/"]]]}, "filters"),
    "time as a filter": ({"filters": [["is", "time", ["1"]]]}, "filters"),
    "no regular expression": ({"filters": [["matches", "page", ["("]]]}, "filters"),
    "no segment": ({"filters": [["is", "segment", ["77"]]]}, "filters"),
    "no goal": ({"filters": [["is", "goal", ["None"]]]}, "filters"),
    "no zone": ({"timezone": "Mars/Olympus"}, "timezone"),
    "a path as zone": ({"timezone": "../../etc/passwd"}, "timezone"),
    "no site": ({"site": "///"}, "site"),
    "attribution": ({"attribution": "linear"}, "attribution"),
}


@pytest.mark.parametrize(("question", "field"), WRONG.values(), ids=WRONG.keys())
def test_what_cannot_be_answered_is_400_and_names_the_field(
    question: Any, field: str
) -> None:
    if isinstance(question, dict) and question and "metric" not in question:
        question = {"metrics": ["visitors"]} | question
    answer = post(question)
    assert (answer.status, answer.json["error"]["field"]) == (400, field), answer.json
    assert answer.json["error"]["reason"]


def test_an_address_without_a_question_is_400() -> None:
    response = an_account().get(PATH)
    assert response.status_code == 400
    assert response.json()["error"]["field"] == "question"


def test_an_unknown_form_is_400() -> None:
    answer = post({"metrics": ["visitors"]}, query="?format=xlsx")
    assert (answer.status, answer.json["error"]["field"]) == (400, "format")


def test_nobody_gets_no_number() -> None:
    response = nobody().post(PATH, b'{"metrics":["visitors"]}', "application/json")
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_key_of_one_site_reads_that_site_and_no_other() -> None:
    a_server(VISITS)
    key = add_key("one", SITE)
    other = {"metrics": ["visitors"], "period": DAY, "site": "other.example"}
    assert post(other, key).status == 403
    answer = post({"metrics": ["visitors"], "period": DAY}, key).json
    assert answer["query"]["site"] == SITE
    assert answer["totals"]["metrics"] == [2]


def test_a_site_that_is_not_configured_is_404() -> None:
    add_site(SITE)
    assert post({"metrics": ["visitors"], "site": "b.example"}).status == 404


def test_other_methods_are_405() -> None:
    response = an_account().put(PATH, b"{}", "application/json")
    assert response.status_code == 405
    assert response.headers["Allow"] == "GET, HEAD, POST"


def test_a_warehouse_that_is_being_rebuilt_is_503() -> None:
    server = a_server(VISITS)
    assert isinstance(server.reader, Warehouse)
    server.reader.close()
    answer = post({"metrics": ["visitors"]})
    assert answer.status == 503
    assert answer.headers["Retry-After"] == "1"


def test_each_key_may_ask_so_often_in_a_minute_and_is_told_when_again() -> None:
    key, other = add_key("busy"), add_key("calm")
    found = find_key(key)
    assert found is not None
    caller = Caller(asker=Asker(key_id=found.pk), now=NOW - 1)
    for _ in range(598):
        assert door.wait_seconds(caller) == 0
    question = {"metrics": ["visitors"]}
    assert [post(question, key).status for _ in range(4)] == [200, 200, 429, 429]
    refused = post(question, key)
    assert refused.headers["Retry-After"] == "60"
    assert refused.json["error"]["field"] == "requests"
    assert post(question, other).status == 200
