"""Crawlers are told as the list's own patterns tell them."""

import re

import pytest
from crawleruseragents import CRAWLER_USER_AGENTS_DATA

from liveinsight.core.crawlers import is_crawler

TOLERATED = "http-library"
EXAMPLES = [
    (text, TOLERATED in entry.get("tags", ()))
    for entry in CRAWLER_USER_AGENTS_DATA
    for text in entry.get("instances", ())
]


def test_every_example_of_the_list_is_told_as_its_patterns_tell_it() -> None:
    patterns = [
        re.compile(entry["pattern"])
        for entry in CRAWLER_USER_AGENTS_DATA
        if TOLERATED not in entry.get("tags", ())
    ]
    wrong = [
        text
        for text, _ in EXAMPLES
        if is_crawler(text) != any(pattern.search(text) for pattern in patterns)
    ]
    assert len(EXAMPLES) > 1_000
    assert wrong == []


def test_the_list_knows_its_own_examples() -> None:
    crawlers = [text for text, is_tolerated in EXAMPLES if not is_tolerated]
    assert sum(map(is_crawler, crawlers)) > 0.99 * len(crawlers)


@pytest.mark.parametrize("text", ["", " ", "Mozilla/5.0", "a\\b", "\0"])
def test_other_texts_are_no_crawlers(text: str) -> None:
    assert not is_crawler(text)
