"""The SQL of retention says what the oracle says; and what cannot be asked."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from liveinsight.core.event import Event
from liveinsight.errors import QueryError
from liveinsight.query.model import Filter, Interval, Operator, Period
from liveinsight.query.retention import (
    Retention,
    RetentionQuestion,
    answer_retention,
)
from tests import oracle_retention
from tests.query.sites import cases, comparisons
from tests.query.tables import HOUR, MINUTE, NOON, SITE, an_event, warehouse_of

DAY = 24 * HOUR
MIDNIGHT = NOON - 12 * HOUR
"""Of a Sunday."""


@st.composite
def retention_cases(draw: st.DrawFn) -> tuple[list[Event], RetentionQuestion]:
    """Visits, some without a lasting id, and any question about who came again."""
    events, question = draw(cases())
    derived = draw(st.sampled_from(((), ("c",), ("anna", "ben"))))
    known = [
        msgspec.structs.replace(e, user_id=None, visitor_id=e.user_id)
        if e.user_id in derived
        else e
        for e in events
    ]
    conversion = Filter("event_type", Operator.IS, ("conversion",))
    asked = RetentionQuestion(
        site=question.site,
        timezone=question.timezone,
        period=question.period,
        interval=draw(st.sampled_from((Interval.DAY, Interval.WEEK, Interval.MONTH))),
        filters=question.filters if draw(st.booleans()) else (),
        returns=draw(st.sampled_from(((), (conversion,), question.filters))),
        goals=question.goals,
        compare=draw(comparisons(question)),
    )
    return known, asked


@given(case=retention_cases())
@settings(max_examples=30)
def test_retention_equals_the_oracle(
    case: tuple[list[Event], RetentionQuestion],
) -> None:
    events, asked = case
    with warehouse_of(events) as warehouse:
        found = answer_retention(asked, warehouse)
    assert found == oracle_retention.retention(events, asked)


def on_days(user: str, *days: float, **fields: object) -> list[Event]:
    """A page view at noon of each of these days, from the first of March on."""
    return [
        an_event(
            NOON + int(day * DAY),
            **{"event_id": f"evt_{user}_{n:04}", "user_id": user} | fields,
        )
        for n, day in enumerate(days)
    ]


def ask(happened: list[Event], /, **fields: object) -> Retention:
    asked = RetentionQuestion(
        site=SITE, period=Period(MIDNIGHT, MIDNIGHT + 3 * DAY), interval=Interval.DAY
    )
    with warehouse_of(happened) as warehouse:
        return answer_retention(msgspec.structs.replace(asked, **fields), warehouse)


def test_a_cohort_is_followed_from_its_first_day() -> None:
    found = ask(on_days("anna", 0, 1, 2) + on_days("ben", 0, 2) + on_days("c", 1))
    assert [(c.users, c.returned) for c in found.cohorts] == [
        (2, [2, 1, 2]),
        (1, [1, 0]),
        (0, [0]),
    ]
    assert found.average == [1.0, 1 / 3, 1.0]
    assert found.users == 3


def test_an_interval_that_is_not_over_is_in_no_average() -> None:
    visits = on_days("anna", 0, 1) + on_days("ben", 1)
    found = ask(visits, period=Period(MIDNIGHT, NOON + DAY + HOUR))
    assert [cohort.complete for cohort in found.cohorts] == [1, 0]
    assert found.average == [1.0, None]


def test_who_came_before_the_period_is_in_no_cohort() -> None:
    found = ask(on_days("anna", -1, 0, 1) + on_days("ben", 0, 1))
    assert found.cohorts[0].users == 1


def test_a_period_that_begins_in_a_week_is_of_the_whole_week() -> None:
    found = ask(on_days("anna", -5, 2), interval=Interval.WEEK)
    monday = MIDNIGHT - 6 * DAY
    assert [(c.start, c.users, c.returned) for c in found.cohorts] == [
        (monday, 1, [1, 1]),
        (monday + 7 * DAY, 0, [0]),
    ]


def test_users_without_a_lasting_id_are_counted_apart() -> None:
    visits = on_days("x", 0, user_id=None, visitor_id="x") + on_days("anna", 0)
    found = ask(visits)
    assert (found.users, found.without_id) == (1, 1)


def test_filters_are_about_the_interval_of_the_first_visit() -> None:
    visits = on_days("anna", 0, page="/a")
    visits += [an_event(NOON + DAY, event_id="evt_late_1", page="/b")]
    visits += [an_event(NOON + MINUTE, event_id="evt_ben_b", user_id="ben", page="/b")]
    found = ask(visits, filters=(Filter("page", Operator.IS, ("/b",)),))
    first = found.cohorts[0]
    assert (first.users, first.returned) == (1, [1, 0, 0])


def test_a_return_can_be_asked_to_be_a_conversion() -> None:
    visits = on_days("anna", 0, 1)
    visits += [an_event(NOON + 2 * DAY, event_id="evt_buy_1", event_type="conversion")]
    bought = Filter("event_type", Operator.IS, ("conversion",))
    assert ask(visits, returns=(bought,)).cohorts[0].returned == [0, 0, 1]


def test_averages_are_compared_with_those_of_the_other_period_in_points() -> None:
    earlier = on_days("a", -4, -3) + on_days("b", -4) + on_days("c", -4, -3, -2)
    found = ask(
        earlier + on_days("anna", 0, 1) + on_days("ben", 0),
        compare=Period(MIDNIGHT - 4 * DAY, MIDNIGHT - 2 * DAY),
    )
    assert (found.users, found.users_before) == (2, 3)
    assert found.average_before == [1.0, 2 / 3, None]
    assert found.average_change == [0.0, 1 / 2 - 2 / 3, None]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"compare": Period(NOON, NOON)}, "compare"),
        ({"compare": Period(MIDNIGHT, MIDNIGHT + 101 * DAY)}, "interval"),
        ({"interval": Interval.HOUR}, "interval"),
        ({"period": Period(MIDNIGHT, MIDNIGHT + 101 * DAY)}, "interval"),
        ({"period": Period(NOON, NOON)}, "period"),
        ({"timezone": "Mars/Base"}, "timezone"),
        ({"site": "\ud800"}, "site"),
        ({"filters": (Filter("size", Operator.IS, ("1",)),)}, "filters"),
        ({"returns": (Filter("goal", Operator.IS, ("none",)),)}, "returns"),
    ],
)
def test_what_cannot_be_asked_names_the_field(
    fields: dict[str, object], field: str
) -> None:
    with pytest.raises(QueryError) as refused:
        ask([], **fields)
    assert refused.value.field == field
