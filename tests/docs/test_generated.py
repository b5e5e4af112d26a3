"""The generated pages say what the code says, and the written ones point somewhere."""

import re
from pathlib import Path
from typing import Final

import pytest

from docs.generate import PAGES, find_stale

ROOT: Final = Path(__file__).parents[2]
WRITTEN: Final = sorted(
    path.relative_to(ROOT).as_posix()
    for path in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"))
)


def test_no_generated_page_is_stale() -> None:
    assert find_stale() == [], "run `make docs`"


@pytest.mark.parametrize("name", PAGES)
def test_a_generated_page_has_a_title_and_no_open_table(name: str) -> None:
    lines = PAGES[name]().splitlines()
    assert lines[0].startswith("# ")
    for line in lines:
        assert not line.startswith("|") or line.endswith("|")


@pytest.mark.parametrize("name", WRITTEN)
def test_every_link_to_a_file_of_the_repository_leads_to_one(name: str) -> None:
    page = ROOT / name
    links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text())
    missing = [
        link
        for link in links
        if "://" not in link
        and not link.startswith("mailto:")
        and not (page.parent / link).exists()
    ]
    assert missing == []


@pytest.mark.parametrize("name", ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"])
def test_every_file_that_is_named_in_code_style_exists(name: str) -> None:
    text = (ROOT / name).read_text()
    named = set(
        re.findall(r"`((?:src|docs|tests|bench|frontend|scripts)/[\w./-]+)`", text)
    )
    assert [path for path in sorted(named) if not (ROOT / path).exists()] == []
