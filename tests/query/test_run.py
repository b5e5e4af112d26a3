"""Questions and their answers, rule by rule, on the real warehouse."""

import msgspec
import pytest

from liveinsight.errors import QueryError
from liveinsight.query.catalog.dimensions import DIMENSIONS
from liveinsight.query.catalog.document import metrics_markdown
from liveinsight.query.catalog.metrics import METRICS, adds_up, find_metric
from liveinsight.query.model import (
    Filter,
    Interval,
    Operator,
    Order,
    Period,
    Question,
    Value,
)
from liveinsight.query.run import answer
from tests.query.tables import HOUR, MINUTE, NOON, SITE, an_event, warehouse_of

DAY = Period(NOON - 12 * HOUR, NOON + 12 * HOUR)
VISITS = [
    # anna enters at / and goes on to /a; ben comes from Google to /a and leaves.
    an_event(NOON, page="/"),
    an_event(NOON + 2 * MINUTE, page="/a"),
    an_event(NOON + 10 * MINUTE, page="/a", user_id="ben", source="Google"),
    an_event(
        NOON + 11 * MINUTE,
        page="/a",
        user_id="ben",
        event_type="engagement",
        engagement_ms=9_000,
        scroll_percent=60,
    ),
]


def ask(
    metrics: str,
    dimensions: str | tuple[str, ...] = "",
    filters: tuple[Filter, ...] = (),
    **fields: object,
) -> Question:
    """A question about DAY; `fields` replace its own."""
    question = Question(
        site=SITE,
        period=DAY,
        metrics=tuple(metrics.split()),
        dimensions=(
            tuple(dimensions.split()) if isinstance(dimensions, str) else dimensions
        ),
        filters=filters,
    )
    return msgspec.structs.replace(question, **fields)


def totals_of(question: Question) -> list[Value]:
    with warehouse_of(VISITS) as warehouse:
        return answer(question, warehouse).totals


def test_engagement_extends_a_session_and_is_no_event() -> None:
    assert totals_of(ask("events session_duration")) == [3, 90_000.0]


def test_with_a_page_filter_bounces_are_of_sessions_that_entered_there() -> None:
    on_a = (Filter("page", Operator.IS, ("/a",)),)
    assert totals_of(ask("visitors sessions bounce_rate", filters=on_a)) == [2, 2, 1.0]


def test_what_is_not_something_includes_what_is_not_set() -> None:
    not_google = (Filter("source", Operator.IS_NOT, ("Google",)),)
    assert totals_of(ask("visitors", filters=not_google)) == [1]


def test_an_empty_property_is_the_row_of_those_that_are_not_set() -> None:
    events = [
        an_event(NOON + n, properties={"plan": plan}, event_type="signup")
        for n, plan in enumerate(("", "pro"))
    ]
    events.append(an_event(NOON + 2))
    question = ask("events", dimensions=("property:plan",))
    with warehouse_of(events) as warehouse:
        rows = answer(question, warehouse).rows
    assert [(row.dimensions, row.metrics) for row in rows] == [
        ([None], [2]),
        (["pro"], [1]),
    ]


def test_nothing_to_divide_by_is_null_and_nothing_to_count_is_0() -> None:
    nobody = (Filter("country", Operator.IS, ("DE",)),)
    question = ask("visitors bounce_rate revenue exit_rate", filters=nobody)
    assert totals_of(question) == [0, None, 0.0, None]


def test_a_session_counts_in_each_hour_that_it_was_active_in() -> None:
    steps = [an_event(NOON - 10 * MINUTE + n * 25 * MINUTE) for n in range(4)]
    question = ask("sessions page_views", "time", interval=Interval.HOUR)
    with warehouse_of(steps) as warehouse:
        found = answer(question, warehouse)
    active = [row.metrics for row in found.rows if row.metrics != [0, 0]]
    assert active == [[1, 1], [1, 2], [1, 1]]
    assert len(found.rows) == 24
    assert found.totals == [1, 4]


def test_a_session_is_of_the_day_it_starts_in() -> None:
    midnight = DAY.end
    steps = [an_event(midnight - MINUTE), an_event(midnight + MINUTE)]
    two_days = Period(DAY.start, midnight + 24 * HOUR)
    question = ask(
        "sessions page_views", "time", period=two_days, interval=Interval.DAY
    )
    with warehouse_of(steps) as warehouse:
        found = answer(question, warehouse)
    assert [row.metrics for row in found.rows] == [[1, 1], [0, 1]]


def test_rows_beyond_the_limit_are_counted_and_reached() -> None:
    pages = [an_event(NOON + n, page=f"/{n}") for n in range(5)]
    question = ask("page_views", "page", limit=2, offset=4)
    with warehouse_of(pages) as warehouse:
        found = answer(question, warehouse)
    assert [row.dimensions for row in found.rows] == [["/4"]]
    assert found.row_count == 5


def test_rows_are_the_same_without_totals() -> None:
    question = ask("visitors", "page", compare=DAY)
    with warehouse_of(VISITS) as warehouse:
        whole = answer(question, warehouse)
        rows_alone = answer(question, warehouse, with_totals=False)
    assert rows_alone.rows == whole.rows
    assert (rows_alone.totals, rows_alone.totals_change) == ([], None)


def test_rows_come_in_the_order_asked_for() -> None:
    question = ask("visitors page_views", "page", order_by=(Order("page"),))
    with warehouse_of(VISITS) as warehouse:
        found = answer(question, warehouse)
    assert [row.dimensions[0] for row in found.rows] == ["/a", "/"]


def test_the_n_th_bucket_is_compared_with_the_n_th_before() -> None:
    events = [an_event(NOON - 24 * HOUR), an_event(NOON), an_event(NOON + 1)]
    question = ask(
        "page_views",
        "time",
        interval=Interval.HOUR,
        compare=Period(DAY.start - 24 * HOUR, DAY.start),
    )
    with warehouse_of(events) as warehouse:
        row = answer(question, warehouse).rows[12]
    assert (row.metrics, row.before, row.change) == ([2], [1], [1.0])


def test_all_sites_together_are_asked_with_none() -> None:
    events = [an_event(NOON), an_event(NOON, site="b.example")]
    with warehouse_of(events) as warehouse:
        assert answer(ask("visitors", site=None), warehouse).totals == [2]
        assert answer(ask("visitors"), warehouse).totals == [1]


INJECTION = "page from events; drop table events --"
WRONG = {
    "metric": (ask(f"visitors {INJECTION.split()[1]}"), "metrics"),
    "no metric": (ask(""), "metrics"),
    "twice": (ask("visitors visitors"), "metrics"),
    "dimension": (ask("visitors", dimensions="e.page"), "dimensions"),
    "filter": (
        ask("visitors", filters=(Filter(INJECTION, Operator.IS, ("x",)),)),
        "filters",
    ),
    "filter by time": (
        ask("visitors", filters=(Filter("time", Operator.IS, ("1",)),)),
        "filters",
    ),
    "no values": (
        ask("visitors", filters=(Filter("page", Operator.IS, ()),)),
        "filters",
    ),
    "order": (ask("visitors", order_by=(Order(INJECTION),)), "order_by"),
    "zone": (ask("visitors", timezone=INJECTION), "timezone"),
    "period": (ask("visitors", period=Period(5, 5)), "period"),
    "compare": (ask("visitors", compare=Period(5, 4)), "compare"),
    "series compared by page": (ask("visitors", "time page", compare=DAY), "compare"),
    "limit": (ask("visitors", limit=0), "limit"),
    "offset": (ask("visitors", offset=-1), "offset"),
    "interval": (ask("visitors", interval=Interval.DAY), "interval"),
    "many buckets": (
        ask("visitors", "time", interval=Interval.MINUTE, period=Period(0, NOON)),
        "interval",
    ),
    "a moment in a series": (ask("current_visitors", "time"), "metrics"),
    "site": (ask("visitors", site="\ud800"), "site"),
    "surrogate": (ask("visitors", "property:\ud800"), "dimensions"),
}


@pytest.mark.parametrize(("question", "field"), WRONG.values(), ids=list(WRONG))
def test_what_cannot_be_answered_names_its_field(
    question: Question, field: str
) -> None:
    with warehouse_of([]) as warehouse, pytest.raises(QueryError) as raised:
        answer(question, warehouse)
    assert raised.value.field == field


def test_values_are_never_sql() -> None:
    value = "' or 1=1; drop table events; --"
    condition = Filter("page", Operator.IS, (value,))
    name = f"property:{value}"
    with warehouse_of([*VISITS, an_event(NOON + 1, page=value)]) as warehouse:
        found = answer(ask("page_views", "page", (condition,)), warehouse)
        by_property = answer(ask("events", dimensions=(name,)), warehouse)
    assert found.rows[0].dimensions == [value]
    assert by_property.totals == [4]


@pytest.mark.parametrize(
    "value", ["nul\0nul", "%", "_", "\\", "$1", ":property", "?", "é😀"]
)
def test_every_text_can_be_looked_for(value: str) -> None:
    contains = (Filter("page", Operator.CONTAINS, (value,)),)
    with warehouse_of([*VISITS, an_event(NOON + 1, page=f"/{value}/")]) as warehouse:
        assert answer(ask("page_views", filters=contains), warehouse).totals == [1]


def test_the_page_knows_what_does_not_add_up() -> None:
    sessions = find_metric("sessions")
    assert adds_up(find_metric("page_views"), ["page"], Interval.DAY)
    assert not adds_up(find_metric("visitors"), ["page"], Interval.DAY)
    assert adds_up(sessions, ["source"], Interval.DAY)
    assert adds_up(sessions, ["time"], Interval.DAY)
    assert not adds_up(sessions, ["time"], Interval.HOUR)
    assert not adds_up(sessions, ["page"], Interval.DAY)


def test_the_document_names_every_metric_and_dimension() -> None:
    text = metrics_markdown()
    assert all(f"| `{name}` |" in text for name in (*METRICS, *DIMENSIONS))
