"""Countries and users without a cookie."""

import pytest

from liveinsight.core.country import country_code, country_of_timezone
from liveinsight.core.user_id import visitor_id


@pytest.mark.parametrize(
    ("timezone", "country"),
    [
        ("Asia/Seoul", "KR"),
        ("ROK", "KR"),
        ("Asia/Calcutta", "IN"),
        ("Asia/Saigon", "VN"),
        ("Europe/Amsterdam", "NL"),
        ("America/Buenos_Aires", "AR"),
        ("UTC", None),
        ("Etc/GMT+9", None),
        ("../../etc/passwd", None),
        ("", None),
    ],
)
def test_a_time_zone_names_its_country(timezone: str, country: str | None) -> None:
    assert country_of_timezone(timezone) == country


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("kr", "KR"),
        (" US ", "US"),
        ("XX", None),
        ("T1", None),
        ("", None),
        ("KOR", None),
    ],
)
def test_a_country_code_has_two_letters_and_names_a_country(
    text: str, code: str | None
) -> None:
    assert country_code(text) == code


def test_a_visitor_is_the_same_only_for_the_same_site_address_and_browser() -> None:
    salt = b"s" * 16
    first = visitor_id(salt, "a.example", "192.0.2.1", "x")
    others = {
        visitor_id(salt, "b.example", "192.0.2.1", "x"),
        visitor_id(salt, "a.example", "192.0.2.2", "x"),
        visitor_id(salt, "a.example", "192.0.2.1", "y"),
        visitor_id(b"t" * 16, "a.example", "192.0.2.1", "x"),
    }
    assert first == visitor_id(salt, "a.example", "192.0.2.1", "x")
    assert first not in others
    assert len(others) == 4
    assert len(first) == 34
    assert first.startswith("v_")
