"""Which of a user's visits a source is of."""

import pytest

from liveinsight.core.event import Event
from liveinsight.query.model import Attribution, Filter, Operator, Period, Question
from liveinsight.query.run import answer
from tests.query.tables import HOUR, NOON, SITE, an_event, warehouse_of

DAY = 24 * HOUR


def a_visit(at: int, source: str | None, **fields: object) -> Event:
    channel = "Organic Search" if source else "Direct"
    return an_event(at, source=source, channel=channel, **fields)


def a_sale(at: int, source: str | None = None, **fields: object) -> list[Event]:
    """A visit that converts."""
    sold = an_event(at + 1_000, event_type="conversion", event_id=f"evt_sold_{at}")
    return [a_visit(at, source, **fields), sold]


CASES = {
    "one direct visit": (a_sale(NOON), [None, None, None]),
    "a known visit long before": (
        [a_visit(NOON - 90 * DAY, "Bing"), *a_sale(NOON)],
        [None, "Bing", "Bing"],
    ),
    "two known visits before": (
        [a_visit(NOON - 9 * DAY, "Bing"), a_visit(NOON - DAY, "Kagi"), *a_sale(NOON)],
        [None, "Bing", "Kagi"],
    ),
    "direct at first": (
        [a_visit(NOON - 9 * DAY, None), a_visit(NOON - DAY, "Kagi"), *a_sale(NOON)],
        [None, None, "Kagi"],
    ),
    "its own visit is known": (
        [a_visit(NOON - 9 * DAY, "Bing"), *a_sale(NOON, "Kagi")],
        ["Kagi", "Bing", "Kagi"],
    ),
    "a known visit afterwards": (
        [*a_sale(NOON), a_visit(NOON + DAY, "Kagi")],
        [None, None, None],
    ),
    "a visit to another site": (
        [a_visit(NOON - DAY, "Kagi", site="other.example"), *a_sale(NOON)],
        [None, None, None],
    ),
    "another user's visit": (
        [a_visit(NOON - DAY, "Kagi", user_id="ben"), *a_sale(NOON)],
        [None, None, None],
    ),
    "a visit without more than engagement": (
        [
            a_visit(NOON - DAY, "Kagi", event_type="engagement", engagement_ms=5),
            *a_sale(NOON),
        ],
        [None, None, None],
    ),
}


@pytest.mark.parametrize("site", [SITE, None])
@pytest.mark.parametrize("name", CASES)
def test_a_conversion_counts_for_the_chosen_visit(name: str, site: str | None) -> None:
    events, expected = CASES[name]
    found = []
    with warehouse_of(events) as warehouse:
        for attribution in Attribution:
            question = Question(
                site=site,
                period=Period(NOON - HOUR, NOON + HOUR),
                metrics=("conversions",),
                dimensions=("source",),
                filters=(Filter("event_type", Operator.IS, ("conversion",)),),
                attribution=attribution,
            )
            (row,) = answer(question, warehouse).rows
            assert row.metrics == [1]
            found.append(row.dimensions[0])
    assert found == expected


def test_every_metric_and_filter_is_about_the_same_visit() -> None:
    events = [a_visit(NOON - DAY, "Bing"), *a_sale(NOON)]
    with warehouse_of(events) as warehouse:
        found = answer(
            Question(
                site=SITE,
                period=Period(NOON - HOUR, NOON + HOUR),
                metrics=("visitors", "sessions", "bounce_rate", "conversion_rate"),
                dimensions=("source", "channel"),
                filters=(Filter("source", Operator.IS, ("Bing",)),),
                attribution=Attribution.LAST,
            ),
            warehouse,
        )
    assert [row.dimensions for row in found.rows] == [["Bing", "Organic Search"]]
    assert found.rows[0].metrics == found.totals == [1, 1, 0.0, 1.0]
