"""The numbers of one page, and of one answer, agree while events come in."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count

import msgspec
import pytest
from django.test import Client

from liveinsight.core.ports import Reader
from liveinsight.dashboard import runtime
from liveinsight.dashboard.keys import add_key
from liveinsight.store.warehouse import Warehouse
from tests.dashboard.clients import an_account
from tests.dashboard.project import SITE, a_server, a_visit_of
from tests.query.tables import HOUR, NOON

Rows = list[tuple[object, ...]]


class Growing:
    """A warehouse in which a visitor comes after each question."""

    def __init__(self, warehouse: Warehouse) -> None:
        self.warehouse = warehouse
        self.numbers = count()

    def query(self, sql: str, params: Sequence[object] = ()) -> Rows:
        return self.then_grow(self.warehouse.query(sql, params))

    @contextmanager
    def snapshot(self) -> Iterator[Reader]:
        with self.warehouse.snapshot() as moment:
            yield GrowingMoment(moment, self)

    def then_grow(self, rows: Rows) -> Rows:
        number = next(self.numbers)
        at = NOON + 1_000 * number
        self.warehouse.apply(a_visit_of(f"/p{number % 3}", user=f"u{number}", at=at))
        return rows


class GrowingMoment:
    """One moment of it."""

    def __init__(self, moment: Reader, growing: Growing) -> None:
        self.moment = moment
        self.growing = growing

    def query(self, sql: str, params: Sequence[object] = ()) -> Rows:
        return self.growing.then_grow(self.moment.query(sql, params))


@pytest.fixture
def growing() -> Growing:
    server = a_server([*a_visit_of("/p0", user="anna"), *a_visit_of("/p1", user="ben")])
    assert isinstance(server.reader, Warehouse)
    growing = Growing(server.reader)
    runtime.bind(msgspec.structs.replace(server, reader=growing, hosts=lambda: {SITE}))
    return growing


def test_rows_and_totals_of_an_answer_agree(growing: Growing) -> None:
    question = {
        "site": SITE,
        "period": [NOON - HOUR, NOON + HOUR],
        "metrics": ["page_views", "visitors"],
        "dimensions": ["page"],
    }
    for _ in range(3):
        response = Client().post(
            "/api/v1/query",
            json.dumps(question),
            content_type="application/json",
            headers={"Authorization": f"Bearer {add_key(f'k{next(growing.numbers)}')}"},
        )
        found = response.json()
        for index in (0, 1):
            rows = sum(row["metrics"][index] for row in found["results"])
            assert rows == found["totals"]["metrics"][index]


def test_cards_and_panels_of_a_page_agree(growing: Growing) -> None:
    browser = an_account()
    for _ in range(3):
        page = browser.get("/statistics/", {"site": SITE, "period": "7d"})
        visitors = page.context["cards"][0].total
        charted = sum(int(row.value) for row in page.context["series"].rows)
        listed = sum(bar.number for bar in page.context["panels"][0].bars)
        assert visitors == charted == listed
