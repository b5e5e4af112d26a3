"""Numbers as people read them: the same kind looks the same wherever it stands."""

import pytest

from liveinsight.dashboard.pages.labels import format_change, format_metric


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        (0.4386, "ratio", "43.9%"),
        (0.44, "ratio", "44.0%"),
        (1.0, "ratio", "100.0%"),
        (0, "ratio", "0.0%"),
        (0.0004, "ratio", "0.0%"),
        (62.5, "percent", "62.5%"),
        (80.0, "percent", "80.0%"),
        (None, "ratio", "–"),
    ],
)
def test_a_share_has_one_digit_after_the_point_always(
    value: float | None, unit: str, shown: str
) -> None:
    assert format_metric(value, unit) == shown


@pytest.mark.parametrize(
    ("change", "shown"),
    [
        (0.12, "+12.0%"),
        (0.004, "+0.4%"),
        (-0.3333, "−33.3%"),
        (12.345, "+1,234.5%"),
        (-0.0004, "0.0%"),
        (None, ""),
    ],
)
def test_a_change_has_a_sign_and_as_many_digits(
    change: float | None, shown: str
) -> None:
    assert format_change(change) == shown
