"""Who sent a visitor: source, channel, referrer and campaign of a page view."""

import re
from collections.abc import Callable
from functools import cache
from importlib import resources
from urllib.parse import parse_qsl

import msgspec

from liveinsight.core.url import Url

_CAMPAIGN_CHARS = 255
_PARAMETERS = 50


class Source(msgspec.Struct, frozen=True):
    """`source` None is nobody known; `referrer` is None if internal."""

    source: str | None = None
    channel: str = "Direct"
    referrer: str | None = None
    utm_source: str | None = None
    utm_medium: str | None = None
    utm_campaign: str | None = None
    utm_term: str | None = None
    utm_content: str | None = None


class Known(msgspec.Struct, frozen=True):
    """A known source, one line of known_sources.tsv."""

    name: str
    category: str


class _Signs(msgspec.Struct, frozen=True):
    """What the channel rules look at; all texts lower case."""

    name: str
    source: str
    category: str
    medium: str
    campaign: str
    is_paid: bool
    click_ids: frozenset[str]


def classify(page: Url | None, referrer: Url | None) -> Source:
    """Source and channel of a view of `page` that came from `referrer`.

    Source: `utm_source`, else `source`, else `ref`, else the referrer's known name,
    else its host. A referrer on the page's own host is internal and ignored.
    """
    tags = _tags_of(page.query) if page is not None and page.query else {}
    if referrer is not None and page is not None and referrer.host == page.host:
        referrer = None
    tag = tags.get("utm_source") or tags.get("source") or tags.get("ref")
    known, is_paid = (None, False) if tag is None else _known_tag(tag)
    if tag is None and referrer is not None:
        known = known_host(referrer.host)
    name = known.name if known else tag or (referrer.host if referrer else None)
    medium = tags.get("utm_medium", "").lower()
    signs = _Signs(
        name=name or "",
        source=(tag or "").lower(),
        category=known.category if known else "",
        medium=medium,
        campaign=tags.get("utm_campaign", "").lower(),
        is_paid=is_paid or _is_paid(medium),
        click_ids=frozenset(tags.keys() & _CLICK_IDS),
    )
    return Source(
        source=name,
        channel=channel_of(signs),
        referrer=None if referrer is None else _without_query(referrer),
        utm_source=tags.get("utm_source"),
        utm_medium=tags.get("utm_medium"),
        utm_campaign=tags.get("utm_campaign"),
        utm_term=tags.get("utm_term"),
        utm_content=tags.get("utm_content"),
    )


def _without_query(url: Url) -> str:
    return f"{url.scheme}://{url.authority}{url.path}"


_CLICK_IDS = frozenset({"gclid", "msclkid"})
_TAGS = _CLICK_IDS | {
    "utm_source",
    "utm_medium",
    "utm_campaign",
    "utm_term",
    "utm_content",
    "source",
    "ref",
}


def _tags_of(query: str) -> dict[str, str]:
    """The campaign parameters of a query, the first of each name, trimmed."""
    found: dict[str, str] = {}
    # The whole query is at most 2048 characters: a maximum of fields would raise.
    for name, value in parse_qsl(query)[:_PARAMETERS]:
        tag = name.lower()
        if tag in _TAGS and tag not in found:
            text = "".join(filter(str.isprintable, value)).strip()[:_CAMPAIGN_CHARS]
            if text:
                found[tag] = text
    return found


# Known sources


@cache
def _known() -> tuple[dict[str, Known], dict[str, Known], dict[str, Known]]:
    """The known sources by host, by `label.*` and by tag, from known_sources.tsv."""
    hosts: dict[str, Known] = {}
    any_ending: dict[str, Known] = {}
    tags: dict[str, Known] = {}
    table = resources.files("liveinsight.core") / "known_sources.tsv"
    for line in table.read_text("utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        category, name, words = line.split("\t")
        known = Known(name, category)
        tags.setdefault(name.lower(), known)
        for word in words.split():
            if word.endswith(".*"):
                any_ending[word.removesuffix(".*")] = known
            elif "." in word:
                hosts[word] = known
            else:
                tags[word] = known
    return hosts, any_ending, tags


_SECOND_LEVEL = frozenset(
    {"co", "com", "ne", "net", "or", "org", "ac", "go", "gov", "edu"}
)
_COUNTRY_CHARS = 2


def known_host(host: str) -> Known | None:
    """The known source that `host`, or its closest known parent, belongs to."""
    hosts, any_ending, _ = _known()
    ending = "." + _ending_of(host)
    rest = host
    while rest:
        found = hosts.get(rest) or any_ending.get(rest.removesuffix(ending))
        if found is not None:
            return found
        rest = rest.partition(".")[2]
    return None


def _ending_of(host: str) -> str:
    """What registries sell names under: `de`, `com`, `co.kr`."""
    rest, _, last = host.rpartition(".")
    second = rest.rpartition(".")[2]
    if second in _SECOND_LEVEL and len(last) == _COUNTRY_CHARS:
        return f"{second}.{last}"
    return last


_ADS_SUFFIX = re.compile(r"[-_ .]?ads?$")


def _known_tag(tag: str) -> tuple[Known | None, bool]:
    """The known source that a tag names, and whether it names its advertising."""
    _, _, tags = _known()
    text = tag.lower()
    found = tags.get(text) or (known_host(text) if "." in text else None)
    if found is not None:
        return found, text in _ADVERTISING
    found = tags.get(_ADS_SUFFIX.sub("", text))
    return found, found is not None


_ADVERTISING = frozenset({"adwords", "googleads", "google ads", "bingads"})

# Channels


def _is_paid(medium: str) -> bool:
    return (
        "cp" in medium or medium in {"ppc", "retargeting"} or medium.startswith("paid")
    )


_SHOPPING_CAMPAIGN = re.compile(r"(^|[^a-df-z])shop|shopping")
_DISPLAY = frozenset({"display", "banner", "expandable", "interstitial", "cpm"})
_SOCIAL = frozenset(
    {"social", "social-network", "social-media", "sm", "social network", "social media"}
)
_EMAIL = frozenset({"email", "e-mail", "e_mail", "e mail", "newsletter"})
_REFERRAL = frozenset({"referral", "app", "link"})


def _is_shopping(signs: _Signs) -> bool:
    return signs.category == "shopping" or bool(
        _SHOPPING_CAMPAIGN.search(signs.campaign)
    )


def _is_clicked_ad(signs: _Signs) -> bool:
    return (signs.name == "Google" and "gclid" in signs.click_ids) or (
        signs.name == "Bing" and "msclkid" in signs.click_ids
    )


CHANNELS: tuple[tuple[str, Callable[[_Signs], bool]], ...] = (
    ("Cross-network", lambda s: "cross-network" in s.campaign),
    ("Paid Shopping", lambda s: s.is_paid and _is_shopping(s)),
    (
        "Paid Search",
        lambda s: (s.is_paid and s.category == "search") or _is_clicked_ad(s),
    ),
    ("Paid Social", lambda s: s.is_paid and s.category == "social"),
    ("Paid Video", lambda s: s.is_paid and s.category == "video"),
    ("Display", lambda s: s.medium in _DISPLAY),
    ("Paid Other", lambda s: s.is_paid),
    ("AI Assistants", lambda s: s.category == "ai"),
    ("Organic Shopping", _is_shopping),
    ("Organic Social", lambda s: s.category == "social" or s.medium in _SOCIAL),
    ("Organic Video", lambda s: s.category == "video" or "video" in s.medium),
    ("Organic Search", lambda s: s.category == "search" or s.medium == "organic"),
    (
        "Email",
        lambda s: s.category == "mail" or s.source in _EMAIL or s.medium in _EMAIL,
    ),
    ("Affiliates", lambda s: s.medium in {"affiliate", "affiliates"}),
    ("Audio", lambda s: s.category == "audio" or s.medium == "audio"),
    ("SMS", lambda s: s.source == "sms" or s.medium == "sms"),
    (
        "Mobile Push",
        lambda s: (
            s.medium.endswith("push")
            or "mobile" in s.medium
            or "notification" in s.medium
            or s.source == "firebase"
        ),
    ),
    ("Referral", lambda s: bool(s.name) or s.medium in _REFERRAL),
    ("Direct", lambda _: True),
)
"""The channels, in order: the first whose rule holds.

Source: Plausible's published definition of acquisition channels.
"""


def channel_of(signs: _Signs) -> str:
    """The first channel whose rule holds."""
    return next(name for name, holds in CHANNELS if holds(signs))
