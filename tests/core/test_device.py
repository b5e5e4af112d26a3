"""What a user agent says."""

import pytest

from liveinsight.core.device import Device, device_of_screen, parse_user_agent

WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("user_agent", "device", "browser", "os"),
    [
        (
            f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {WEBKIT} "
            "Chrome/148.0.0.0 Safari/537.36",
            "Desktop",
            "Chrome 148",
            "Windows 10",
        ),
        (
            f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {WEBKIT} "
            "Chrome/148.0.0.0 Safari/537.36 Edg/148.0.0.0",
            "Desktop",
            "Edge 148",
            "Windows 10",
        ),
        (
            f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {WEBKIT} "
            "Chrome/148.0.0.0 Whale/4.30.1.1 Safari/537.36",
            "Desktop",
            "Naver Whale 4",
            "Windows 10",
        ),
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:140.0) Gecko/20100101 "
            "Firefox/140.0",
            "Desktop",
            "Firefox 140",
            "macOS 10.15",
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 "
            "(KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1",
            "Mobile",
            "Safari 18",
            "iOS 18.1",
        ),
        (
            "Mozilla/5.0 (iPad; CPU OS 16_6 like Mac OS X) AppleWebKit/605.1.15 "
            "(KHTML, like Gecko) Version/16.6 Mobile/15E148 Safari/604.1",
            "Tablet",
            "Safari 16",
            "iOS 16.6",
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 "
            "(KHTML, like Gecko) Mobile/15E148 KAKAOTALK 11.2.0",
            "Mobile",
            "KakaoTalk 11",
            "iOS 18.0",
        ),
        (
            f"Mozilla/5.0 (Linux; Android 10; K) {WEBKIT} "
            "Chrome/148.0.0.0 Mobile Safari/537.36",
            "Mobile",
            "Chrome 148",
            "Android 10",
        ),
        (
            f"Mozilla/5.0 (Linux; Android 14; K) {WEBKIT} Chrome/148.0.0.0 Safari/537.36",
            "Tablet",
            "Chrome 148",
            "Android 14",
        ),
        (
            "Mozilla/5.0 (SMART-TV; Linux; Tizen 6.0) AppleWebKit/537.36 (KHTML, like "
            "Gecko) SamsungBrowser/4.0 Chrome/76.0 TV Safari/537.36",
            "TV",
            "Samsung Internet 4",
            "Tizen 6.0",
        ),
        ("curl/8.1.2", None, "curl 8", None),
    ],
    ids=lambda value: str(value)[:30],
)
def test_device_browser_and_system(
    user_agent: str, device: str | None, browser: str, os: str | None
) -> None:
    found = parse_user_agent(user_agent)
    system = f"{found.os} {found.os_version}" if found.os else None
    assert (found.device, f"{found.browser} {found.browser_version}", system) == (
        device,
        browser,
        os,
    )


@pytest.mark.parametrize(
    "user_agent",
    [
        "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
        "Mozilla/5.0 (compatible; Yeti/1.1; +https://naver.me/spd)",
        "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2)",
        f"Mozilla/5.0 (X11; Linux x86_64) {WEBKIT} HeadlessChrome/148.0 Safari/537.36",
    ],
)
def test_crawlers_are_bots(user_agent: str) -> None:
    assert parse_user_agent(user_agent).is_bot


@pytest.mark.parametrize(
    "user_agent",
    ["curl/8.1", "python-requests/2.31", "python-httpx/0.28", "okhttp/4.9"],
)
def test_libraries_are_no_bots_as_they_run_no_page_script(user_agent: str) -> None:
    assert not parse_user_agent(user_agent).is_bot


@pytest.mark.parametrize("user_agent", ["", "   ", "\x00", "x" * 100_000])
def test_nonsense_is_an_unknown_device(user_agent: str) -> None:
    assert parse_user_agent(user_agent) == Device()


def test_the_screen_suggests_a_device() -> None:
    assert [device_of_screen(w) for w in (390, 800, 1440)] == [
        "Mobile",
        "Tablet",
        "Desktop",
    ]
