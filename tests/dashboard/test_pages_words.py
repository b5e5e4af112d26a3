"""Every word of the pages exists in Korean, those of the scripts too."""

import re
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from django.utils import translation

from liveinsight.dashboard.pages import labels
from liveinsight.dashboard.pages.words import WORDS

ROOT = Path(__file__).parents[2]
DASHBOARD = ROOT / "src/liveinsight/dashboard"
CATALOGUE = DASHBOARD / "locale/ko/LC_MESSAGES/django.po"


def read_catalogue() -> dict[str, str]:
    with CATALOGUE.open("rb") as text:
        catalogue = read_po(text, locale="ko")
    return {
        (message.id if isinstance(message.id, str) else message.id[0]): "".join(
            message.string or ""
        )
        for message in catalogue
        if message.id and not message.fuzzy
    }


def test_nothing_is_left_untranslated() -> None:
    assert [word for word, korean in read_catalogue().items() if not korean] == []


def test_every_word_of_the_templates_is_in_the_catalogue() -> None:
    known = read_catalogue()
    for template in (DASHBOARD / "templates").rglob("*.html"):
        text = template.read_text(encoding="utf-8")
        for word in re.findall(r"{% translate (?:\"([^\"]+)\"|'([^']+)')", text):
            assert "".join(word) in known, (template.name, word)


def test_every_word_that_scripts_say_is_handed_to_them() -> None:
    said = set()
    for script in (ROOT / "frontend/src").rglob("*.js"):
        text = script.read_text(encoding="utf-8")
        said |= set(re.findall(r'\bt\(\s*"((?:[^"\\]|\\.)+)"', text))
    said |= {word for word in WORDS if word.startswith("From the ")}
    assert said - set(WORDS) - set(labels.KNOWN_VALUES) == set()


@pytest.mark.parametrize(
    ("value", "english", "korean"),
    [
        (0, "0", "0"),
        (9_999, "9,999", "9,999"),
        (12_345, "12.3K", "1.23만"),
        (1_000_000, "1M", "100만"),
        (2_345_678_901, "2.35B", "23.5억"),
    ],
)
def test_large_numbers_are_short(value: int, english: str, korean: str) -> None:
    with translation.override("en"):
        assert labels.format_count(value) == english
    with translation.override("ko"):
        assert labels.format_count(value) == korean


@pytest.mark.parametrize(
    ("ms", "text"), [(0, "0s"), (61_000, "1m 1s"), (3_720_000, "1h 2m")]
)
def test_durations_are_said_in_two_units(ms: int, text: str) -> None:
    assert labels.format_duration(ms) == text


@pytest.mark.parametrize(
    ("code", "flag"), [("KR", "🇰🇷"), ("kr", ""), (None, ""), ("ÄÖ", ""), ("KOR", "")]
)
def test_only_country_codes_have_flags(code: str | None, flag: str) -> None:
    assert labels.flag_of(code) == flag
