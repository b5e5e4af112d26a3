"""Values as people read them, in the language of the page."""

import functools
import json
from pathlib import Path
from typing import Final

import msgspec
from django.utils.formats import number_format
from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop

BUILD: Final = Path(__file__).parent.parent / "static" / "build"

DIMENSION_NAMES: Final = {
    "page": noop("Page"),
    "entry_page": noop("Entry page"),
    "exit_page": noop("Exit page"),
    "source": noop("Source"),
    "channel": noop("Channel"),
    "referrer": noop("Referrer"),
    "utm_campaign": noop("Campaign"),
    "country": noop("Country"),
    "device": noop("Device"),
    "browser": noop("Browser"),
    "os": noop("Operating system"),
}

# The closed lists of channels and devices: stored in English, shown translated.
KNOWN_VALUES: Final = (
    noop("Cross-network"),
    noop("Paid Shopping"),
    noop("Paid Search"),
    noop("Paid Social"),
    noop("Paid Video"),
    noop("Display"),
    noop("Paid Other"),
    noop("AI Assistants"),
    noop("Organic Shopping"),
    noop("Organic Social"),
    noop("Organic Video"),
    noop("Organic Search"),
    noop("Email"),
    noop("Affiliates"),
    noop("Audio"),
    noop("SMS"),
    noop("Mobile Push"),
    noop("Referral"),
    noop("Direct"),
    noop("Desktop"),
    noop("Mobile"),
    noop("Tablet"),
    noop("TV"),
    noop("page_view"),
    noop("click"),
    noop("engagement"),
    noop("conversion"),
)
TRANSLATED: Final = {"channel", "device", "event_type"}

MINUTES_IN_HOUR: Final = 60
COUNTED_IN_FULL: Final = 10_000


class Scale(msgspec.Struct, frozen=True, kw_only=True):
    """A step of short numbers: from `size` on, in units of it."""

    size: int
    mark: str


SCALES: Final = {
    "en": (
        Scale(size=1_000_000_000, mark="B"),
        Scale(size=1_000_000, mark="M"),
        Scale(size=1_000, mark="K"),
    ),
    # Korean counts in ten thousands.
    "ko": (Scale(size=100_000_000, mark="억"), Scale(size=10_000, mark="만")),
}


def language_in_use() -> str:
    """`en` or `ko`."""
    language = (get_language() or "en").split("-")[0]
    return language if language in SCALES else "en"


def name_of_dimension(dimension: str) -> str:
    """The dimension's name; a property's own."""
    known = DIMENSION_NAMES.get(dimension)
    return _(known) if known else dimension.removeprefix("property:")


def label_of(dimension: str, value: object) -> str:
    """The value of a dimension; words where it is not set."""
    if value is None or value == "":
        if dimension == "source":
            return _("Direct")
        return _("No campaign") if dimension == "utm_campaign" else _("Unknown")
    text = str(value)
    if dimension == "country":
        return country_name(text)
    return _(text) if dimension in TRANSLATED and text in KNOWN_VALUES else text


def country_name(code: str) -> str:
    """The country's name; the code itself where there is none."""
    return read_countries(language_in_use()).get(code, code)


@functools.cache
def read_countries(language: str) -> dict[str, str]:
    """Code to name, from the front end's build; empty where it was not built."""
    try:
        names = json.loads((BUILD / "countries.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    return dict(names.get(language, {}))


def flag_of(code: object) -> str:
    """The flag's emoji for an ISO country code; "" for anything else."""
    text = str(code or "")
    if len(text) != 2 or not (text.isascii() and text.isalpha() and text.isupper()):
        return ""
    return "".join(chr(ord(letter) - ord("A") + 0x1F1E6) for letter in text)


def format_count(value: float) -> str:
    """The number in full below ten thousand, else short: 12.3K."""
    if abs(value) < COUNTED_IN_FULL:
        return number_format(round(value), use_l10n=True, force_grouping=True)
    for scale in SCALES[language_in_use()]:
        if abs(value) >= scale.size:
            return f"{value / scale.size:,.1f}".removesuffix(".0") + scale.mark
    return str(round(value))


def format_whole(value: float) -> str:
    """The number in full, in groups of three."""
    return number_format(round(value), use_l10n=True, force_grouping=True)


def format_duration(ms: float) -> str:
    """1h 2m, 3m 4s or 5s."""
    seconds = max(0, round(ms / 1000))
    minutes, s = divmod(seconds, 60)
    h, m = divmod(minutes, MINUTES_IN_HOUR)
    if h:
        return pgettext("duration", "%(h)dh %(m)dm") % {"h": h, "m": m}
    if m:
        return pgettext("duration", "%(m)dm %(s)ds") % {"m": m, "s": s}
    return pgettext("duration", "%(s)ds") % {"s": s}


def format_metric(value: float | None, unit: str) -> str:
    """A metric's value in its unit; a dash where there is none."""
    if value is None:
        return "–"
    if unit == "ratio":
        return f"{value * 100:.1f}".removesuffix(".0") + "%"
    if unit == "ms":
        return format_duration(value)
    if isinstance(value, float) and not value.is_integer():
        return f"{value:.2f}".rstrip("0").rstrip(".")
    return format_count(value)


def format_change(change: float | None) -> str:
    """A relative change, as +12%."""
    if change is None:
        return ""
    percent = round(change * 100)
    return f"{percent:+,d}%".replace("-", "−") if percent else "0%"
