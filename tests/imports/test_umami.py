"""Umami's export."""

import csv
import io
import zipfile
from pathlib import Path

import pytest

from liveinsight.core.session import fold
from liveinsight.errors import ConfigError
from tests.imports.files import SITE, read, terms

COLUMNS = [
    "website_id",
    "session_id",
    "visit_id",
    "event_id",
    "hostname",
    "browser",
    "os",
    "device",
    "screen",
    "language",
    "country",
    "region",
    "city",
    "url_path",
    "url_query",
    "utm_source",
    "utm_medium",
    "utm_campaign",
    "utm_content",
    "utm_term",
    "referrer_path",
    "referrer_query",
    "referrer_domain",
    "page_title",
    "gclid",
    "fbclid",
    "msclkid",
    "ttclid",
    "li_fat_id",
    "twclid",
    "event_type",
    "event_name",
    "tag",
    "distinct_id",
    "created_at",
    "job_id",
]
DATA = [
    "website_id",
    "session_id",
    "event_id",
    "url_path",
    "event_name",
    "data_key",
    "string_value",
    "number_value",
    "date_value",
    "data_type",
    "created_at",
    "job_id",
]
EVENT = "3f2504e0-4f89-41d3-9a0c-0305e82c3301"
VISITOR = "7c9e6679-7425-40de-944b-e07fc1f90ae7"


def a_row(**fields: str) -> dict[str, str]:
    usual = {
        "session_id": VISITOR,
        "event_id": EVENT,
        "hostname": f"www.{SITE}",
        "browser": "edge-chromium",
        "os": "Windows 10",
        "device": "laptop",
        "screen": "1920x1080",
        "language": "ko-KR",
        "country": "KR",
        "url_path": "/a",
        "event_type": "1",
        "created_at": "2026-03-10 10:00:00",
    }
    return dict.fromkeys(COLUMNS, "") | usual | fields


def a_csv(columns: list[str], *rows: dict[str, str]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, columns)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def an_export(folder: Path, *rows: dict[str, str], data: str = "") -> Path:
    path = folder / "export.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("website_event.csv", a_csv(COLUMNS, *rows))
        archive.writestr("event_data.csv", data or a_csv(DATA))
    return path


def test_a_page_view(tmp_path: Path) -> None:
    row = a_row(
        url_query="utm_source=google&utm_medium=cpc",
        referrer_domain="www.google.com",
        referrer_path="/",
        page_title="'=Sale",
    )
    ((event,), left_out) = read([an_export(tmp_path, row)], terms(site=SITE))
    assert left_out == []
    assert event.event_id == f"evt_{EVENT}"
    assert event.timestamp == event.received_at == 1_773_136_800_000
    assert event.page_url == f"https://{SITE}/a?utm_source=google&utm_medium=cpc"
    assert (event.source, event.channel) == ("Google", "Paid Search")
    assert (event.browser, event.device, event.language) == ("Edge", "Desktop", "ko-KR")
    assert (event.os, event.os_version, event.screen_width) == ("Windows", "10", 1_920)
    assert (event.user_id, event.visitor_id) == (None, VISITOR)
    assert event.page_title == "=Sale"


def test_an_event_has_the_properties_of_the_other_file(tmp_path: Path) -> None:
    row = a_row(event_type="2", event_name="signup", distinct_id="anna")
    told = dict.fromkeys(DATA, "") | {"event_id": EVENT}
    data = a_csv(
        DATA,
        told | {"data_key": "plan", "string_value": "pro", "data_type": "1"},
        told
        | {
            "data_key": "seats",
            "string_value": "3.0000",
            "number_value": "3.0000",
            "data_type": "2",
        },
        told | {"data_key": "trial", "string_value": "true", "data_type": "3"},
        told | {"event_id": "another", "data_key": "plan", "string_value": "x"},
    )
    events, _ = read([an_export(tmp_path, row, data=data)], terms(site=SITE))
    assert events[0].event_type == "signup"
    assert (events[0].user_id, events[0].visitor_id) == ("anna", None)
    assert events[0].properties == {"plan": "pro", "seats": 3, "trial": True}


def test_a_session_is_cut_by_silence_and_not_where_umami_cut_it(tmp_path: Path) -> None:
    rows = [
        a_row(
            event_id=f"{number:08}-a",
            visit_id=f"visit-{number}",
            created_at=f"2026-03-10T10:{minute:02}:00Z",
        )
        for number, minute in enumerate((0, 20, 40, 59))
    ]
    events, _ = read([an_export(tmp_path, *rows)], terms(site=SITE))
    assert [run.page_views for run in fold(events)] == [4]
    assert {event.session_id for event in events} == {fold(events)[0].made_id}


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (a_row(event_type="5"), "unsupported"),
        (a_row(created_at="soon"), "malformed"),
        (a_row(created_at="1999-01-01 00:00:00"), "malformed"),
        (a_row(session_id=""), "malformed"),
        (a_row(event_type="2", event_name=""), "malformed"),
        (a_row(url_path="/" + "x" * 2_050), "malformed"),
        (a_row(hostname="other.example"), "other_site"),
        (a_row(page_title="a\0b"), "malformed"),
    ],
    ids=str,
)
def test_what_cannot_be_kept_is_left_out(
    row: dict[str, str], reason: str, tmp_path: Path
) -> None:
    events, left_out = read([an_export(tmp_path, row, a_row())], terms(site=SITE))
    assert len(events) == 1
    assert [each for each, _ in left_out] == [reason]


def test_the_csv_alone_does_too_and_rows_without_id_get_one(tmp_path: Path) -> None:
    path = tmp_path / "website_event.csv"
    path.write_text(
        a_csv(COLUMNS, a_row(event_id=""), a_row(event_id="", url_path="/b"))
    )
    one = read([path], terms(site=SITE))[0]
    assert one == read([path], terms(site=SITE))[0]
    assert len({event.event_id for event in one}) == 2


def test_an_export_needs_a_site(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="--site"):
        read([an_export(tmp_path, a_row())], terms())
