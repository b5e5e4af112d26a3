"""Who visits the demo shop: browsers, places, and where they come from."""

import random
from typing import Final

import msgspec

from liveinsight.demo.catalogue import BASE


class Machine(msgspec.Struct, frozen=True):
    """A device with its browser; `screen_width` in CSS pixels."""

    user_agent: str
    screen_width: int


class Place(msgspec.Struct, frozen=True):
    """Where a visitor lives: the country follows from the time zone."""

    timezone: str
    language: str


class Entry(msgspec.Struct, frozen=True):
    """How a visit begins: the page it lands on, and what led there."""

    path: str
    query: str = ""
    referrer: str | None = None


class Visitor(msgspec.Struct, frozen=True):
    """One browser on the shop's site."""

    user_id: str
    machine: Machine
    place: Place


_MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/"
_WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64"
_CHROME = "537.36 (KHTML, like Gecko) Chrome/156.0.0.0"
_IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15"
_PIXEL = "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/"

MACHINES: Final = {
    Machine(f"{_WINDOWS}) AppleWebKit/{_CHROME} Safari/537.36", 1920): 24,
    Machine(f"{_WINDOWS}) AppleWebKit/{_CHROME} Safari/537.36 Edg/156.0.0.0", 1536): 8,
    Machine(f"{_WINDOWS}; rv:160.0) Gecko/20100101 Firefox/160.0", 1920): 5,
    Machine(f"{_MAC}{_CHROME} Safari/537.36", 1728): 8,
    Machine(
        f"{_MAC}605.1.15 (KHTML, like Gecko) Version/26.2 Safari/605.1.15", 1512
    ): 7,
    Machine(
        "Mozilla/5.0 (X11; Linux x86_64; rv:160.0) Gecko/20100101 Firefox/160.0", 1920
    ): 3,
    Machine(
        f"{_IPHONE} (KHTML, like Gecko) Version/26.2 Mobile/15E148 Safari/604.1", 393
    ): 20,
    Machine(f"{_PIXEL}{_CHROME} Mobile Safari/537.36", 412): 18,
    Machine(
        "Mozilla/5.0 (Linux; Android 16; SM-S931B) AppleWebKit/537.36 "
        "(KHTML, like Gecko) SamsungBrowser/29.0 Chrome/136.0.0.0 Mobile Safari/537.36",
        384,
    ): 6,
    Machine(
        "Mozilla/5.0 (iPad; CPU OS 18_6 like Mac OS X) AppleWebKit/605.1.15 "
        "(KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1",
        820,
    ): 4,
}

PLACES: Final = {
    Place("Europe/Berlin", "de-DE"): 34,
    Place("Europe/Vienna", "de-AT"): 8,
    Place("Europe/Zurich", "de-CH"): 7,
    Place("Europe/Paris", "fr-FR"): 9,
    Place("Europe/London", "en-GB"): 9,
    Place("Europe/Amsterdam", "nl-NL"): 6,
    Place("Europe/Madrid", "es-ES"): 4,
    Place("Europe/Warsaw", "pl-PL"): 4,
    Place("Europe/Stockholm", "sv-SE"): 3,
    Place("America/New_York", "en-US"): 7,
    Place("America/Los_Angeles", "en-US"): 3,
    Place("Asia/Seoul", "ko-KR"): 4,
    Place("Asia/Tokyo", "ja-JP"): 2,
}

_BOARD = f"{BASE}products/oak-board/"
_LAMP = f"{BASE}products/reading-lamp/"
_OAK = f"{BASE}blog/care-for-oak/"
_PAN = f"{BASE}blog/first-pan/"
_AUTUMN = "utm_medium=email&utm_campaign=autumn-letter"

ENTRIES: Final = {
    Entry(BASE): 22,
    Entry(f"{BASE}categories/kitchen/"): 3,
    Entry(BASE, referrer="https://www.google.com/"): 14,
    Entry(_BOARD, referrer="https://www.google.com/"): 8,
    Entry(_OAK, referrer="https://www.google.com/"): 9,
    Entry(_PAN, referrer="https://duckduckgo.com/"): 3,
    Entry(f"{BASE}categories/light/", referrer="https://www.bing.com/"): 4,
    Entry(
        _LAMP,
        "utm_source=google&utm_medium=cpc&utm_campaign=lamps&gclid=demo",
        "https://www.google.com/",
    ): 7,
    Entry(
        f"{BASE}categories/kitchen/",
        "utm_source=instagram&utm_medium=paid_social&utm_campaign=kitchen-week",
        "https://www.instagram.com/",
    ): 6,
    Entry(_BOARD, referrer="https://www.instagram.com/"): 4,
    Entry(BASE, f"utm_source=newsletter&{_AUTUMN}"): 6,
    Entry(_LAMP, f"utm_source=newsletter&{_AUTUMN}"): 4,
    Entry(f"{BASE}products/steel-pan/", referrer="https://www.youtube.com/"): 3,
    Entry(f"{BASE}blog/small-balcony/", referrer="https://www.pinterest.com/"): 3,
    Entry(_PAN, referrer="https://www.reddit.com/r/castiron/"): 3,
    Entry(_OAK, referrer="https://chatgpt.com/"): 3,
    Entry(BASE, "utm_source=partner&utm_medium=affiliate"): 2,
    Entry(_BOARD, referrer="https://woodblog.example/best-boards"): 3,
    Entry(f"{BASE}old-catalogue/", referrer="https://links.example/shops"): 1,
}


_MACHINES: Final = (list(MACHINES), list(MACHINES.values()))
_PLACES: Final = (list(PLACES), list(PLACES.values()))
_ENTRIES: Final = (list(ENTRIES), list(ENTRIES.values()))

BORN_A_DAY: Final = 1_000
"""At most as many as there are visits on the quietest day."""
RETURNING: Final = 0.34
OFTEN: Final = 0.8
"""Of those who return: within days. The others return within weeks."""
DAYS_AWAY: Final = 5
WEEKS_AWAY: Final = 30
"""Days between two visits, on average."""


def find_visitor(seed: int, day: int, number: int) -> Visitor:
    """The visitor who came first on `day` as its `number`: always the same one."""
    rng = seeded(seed, day, number, 1)
    return Visitor(
        user_id=f"{rng.getrandbits(128):032x}",
        machine=rng.choices(*_MACHINES)[0],
        place=rng.choices(*_PLACES)[0],
    )


def draw_visitor(rng: random.Random, seed: int, day: int, number: int) -> Visitor:
    """A new visitor, or, one time in three, one who came in the weeks before."""
    if rng.random() < RETURNING:
        away = DAYS_AWAY if rng.random() < OFTEN else WEEKS_AWAY
        first = day - int(rng.expovariate(1 / away))
        return find_visitor(seed, first, rng.randrange(BORN_A_DAY))
    return find_visitor(seed, day, number)


def draw_entry(rng: random.Random) -> Entry:
    """How one visit begins."""
    return rng.choices(*_ENTRIES)[0]


def seeded(*numbers: int) -> random.Random:
    """A source of the same draws for the same numbers, each below 2**32."""
    mixed = 0
    for number in numbers:
        mixed = mixed << 32 | number & 0xFFFFFFFF
    return random.Random(mixed)  # noqa: S311 (a demo, and it must repeat itself)
