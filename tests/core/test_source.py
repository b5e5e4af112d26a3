"""Who sent a visitor, and by which channel."""

import pytest

from liveinsight.core.source import CHANNELS, classify, known_host
from liveinsight.core.url import split_url

PAGE = "https://shop.example/a"


def source_of(query: str = "", referrer: str | None = None) -> tuple[str | None, str]:
    page = split_url(PAGE + ("?" + query if query else ""))
    found = classify(page, split_url(referrer) if referrer else None)
    return found.source, found.channel


@pytest.mark.parametrize(
    ("query", "referrer", "source", "channel"),
    [
        ("", None, None, "Direct"),
        ("", "https://www.google.co.kr/", "Google", "Organic Search"),
        ("", "https://m.search.naver.com/search.naver?q=1", "Naver", "Organic Search"),
        ("", "https://search.daum.net/", "Daum", "Organic Search"),
        ("", "https://mail.google.com/mail/u/0/", "Gmail", "Email"),
        ("", "https://news.google.de/", "Google News", "Organic Search"),
        ("", "https://www.bing.com/", "Bing", "Organic Search"),
        ("", "https://l.facebook.com/l.php", "Facebook", "Organic Social"),
        ("", "https://t.co/x", "X", "Organic Social"),
        ("", "https://blog.naver.com/someone", "Naver Blog", "Organic Social"),
        ("", "https://www.youtube.com/", "YouTube", "Organic Video"),
        ("", "https://smartstore.naver.com/x", "Naver Shopping", "Organic Shopping"),
        ("", "https://chatgpt.com/", "ChatGPT", "AI Assistants"),
        ("", "https://gemini.google.com/app", "Gemini", "AI Assistants"),
        ("", "https://claude.ai/", "Claude", "AI Assistants"),
        ("", "https://open.spotify.com/", "Spotify", "Audio"),
        ("", "https://www.blog.example/x?y=1", "blog.example", "Referral"),
        ("", "https://google.evil.example/", "google.evil.example", "Referral"),
        ("", "android-app://com.google.android.gm/", "Gmail", "Email"),
        ("", "https://www.shop.example/b", None, "Direct"),
        ("", "https://blog.shop.example/b", "blog.shop.example", "Referral"),
        ("utm_source=chatgpt.com", None, "ChatGPT", "AI Assistants"),
        ("utm_source=fb&source=x&ref=y", None, "Facebook", "Organic Social"),
        ("source=naver&ref=y", None, "Naver", "Organic Search"),
        ("ref=hn", None, "Hacker News", "Organic Social"),
        ("UTM_SOURCE=GOOGLE", None, "Google", "Organic Search"),
        ("utm_source=ig", "https://www.google.com/", "Instagram", "Organic Social"),
        ("utm_source=naver&utm_medium=cpc", None, "Naver", "Paid Search"),
        ("utm_source=google&utm_medium=ppc", None, "Google", "Paid Search"),
        ("utm_source=facebook&utm_medium=paid_social", None, "Facebook", "Paid Social"),
        ("utm_source=facebook-ads", None, "Facebook", "Paid Social"),
        ("utm_source=youtube&utm_medium=cpv_cp", None, "YouTube", "Paid Video"),
        ("utm_source=amazon&utm_medium=cpc", None, "Amazon", "Paid Shopping"),
        (
            "utm_source=x1&utm_medium=cpc&utm_campaign=shopping",
            None,
            "x1",
            "Paid Shopping",
        ),
        ("utm_source=x1&utm_medium=retargeting", None, "x1", "Paid Other"),
        ("utm_source=x1&utm_medium=cpm", None, "x1", "Display"),
        ("utm_source=x1&utm_medium=banner", None, "x1", "Display"),
        ("gclid=1", "https://www.google.com/", "Google", "Paid Search"),
        ("gclid=1", "https://www.bing.com/", "Bing", "Organic Search"),
        ("gclid=1", None, None, "Direct"),
        ("msclkid=1", "https://www.bing.com/", "Bing", "Paid Search"),
        (
            "utm_campaign=cross-network&utm_source=google",
            None,
            "Google",
            "Cross-network",
        ),
        ("utm_source=letter&utm_medium=email", None, "letter", "Email"),
        ("utm_source=email", None, "email", "Email"),
        ("utm_source=p&utm_medium=affiliate", None, "p", "Affiliates"),
        ("utm_source=p&utm_medium=audio", None, "p", "Audio"),
        ("utm_source=sms", None, "sms", "SMS"),
        ("utm_source=p&utm_medium=web_push", None, "p", "Mobile Push"),
        ("utm_source=p&utm_medium=organic", None, "p", "Organic Search"),
        ("utm_medium=referral", None, None, "Referral"),
        ("utm_source=", "https://www.google.com/", "Google", "Organic Search"),
    ],
)
def test_source_and_channel(
    query: str, referrer: str | None, source: str | None, channel: str
) -> None:
    assert source_of(query, referrer) == (source, channel)


def test_the_channels_are_tried_in_the_published_order() -> None:
    names = ", ".join(name for name, _ in CHANNELS)
    assert names == (
        "Cross-network, Paid Shopping, Paid Search, Paid Social, Paid Video, Display, "
        "Paid Other, AI Assistants, Organic Shopping, Organic Social, Organic Video, "
        "Organic Search, Email, Affiliates, Audio, SMS, Mobile Push, Referral, Direct"
    )


def test_a_referrer_is_kept_without_query_fragment_and_account() -> None:
    page = split_url(PAGE)
    came_from = split_url("https://me:word@www.Blog.example:8080/a/b?q=1#top")
    assert classify(page, came_from).referrer == "https://www.blog.example:8080/a/b"


def test_an_internal_referrer_is_not_kept() -> None:
    assert (
        classify(split_url(PAGE), split_url("http://shop.example/b")).referrer is None
    )


def test_campaign_parameters_are_kept_as_written_but_trimmed_and_bounded() -> None:
    page = split_url(PAGE + "?utm_campaign=%20Spring%20Sale%00&utm_term=" + "x" * 400)
    found = classify(page, None)
    assert found.utm_campaign == "Spring Sale"
    assert found.utm_term == "x" * 255


def test_the_longest_known_host_wins() -> None:
    names = [
        known.name if (known := known_host(host)) else None
        for host in ("mail.naver.com", "x.naver.com", "naver.com", "naver.example")
    ]
    assert names == ["Naver Mail", "Naver", "Naver", None]
