"""URLs in parts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liveinsight.core.url import Url, split_url


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://Shop.example", Url("https", "shop.example", "shop.example", "/", "")),
        (
            "HTTPS://www.Shop.example:444/a/b?x=1?y#z?w",
            Url("https", "www.shop.example:444", "shop.example", "/a/b", "x=1?y"),
        ),
        (
            "http://me:pass@shop.example/",
            Url("http", "shop.example", "shop.example", "/", ""),
        ),
        ("app://com.shop/home", Url("app", "com.shop", "com.shop", "/home", "")),
        ("http://[::1]:80/x", Url("http", "[::1]:80", "[::1]", "/x", "")),
        ("https://x.example?q", Url("https", "x.example", "x.example", "/", "q")),
    ],
)
def test_an_absolute_url_has_parts(text: str, expected: Url) -> None:
    assert split_url(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/a",
        "shop.example/a",
        "//shop.example/a",
        "https:///a",
        "https://",
        "https:// /",
        "https://a b/",
        "https://a.example/\n",
        "https://a.example/\0",
        "https://a\\b/",
        "https://[::1/",
        "https://a.example:99999999/",
        "1ttp://a.example/",
        "javascript://a.example/%0aalert(1)",
        "data:text/html,x",
        "blob:https://a.example/x",
        "file:///etc/passwd",
        "about:blank",
        "mailto:a@b.example",
    ],
)
def test_what_is_no_page_has_none(text: str) -> None:
    assert split_url(text) is None


@given(st.text(max_size=60).map(lambda tail: "https://" + tail))
def test_no_text_raises(text: str) -> None:
    found = split_url(text)
    assert found is None or (found.host and found.path.startswith("/"))
