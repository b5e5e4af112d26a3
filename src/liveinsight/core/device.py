"""What a user agent says of device, browser and system, and whether it is a bot."""

import re
from functools import cache, lru_cache

import msgspec
from ua_parser_builtins.lazy import MATCHERS
from ua_parser_rs import OSExtractor, UserAgentExtractor

from liveinsight.core.crawlers import is_crawler

USER_AGENT_CHARS = 1024
"""Longer ones are cut: real ones are under 500, and patterns cost time per character."""

_TV = re.compile(
    r"smart-?tv|\btv\b|appletv|apple tv|googletv|hbbtv|netcast|web0s|webos\.tv|tizen.*tv"
    r"|bravia|\baft[a-z]{1,5}\b|roku|crkey|viera|philipstv|dtv",
    re.IGNORECASE,
)
_CONSOLE = re.compile(r"playstation|xbox|nintendo", re.IGNORECASE)
_TABLET = re.compile(
    r"ipad|tablet|playbook|silk/|kindle|kf[a-z]{2,4}\b|\bsm-[tx]\d{3}|nexus (7|9|10)\b"
    r"|pixel (c|tablet)|mediapad|lenovo tb|xiaomi.*pad|galaxy tab",
    re.IGNORECASE,
)
_MOBILE = re.compile(
    r"mobi|iphone|ipod|android.*mobile|windows phone|blackberry|bb10|opera mini"
    r"|kaios|symbian|nokia|fennec",
    re.IGNORECASE,
)
_DESKTOP_SYSTEMS = frozenset(
    {"Windows", "Mac OS X", "Linux", "Ubuntu", "Chrome OS", "Fedora", "Debian"}
    | {"FreeBSD", "OpenBSD", "NetBSD", "Red Hat", "SUSE", "Solaris", "Gentoo"}
    | {"Arch Linux", "Mint", "CentOS", "Kubuntu", "Slackware"}
)
_SYSTEM_NAMES = {"Mac OS X": "macOS"}
_BROWSER_NAMES = {
    "Chrome Mobile": "Chrome",
    "Chrome Mobile iOS": "Chrome",
    "Chrome Mobile WebView": "Android WebView",
    "Mobile Safari": "Safari",
    "Mobile Safari UI/WKWebView": "iOS WebView",
    "Firefox Mobile": "Firefox",
    "Firefox iOS": "Firefox",
    "Edge Mobile": "Edge",
    "Opera Mobile": "Opera",
    "IE Mobile": "Internet Explorer",
    "IE": "Internet Explorer",
}


_MORE_BROWSERS = (
    ("KakaoTalk", re.compile(r"KAKAOTALK[ /](\d+)")),
    ("Naver App", re.compile(r"NAVER\(inapp; [^;]*; \d+; (\d+)")),
    ("Naver Whale", re.compile(r"Whale/(\d+)")),
    ("Daum App", re.compile(r"DaumApps/(\d+)")),
    ("LINE", re.compile(r"\bLine/(\d+)")),
)
"""Browsers that many people of Korea and Japan use and ua-parser does not name."""


class Device(msgspec.Struct, frozen=True):
    """`device` is Desktop, Mobile, Tablet, TV or Console; None is unknown."""

    device: str | None = None
    browser: str | None = None
    browser_version: str | None = None
    os: str | None = None
    os_version: str | None = None
    is_bot: bool = False


@lru_cache(maxsize=4096)
def parse_user_agent(user_agent: str) -> Device:
    """What `user_agent` says. The first call builds the matchers: 0.1 s.

    Versions are those that change what a page can do: the major one of a browser,
    major and minor of a system.
    """
    text = user_agent[:USER_AGENT_CHARS]
    if not text.strip():
        return Device()
    browsers, systems = _extractors()
    browser, version = _browser_of(text, browsers)
    system = systems.extract(text)
    os = None if system is None else system.family
    return Device(
        device=_device_of(text, os),
        browser=browser,
        browser_version=version,
        os=_SYSTEM_NAMES.get(os, os) if os else None,
        os_version=_join(system.major, system.minor) if system else None,
        is_bot=is_crawler(text),
    )


def _browser_of(
    text: str, browsers: UserAgentExtractor
) -> tuple[str | None, str | None]:
    for name, pattern in _MORE_BROWSERS:
        match = pattern.search(text)
        if match is not None:
            return name, match[1]
    parsed = browsers.extract(text)
    if parsed is None:
        return None, None
    return _BROWSER_NAMES.get(parsed.family, parsed.family), parsed.major


def device_of_screen(width: int) -> str:
    """The device class that a screen's width in CSS pixels suggests.

    Only for senders whose user agent names none.
    """
    if width < _TABLET_WIDTH:
        return "Mobile"
    return "Tablet" if width < _DESKTOP_WIDTH else "Desktop"


_TABLET_WIDTH = 576
_DESKTOP_WIDTH = 992


def _device_of(text: str, os: str | None) -> str | None:
    for name, pattern in _CLASSES:
        if pattern.search(text):
            return name
    if os == "Android":
        # Chrome's rule since 2011: an Android without "Mobile" is a tablet.
        return "Tablet"
    if os == "iOS":
        return "Mobile"
    return "Desktop" if os in _DESKTOP_SYSTEMS else None


_CLASSES = (
    ("Console", _CONSOLE),
    ("TV", _TV),
    ("Tablet", _TABLET),
    ("Mobile", _MOBILE),
)


def _join(major: str | None, minor: str | None) -> str | None:
    if major is None:
        return None
    return major if minor is None else f"{major}.{minor}"


@cache
def _extractors() -> tuple[UserAgentExtractor, OSExtractor]:
    """Finders of the browser and of the system.

    Not by ua_parser.parse(): that would also build those of device models, which
    nobody asks for and which take longer than these two.
    """
    browsers, systems, _ = MATCHERS
    return (
        UserAgentExtractor(
            (one.regex, one.family, one.major, one.minor, one.patch, one.patch_minor)
            for one in browsers
        ),
        OSExtractor(
            (one.regex, one.family, one.major, one.minor, one.patch, one.patch_minor)
            for one in systems
        ),
    )
