"""Every word of the pages exists in Korean, those of the scripts too."""

import ast
import re
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import msgspec
import pytest
from babel.messages.extract import extract
from babel.messages.pofile import read_po
from django.utils import translation
from django.utils.translation.template import templatize

from tests.dashboard.pages import a_site_with, look

from liveinsight.dashboard.api_v1.endpoints import ENDPOINTS  # isort: skip
from liveinsight.dashboard.pages import labels  # isort: skip
from liveinsight.dashboard.pages.words import WORDS  # isort: skip

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src/liveinsight"
DASHBOARD = PACKAGE / "dashboard"
CATALOGUE = DASHBOARD / "locale/ko/LC_MESSAGES/django.po"
FUNCTIONS = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "pgettext": ((1, "c"), 2),
}
VALUE = re.compile(r"%\(\w+\)|\{\w+\}")
REASONS = {"QueryError": 1, "ConfigError": 0, "UndeliveredError": 0}
"""Where the text stands among the arguments."""
DECODER = "decode.py"
"""It passes on what msgspec says to programs; no page asks in JSON."""


def read_messages() -> list[tuple[tuple[str, ...], str]]:
    """Each original, with its plural, and what it is in Korean."""
    with CATALOGUE.open("rb") as text:
        catalogue = read_po(text, locale="ko")
    return [
        (
            (message.id,) if isinstance(message.id, str) else tuple(message.id),
            "".join(message.string or ""),
        )
        for message in catalogue
        if message.id and not message.fuzzy
    ]


def read_catalogue() -> dict[str, str]:
    return {originals[0]: korean for originals, korean in read_messages()}


def test_nothing_is_left_untranslated() -> None:
    assert [word for word, korean in read_catalogue().items() if not korean] == []


def test_every_translation_has_the_values_of_its_original() -> None:
    for originals, korean in read_messages():
        assert set(VALUE.findall(korean)) <= set(VALUE.findall(" ".join(originals)))


def test_every_word_of_the_pages_is_in_the_catalogue() -> None:
    said = {
        word: path.name
        for path in (*DASHBOARD.rglob("*.py"), *DASHBOARD.rglob("templates/**/*.html"))
        for word in read_words(path)
    }
    assert {word: said[word] for word in said.keys() - read_catalogue().keys()} == {}


def test_all_that_the_page_of_the_api_says_of_it_is_in_the_catalogue() -> None:
    said = {endpoint.summary for endpoint in ENDPOINTS}
    for endpoint in ENDPOINTS:
        (own,), known = msgspec.json.schema_components([endpoint.request])
        fields = known[own["$ref"].rpartition("/")[2]]["properties"].values()
        said |= {field.get("description", "") for field in fields}
    assert said - read_catalogue().keys() == {""}


def read_words(path: Path) -> Iterator[str]:
    """What a source or a template has translated."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".html":
        lines = templatize(text).splitlines()
        text = "\n".join(line.strip() for line in lines)
    for _, found, _, _ in extract("python", BytesIO(text.encode()), FUNCTIONS):
        yield found if isinstance(found, str) else found[0]


def test_every_reason_that_a_page_can_show_is_in_the_catalogue() -> None:
    known = read_catalogue()
    sources = (*DASHBOARD.rglob("*.py"), *(PACKAGE / "query").rglob("*.py"))
    found = {
        f"{path.relative_to(PACKAGE)}:{line}": text
        for path in sources
        for line, text in read_reasons(path)
    }
    assert len(found) > 100
    assert {place: said for place, said in found.items() if said not in known} == {}


def read_reasons(path: Path) -> Iterator[tuple[int, str]]:
    """Line and text of each error that is made for a reader; "" where it is no literal.

    The text of another error is passed on as it is: it is found where that is made.
    """
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
            continue
        at = REASONS.get(node.func.id)
        if at is None or path.name == DECODER:
            continue
        text = node.args[at]
        if isinstance(text, ast.Constant) and isinstance(text.value, str):
            yield node.lineno, text.value
        elif not (isinstance(text, ast.Attribute) and text.attr == "text"):
            yield node.lineno, ""


def test_a_page_refuses_in_korean_and_the_api_in_english() -> None:
    client = a_site_with([])
    client.cookies["liveinsight_language"] = "ko"
    page = look(client, "/statistics/", f="colour:is:red")
    assert page.status == 400
    assert "f : 'colour' 차원이 없습니다" in page.text
    answer = client.get("/api/statistics/summary/", {"f": "colour:is:red"})
    said = {"field": "f", "reason": "no dimension 'colour'"}
    assert answer.json() == {"error": said}


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
