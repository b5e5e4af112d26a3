"""What is exported and imported again is the same, to the last row and digit."""

import csv
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings

from liveinsight.core.event import Event, Revenue
from liveinsight.query.model import Question
from liveinsight.query.run import answer
from liveinsight.store.export import ExportFormat
from liveinsight.store.warehouse import Warehouse
from tests.imports.files import exported, read, terms
from tests.query.sites import cases
from tests.query.tables import SITE, an_event, warehouse_of

FORMATS = tuple(ExportFormat)
TABLES = ("events", "runs", "users")


def rows_of(warehouse: Warehouse) -> dict[str, list[tuple[object, ...]]]:
    """All that questions are answered from, in one order."""
    return {
        table: warehouse.query(f"select * from {table} order by all")  # noqa: S608
        for table in TABLES
    }


def round_trip(warehouse: Warehouse, form: ExportFormat, **how: bool) -> list[Event]:
    """The events of the warehouse, exported and read again."""
    with TemporaryDirectory() as folder:
        path = exported(warehouse, Path(folder), form, **how)
        assert list(Path(folder).glob("parts/*")) == []
        events, left_out = read([path], terms("one.example", "two.example"))
    assert left_out == []
    return events


@pytest.mark.parametrize("form", FORMATS)
@given(case=cases())
@settings(max_examples=6, suppress_health_check=list(HealthCheck))
def test_sessions_users_and_answers_are_the_same(
    form: ExportFormat, case: tuple[Sequence[Event], Question]
) -> None:
    events, question = case
    with warehouse_of(events) as warehouse:
        before = rows_of(warehouse), answer(question, warehouse)
        again = round_trip(warehouse, form)
    with warehouse_of(again) as warehouse:
        assert (rows_of(warehouse), answer(question, warehouse)) == before


EVERY_FIELD = an_event(
    event_id="evt_full-0001",
    event_type="conversion",
    timestamp=1_772_000_000_001,
    adjusted_timestamp=1_772_366_400_000,
    visitor_id="v_0123",
    user_id=None,
    session_id="sess_\u20ac,\"'",
    session_sent=True,
    page_url='https://shop.example/a,b?q="x"',
    page='/a,b"',
    page_title="=HYPERLINK(\"https://evil.example\",'click')\nsecond line",
    referrer="https://news.example/",
    source="-News",
    channel="Referral",
    utm_source="@news",
    utm_medium="+mail",
    utm_campaign="'=already",
    utm_term="''+twice",
    utm_content="\tindented",
    country="KR",
    region="Seoul",
    city="서울",
    language="ko-KR",
    device="Mobile",
    browser="KakaoTalk",
    browser_version="10",
    os="Android",
    os_version="15.0",
    ip="2001:db8::1",
    screen_width=390,
    properties={"=plan": "=1+1", "price": 1.5, "count": 3, "is": True, "no": "ü\n"},
    revenue=Revenue(amount=-12.3456, currency="KRW"),
    interactive=True,
)


@pytest.mark.parametrize("compressed", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize("form", FORMATS)
def test_every_field_survives(form: ExportFormat, compressed: bool) -> None:
    other = an_event(1_772_366_400_001, event_id="evt_plain", interactive=False)
    with warehouse_of([EVERY_FIELD, other]) as warehouse:
        before = rows_of(warehouse)
        again = round_trip(warehouse, form, compressed=compressed)
    assert again[0] == EVERY_FIELD
    with warehouse_of(again) as warehouse:
        assert rows_of(warehouse) == before


def test_no_cell_of_a_csv_is_a_formula(tmp_path: Path) -> None:

    with warehouse_of([EVERY_FIELD]) as warehouse:
        path = exported(warehouse, tmp_path, ExportFormat.CSV)
    with path.open(newline="") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    numbers = [cell for cell in cells if cell[:1] in "=+-@\t\r" and cell]
    assert numbers == ["-12.3456"]


def test_an_export_has_windows_of_a_bounded_number_of_events(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("liveinsight.store.export.WINDOW_EVENTS", 7)
    events = [
        an_event(1_772_366_400_000 + number * 20_000, event_id=f"evt_{number:08}")
        for number in range(50)
    ]
    with warehouse_of(events) as warehouse:
        before = rows_of(warehouse)
        for form in FORMATS:
            again = round_trip(warehouse, form)
            assert [event.time for event in again] == [event.time for event in events]
            with warehouse_of(again) as other:
                assert rows_of(other) == before


@pytest.mark.parametrize("form", FORMATS)
def test_an_export_of_nothing_can_be_read(form: ExportFormat, tmp_path: Path) -> None:
    with warehouse_of([]) as warehouse:
        path = exported(warehouse, tmp_path, form)
    if form is ExportFormat.NDJSON:
        assert path.read_bytes() == b""
    else:
        assert read([path], terms()) == ([], [])


def test_events_of_other_sites_and_days_stay_out(tmp_path: Path) -> None:
    events = [
        an_event(event_id="evt_00000001"),
        an_event(event_id="evt_00000002", site="two.example"),
        an_event(event_id="evt_00000003", site="three.example"),
    ]
    with warehouse_of(events) as warehouse:
        path = exported(warehouse, tmp_path, ExportFormat.CSV)
    _, left_out = read([path], terms("two.example", site=SITE))
    assert [reason for reason, _ in left_out] == ["other_site", "other_site"]
    taken, left_out = read([path], terms("two.example"))
    assert [event.site for event in taken] == [SITE, "two.example"]
    assert [reason for reason, _ in left_out] == ["unknown_site"]
    taken, left_out = read([path], terms("two.example", start=events[0].time + 1))
    assert taken == []
    assert {reason for reason, _ in left_out} == {"outside_period", "unknown_site"}
    _, left_out = read([path], terms("two.example", excluded_pages=("/*",)))
    assert {reason for reason, _ in left_out} == {"excluded_page", "unknown_site"}
