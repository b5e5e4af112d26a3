"""Address → place, from an mmdb file."""

from pathlib import Path

import pytest

from liveinsight.collect.places import PlaceReader
from liveinsight.core.country import NOWHERE, Place
from liveinsight.errors import ConfigError
from tests.collect.mmdb import write_mmdb


@pytest.mark.parametrize(
    ("record", "place"),
    [
        ({"country_code": "KR"}, Place("KR")),
        ({"country": {"iso_code": "KR"}}, Place("KR")),
        (
            {
                "country": {"iso_code": "KR"},
                "subdivisions": [{"names": {"en": "Seoul"}}],
                "city": {"names": {"en": "Jongno"}},
            },
            Place("KR", "Seoul", "Jongno"),
        ),
        (
            {"country_code": "DE", "state1": "Berlin", "city": "Berlin"},
            Place("DE", "Berlin", "Berlin"),
        ),
        ({"country_code": "ZZ"}, NOWHERE),
        ({"other": "x"}, NOWHERE),
        ("text", NOWHERE),
    ],
)
def test_an_address_has_a_place(tmp_path: Path, record: object, place: Place) -> None:
    path = tmp_path / "places.mmdb"
    write_mmdb(path, record)
    reader = PlaceReader(path)
    found = [reader.place_of(address) for address in ("1.2.3.4", "junk", "")]
    reader.close()
    assert found == [place, NOWHERE, NOWHERE]


@pytest.mark.parametrize("content", [b"", b"junk" * 100, None])
def test_a_file_that_is_no_table_is_said_to_be_none(
    tmp_path: Path, content: bytes | None
) -> None:
    path = tmp_path / "places.mmdb"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError, match=r"places\.mmdb is not an address table"):
        PlaceReader(path)
