"""Our own exports, as hostile as any other input."""

import gzip
from pathlib import Path

import msgspec
import pytest

from liveinsight.errors import ConfigError
from liveinsight.imports.kinds import kind_of_all
from tests.imports.files import read, terms
from tests.query.tables import an_event

GOOD = msgspec.json.encode(an_event(event_id="evt_00000001"))


def with_fields(**fields: object) -> bytes:
    """The good line, with other fields."""
    return msgspec.json.encode(msgspec.json.decode(GOOD) | fields)


WRONG = {
    "no JSON": b'{"site": ',
    "a list": b"[1]",
    "no site": with_fields(site=""),
    "a site that is no host": with_fields(site="Shop.Example"),
    "no user": with_fields(user_id=None),
    "an id without its prefix": with_fields(event_id="00000001"),
    "an id with a space": with_fields(event_id="evt_a b"),
    "a time before 2000": with_fields(timestamp=1),
    "a time after 2100": with_fields(received_at=1 << 50),
    "a time that is a text": with_fields(timestamp="1772366400000"),
    "a long title": with_fields(page_title="x" * 513),
    "a long page": with_fields(page_url="https://a/" + "x" * 2_048),
    "a country of three": with_fields(country="KOR"),
    "an engagement of two days": with_fields(engagement_ms=172_800_000),
    "more than all of a page": with_fields(scroll_percent=101),
    "31 properties": with_fields(properties={str(n): n for n in range(31)}),
    "a long property": with_fields(properties={"a": "x" * 501}),
    "a nested property": with_fields(properties={"a": {"b": 1}}),
    "a currency of four": with_fields(revenue={"amount": 1, "currency": "EURO"}),
    "NUL": with_fields(page_title="a\0b"),
    "no UTF-8": GOOD.replace(b"shop.example", b"shop.\xff\xfe"),
    "deep": b'{"properties":' + b"[" * 5_000,
}


@pytest.mark.parametrize("line", WRONG.values(), ids=WRONG.keys())
def test_a_line_beyond_the_limits_is_left_out_and_its_neighbours_come_in(
    line: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "events.ndjson"
    path.write_bytes(b"\n".join([GOOD, line, b"", GOOD]))
    events, left_out = read([path], terms())
    assert len(events) == 2
    assert [reason for reason, _ in left_out] == ["malformed"]
    assert len(left_out[0][1]) <= 200


def test_a_row_of_a_csv_that_cannot_be_read_is_left_out(tmp_path: Path) -> None:
    heading = "site,event_id,timestamp,received_at,present_at,user_id,session_id"
    good = f"shop.example,evt_00000001,{1_772_366_400_000},{1_772_366_400_000},{1_772_366_400_000},anna,sess_1,true"
    rows = [
        f"\ufeff{heading},session_sent",
        good,
        "too,few",
        good.replace("true", "perhaps"),
        good.replace("1772366400000", "yesterday", 1),
        '"not "closed" ,1',
        "",
        good.replace("01,", "02,", 1),
    ]
    path = tmp_path / "events.csv"
    path.write_text("\n".join(rows))
    events, left_out = read([path], terms())
    assert [event.event_id for event in events] == ["evt_00000001", "evt_00000002"]
    assert {reason for reason, _ in left_out} == {"malformed"}
    assert len(left_out) == 4


def test_a_file_that_is_cut_short_is_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "events.ndjson.gz"
    whole = gzip.compress(b"\n".join([GOOD] * 2_000), mtime=0)
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ConfigError, match="is broken"):
        read([path], terms())


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.txt", b"", "nothing that can be imported"),
        ("a.txt", b"hello\n", "nothing that can be imported"),
        ("a.csv", b"a,b\n1,2\n", "nothing that can be imported"),
        ("a.parquet", b"PAR1xxxx", "cannot be read as Parquet"),
        ("a.zip", b"PK\x03\x04xxxx", "is broken"),
        ("a.gz", b"\x1f\x8bxxxx", "is broken|cannot read"),
    ],
)
def test_what_is_no_export_is_refused_by_name(
    name: str, content: bytes, said: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=f"{name}.*({said})|({said}).*{name}"):
        kind_of_all([path])


def test_files_of_two_kinds_are_not_mixed(tmp_path: Path) -> None:
    one, other = (
        tmp_path / "a.ndjson",
        tmp_path / "imported_pages_20260101_20260131.csv",
    )
    one.write_bytes(GOOD)
    other.write_bytes(b"date,page,visitors\n")
    with pytest.raises(ConfigError, match="one kind at a time"):
        kind_of_all([one, other])
