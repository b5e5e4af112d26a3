"""A question and its JSON, an answer and its CSV."""

import csv
import io

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from liveinsight.core.event import Event
from liveinsight.errors import QueryError
from liveinsight.query.csv import Table, cells_of, heads_of, safe_cell, write_csv
from liveinsight.query.decode import decode_question
from liveinsight.query.model import Interval, Period, Question, Row
from liveinsight.query.parse import year_before
from liveinsight.query.wire import (
    CompareForm,
    Query,
    Subject,
    read_compare,
    read_filters,
    read_period,
    read_question,
    write_filters,
    write_question,
)
from tests.query.sites import cases
from tests.query.tables import HOUR, NOON

DAY = 24 * HOUR


@given(case=cases())
@settings(max_examples=60)
def test_a_question_written_as_json_is_read_as_the_same(
    case: tuple[list[Event], Question],
) -> None:
    _, question = case
    text = msgspec.json.encode(
        write_question(question, write_filters(question.filters))
    )
    form = decode_question(text, Query)
    subject = Subject(
        site=form.site,
        timezone=form.timezone or "",
        period=read_period(form.period, form.timezone or "", 0, "period"),
        now=0,
        filters=read_filters(form.filters),
        goals=question.goals,
    )
    assert read_question(form, subject) == question


@pytest.mark.parametrize(
    ("text", "field", "reason"),
    [
        ("{", "question", "is not JSON"),
        ("[]", "question", "Expected `object`, got `array`"),
        ("{}", "metrics", "missing required field"),
        ('{"metrics": [1]}', "metrics[0]", "got `int`"),
        ('{"metrics": ["visitors"], "site": 1}', "site", "got `int`"),
        ('{"metrics": ["visitors"], "sit": "a"}', "sit", "unknown field"),
        (
            '{"metrics": ["visitors"], "order_by": [["visitors", "up"]]}',
            "order_by[0][1]",
            "Invalid enum value",
        ),
    ],
)
def test_what_cannot_be_read_names_its_place(
    text: str, field: str, reason: str
) -> None:
    with pytest.raises(QueryError) as caught:
        decode_question(text, Query)
    assert caught.value.field == field
    assert reason in caught.value.reason


@pytest.mark.parametrize(
    ("period", "expected"),
    [
        (("2026-03-01", "2026-03-01"), Period(NOON - 12 * HOUR, NOON + 12 * HOUR)),
        ((NOON, NOON + 1), Period(NOON, NOON + 1)),
        (("2026-03-01T12:00Z", NOON + 1), Period(NOON, NOON + 1)),
        ("today", Period(NOON - 12 * HOUR, NOON)),
    ],
)
def test_a_period_is_a_name_or_from_and_to(
    period: str | tuple[str | int, str | int], expected: Period
) -> None:
    assert read_period(period, "UTC", NOON, "period") == expected


@pytest.mark.parametrize(
    ("begin", "end", "before", "before_end"),
    [
        ("2026-03-01", "2026-03-07", "2025-03-01", "2025-03-07"),
        ("2028-02-29", "2028-02-29", "2027-02-28", "2027-02-28"),
        ("2028-02-28", "2028-02-28", "2027-02-28", "2027-02-28"),
        # A day of 23 hours is compared with one of 24.
        ("2026-03-29", "2026-03-29", "2025-03-29", "2025-03-29"),
    ],
)
def test_a_year_earlier_has_the_same_dates(
    begin: str, end: str, before: str, before_end: str
) -> None:
    zone = "Europe/Berlin"
    period = read_period((begin, end), zone, NOON, "period")
    expected = read_period((before, before_end), zone, NOON, "period")
    assert year_before(period, zone) == expected


@pytest.mark.parametrize("form", ["today", ("2026-03-01", "2026-03-01")])
@pytest.mark.parametrize(
    ("compare", "first"),
    [("previous", "2026-02-28T00:00Z"), ("year", "2025-03-01T00:00Z")],
)
def test_a_running_period_is_compared_with_as_much_of_another(
    form: str | tuple[str, str], compare: CompareForm, first: str
) -> None:
    period = read_period(form, "UTC", NOON, "period")
    subject = Subject(site=None, timezone="UTC", period=period, now=NOON, filters=())
    start = read_period((first, NOON), "UTC", NOON, "period").start
    assert read_compare(compare, subject) == Period(start, start + DAY // 2)


@given(
    cell=st.text()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.none()
)
def test_no_cell_is_a_formula_and_every_cell_is_read_as_it_was(
    cell: str | float | None,
) -> None:
    text = write_csv(Table(heads=["a"], rows=[[cell, "x"]]))
    _, (found, _) = csv.reader(io.StringIO(text, newline=""))
    if isinstance(cell, str):
        assert not found.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
        assert found in (cell, f"'{cell}")
    elif cell is None:
        assert found == ""
    else:
        assert msgspec.json.decode(found) == pytest.approx(cell, rel=0, abs=0)


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@a", "\t=1", "\r=1", "＝1"])  # noqa: RUF001
def test_text_that_looks_like_a_formula_gets_an_apostrophe(text: str) -> None:
    assert safe_cell(text) == f"'{text}"


@pytest.mark.parametrize(
    ("number", "text"), [(-5, "-5"), (0.1, "0.1"), (-0.25, "-0.25")]
)
def test_numbers_stay_as_they_are(number: float, text: str) -> None:
    assert safe_cell(number) == text


@pytest.mark.parametrize(
    ("interval", "text"),
    [
        (Interval.DAY, "2026-03-01"),
        (Interval.MONTH, "2026-03-01"),
        (Interval.HOUR, "2026-03-01T21:00+09:00"),
        (Interval.MINUTE, "2026-03-01T21:00+09:00"),
    ],
)
def test_a_time_is_a_local_date_or_a_time_with_its_offset(
    interval: Interval, text: str
) -> None:
    row = Row(dimensions=[NOON, None], metrics=[3])
    cells = cells_of(row, ["time", "page"], interval, "Asia/Seoul", compared=True)
    assert cells == [text, None, 3, None, None]
    assert heads_of(["time", "page"], ["visitors"], compared=True) == [
        "time", "page", "visitors", "visitors_before", "visitors_change",
    ]  # fmt: skip
