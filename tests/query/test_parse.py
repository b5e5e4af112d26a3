"""Questions from the text of addresses."""

from contextlib import suppress
from datetime import UTC, datetime
from urllib.parse import quote
from zoneinfo import ZoneInfo

import pytest
import re2
from hypothesis import given
from hypothesis import strategies as st

from liveinsight.errors import QueryError
from liveinsight.query.buckets import buckets, find_running
from liveinsight.query.model import Filter, Interval, Operator, Period
from liveinsight.query.parse import (
    default_interval,
    format_filter,
    parse_filters,
    parse_period,
    previous,
    so_far,
)

HOUR = 3_600_000
DAY = 24 * HOUR
BERLIN = "Europe/Berlin"


def ms(text: str, zone: str = "UTC") -> int:
    """The moment of an ISO time on the wall clock of the zone."""
    return (
        int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp())
        * 1000
    )


NOW = ms("2026-11-22T15:00", BERLIN)

FILTERS = {
    "page:is:/a": Filter("page", Operator.IS, ("/a",)),
    "page:is_not:/a|/b": Filter("page", Operator.IS_NOT, ("/a", "/b")),
    r"source:contains:a\|b|c\\": Filter("source", Operator.CONTAINS, ("a|b", "c\\")),
    "source:is:": Filter("source", Operator.IS, ("",)),
    "referrer:is:https://a.b/c:d": Filter(
        "referrer", Operator.IS, ("https://a.b/c:d",)
    ),
    "property:plan:is:pro": Filter("property:plan", Operator.IS, ("pro",)),
    r"property:a\:is\:b:contains_not:x": Filter(
        "property:a:is:b", Operator.CONTAINS_NOT, ("x",)
    ),
}


@pytest.mark.parametrize(("text", "expected"), FILTERS.items(), ids=list(FILTERS))
def test_a_filter_is_dimension_operator_and_values(text: str, expected: Filter) -> None:
    assert parse_filters([text]) == (expected,)
    assert format_filter(expected) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "page",
        "page:is",
        "page:equals:/",
        "nonsense:is:x",
        "e.page:is:x",
        "page or 1=1:is:x",
        "time:is:5",
        "property::is:x",
        f"property:{'x' * 65}:is:1",
        "page:contains:",
        f"page:is:{'x' * 3000}",
        "page:is:" + "|".join("x" * 200),
        "page:is:\ud800",
    ],
)
def test_a_filter_that_cannot_be_read_names_its_field(text: str) -> None:
    with pytest.raises(QueryError) as raised:
        parse_filters([text])
    assert raised.value.field == "f"


@given(st.lists(st.text(max_size=30) | st.binary(max_size=20).map(quote), max_size=4))
def test_junk_for_filters_raises_nothing_but_query_errors(texts: list[str]) -> None:
    with suppress(QueryError):
        parse_filters(texts)


@given(
    st.sampled_from(["page", "source", "property:x", "property:a:b", "property:\\"]),
    st.sampled_from(Operator),
    st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), min_size=1),
)
def test_a_filter_survives_its_text(
    name: str, operator: Operator, values: list[str]
) -> None:
    if operator in (Operator.MATCHES, Operator.MATCHES_NOT):
        values = [re2.escape(value)[:200] for value in values]
    condition = Filter(name, operator, tuple(values[:100]))
    assert parse_filters([format_filter(condition)]) == (condition,)


PERIODS = {
    "today": (("today", None, None), "2026-11-22", "2026-11-22T15:00"),
    "yesterday": (("yesterday", None, None), "2026-11-21", "2026-11-22"),
    "7d": (("7d", "", ""), "2026-11-16", "2026-11-22T15:00"),
    "30d": (("30d", None, None), "2026-10-24", "2026-11-22T15:00"),
    "90d": (("90d", None, None), "2026-08-25", "2026-11-22T15:00"),
    "12mo": (("12mo", None, None), "2025-12-01", "2026-11-22T15:00"),
    "nothing": ((None, None, None), "2026-10-24", "2026-11-22T15:00"),
    "one day": (("custom", "2026-10-25", "2026-10-25"), "2026-10-25", "2026-10-26"),
    "from": ((None, "2026-11-01", None), "2026-11-01", "2026-11-22T15:00"),
    "the first day that can be": (
        (None, "2000-01-01", "2000-01-01"),
        "2000-01-01",
        "2000-01-02",
    ),
    "a time": (
        (None, "2026-11-01T02:00", "2026-11-01T03:00"),
        "2026-11-01T02:00",
        "2026-11-01T03:00",
    ),
    "with zone": (
        (None, "2026-11-01T02:00+01:00", "2026-11-01T02:00Z"),
        "2026-11-01T02:00",
        "2026-11-01T03:00",
    ),
    "ms": ((None, str(NOW - DAY), str(NOW)), "2026-11-21T15:00", "2026-11-22T15:00"),
}


@pytest.mark.parametrize(
    ("given_", "start", "end"), PERIODS.values(), ids=list(PERIODS)
)
def test_a_period_begins_and_ends_by_the_clock_of_the_site(
    given_: tuple[str | None, str | None, str | None], start: str, end: str
) -> None:
    period = parse_period(*given_, BERLIN, NOW)
    assert period == Period(ms(start, BERLIN), ms(end, BERLIN))


@pytest.mark.parametrize(
    ("given_", "field"),
    [
        (("next week", None, None), "period"),
        ((None, None, "2026-01-01"), "from"),
        ((None, "2026-13-01", None), "from"),
        ((None, "1999-12-31", "2026-01-01"), "from"),
        ((None, "2026-01-02", "2026-01-01"), "to"),
        ((None, "2027-01-01", None), "from"),
        ((None, "2026-01-01", "9" * 15), "to"),
    ],
)
def test_a_period_that_cannot_be_read_names_its_field(
    given_: tuple[str | None, str | None, str | None], field: str
) -> None:
    with pytest.raises(QueryError) as raised:
        parse_period(*given_, BERLIN, NOW)
    assert raised.value.field == field


@pytest.mark.parametrize(
    "zone", ["", "Nowhere", "../etc/passwd", "Europe", "a\0b", "x" * 300]
)
def test_an_unknown_time_zone_names_its_field(zone: str) -> None:
    with pytest.raises(QueryError) as raised:
        parse_period("today", None, None, zone, NOW)
    assert raised.value.field == "timezone"


_junk = (
    st.none() | st.text(max_size=20) | st.datetimes().map(str) | st.integers().map(str)
)


@given(_junk, _junk, _junk, st.sampled_from([BERLIN, "UTC"]) | st.text(max_size=10))
def test_junk_for_a_period_raises_nothing_but_query_errors(
    name: str | None, from_: str | None, to: str | None, zone: str
) -> None:
    with suppress(QueryError):
        period = parse_period(name, from_, to, zone, NOW)
        assert period.start < period.end
        assert previous(period, zone).start < previous(period, zone).end


BEFORE = {
    "today with yesterday until now": (
        "2026-11-22",
        "2026-11-22T15:00",
        "2026-11-21",
        "2026-11-21T15:00",
    ),
    "a day of 25 hours with one of 24": (
        "2026-10-25",
        "2026-10-26",
        "2026-10-24",
        "2026-10-25",
    ),
    "7 days": ("2026-11-16", "2026-11-22T15:00", "2026-11-09", "2026-11-15T15:00"),
    "12 months": ("2025-12-01", "2026-11-22T15:00", "2024-12-01", "2025-11-22T15:00"),
    "a month by its days": ("2026-06-01", "2026-07-01", "2026-05-02", "2026-06-01"),
    "an hour": (
        "2026-11-22T14:00",
        "2026-11-22T15:00",
        "2026-11-22T13:00",
        "2026-11-22T14:00",
    ),
}


@pytest.mark.parametrize(
    ("start", "end", "first", "last"), BEFORE.values(), ids=list(BEFORE)
)
def test_the_period_before_has_as_many_local_days(
    start: str, end: str, first: str, last: str
) -> None:
    period = Period(ms(start, BERLIN), ms(end, BERLIN))
    assert previous(period, BERLIN) == Period(ms(first, BERLIN), ms(last, BERLIN))


@pytest.mark.parametrize(
    ("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-05-05", 24)]
)
def test_a_day_has_23_or_25_hours_where_the_clock_changes(day: str, hours: int) -> None:
    period = parse_period(None, day, day, BERLIN, NOW)
    assert len(buckets(period, Interval.HOUR, ZoneInfo(BERLIN))) == hours
    assert len(buckets(period, Interval.DAY, ZoneInfo(BERLIN))) == 1


def test_a_chart_of_too_many_buckets_is_refused() -> None:
    with pytest.raises(QueryError) as raised:
        buckets(Period(NOW - 90 * DAY, NOW), Interval.MINUTE, ZoneInfo("UTC"))
    assert raised.value.field == "interval"


@pytest.mark.parametrize(
    ("name", "interval"),
    [("today", "hour"), ("7d", "day"), ("90d", "day"), ("12mo", "month")],
)
def test_the_buckets_follow_the_length_of_the_period(name: str, interval: str) -> None:
    assert default_interval(parse_period(name, None, None, BERLIN, NOW)) == interval


def test_the_moments_are_those_of_the_zone() -> None:
    assert datetime.fromtimestamp(NOW / 1000, UTC).hour == 14


def test_a_day_that_still_runs_is_compared_with_as_much_of_another() -> None:
    today = parse_period("today", None, None, BERLIN, NOW)
    by_date = parse_period(None, "2026-11-22", "2026-11-22", BERLIN, NOW)
    assert by_date.end > NOW
    assert so_far(by_date, NOW) == today
    over = parse_period("yesterday", None, None, BERLIN, NOW)
    assert so_far(over, NOW) == over


@pytest.mark.parametrize("interval", Interval)
def test_only_the_bucket_of_now_still_runs(interval: Interval) -> None:
    zone, now = ZoneInfo(BERLIN), NOW + 90_500
    days = 1 if interval in (Interval.MINUTE, Interval.HOUR) else 60
    period = Period(now - days * DAY, now)
    starts = [bucket.start for bucket in buckets(period, interval, zone)]
    *others, begun = starts
    last = len(others)
    for at, running in ((now, last), (begun, last), (begun - 1, last - 1)):
        assert find_running(starts, interval, zone, at) == running
    assert find_running(others, interval, zone, begun - 1) == last - 1
    assert find_running(others, interval, zone, begun) is None
    assert find_running(starts, interval, zone, starts[0] - 1) is None
