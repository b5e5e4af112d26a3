"""Values as people read them, in the language of the page."""

import functools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec
from django.utils.formats import number_format
from django.utils.translation import get_language, gettext_noop, pgettext
from django.utils.translation import gettext as _

from liveinsight.query.catalog.dimensions import PROPERTY
from liveinsight.query.model import Operator

BUILD: Final = Path(__file__).parent.parent / "static" / "build"

DIMENSION_NAMES: Final = {
    "page": gettext_noop("Page"),
    "entry_page": gettext_noop("Entry page"),
    "exit_page": gettext_noop("Exit page"),
    "title": gettext_noop("Title"),
    "host": gettext_noop("Host"),
    "event_type": gettext_noop("Event"),
    "goal": gettext_noop("Goal"),
    "currency": gettext_noop("Currency"),
    "source": gettext_noop("Source"),
    "channel": gettext_noop("Channel"),
    "referrer": gettext_noop("Referrer"),
    "utm_source": gettext_noop("UTM source"),
    "utm_medium": gettext_noop("UTM medium"),
    "utm_campaign": gettext_noop("Campaign"),
    "utm_term": gettext_noop("UTM term"),
    "utm_content": gettext_noop("UTM content"),
    "country": gettext_noop("Country"),
    "region": gettext_noop("Region"),
    "city": gettext_noop("City"),
    "language": gettext_noop("Language"),
    "device": gettext_noop("Device"),
    "browser": gettext_noop("Browser"),
    "browser_version": gettext_noop("Browser version"),
    "os": gettext_noop("Operating system"),
    "os_version": gettext_noop("System version"),
    "screen": gettext_noop("Screen width"),
    "segment": gettext_noop("Segment"),
}
OPERATOR_NAMES: Final = {
    Operator.IS: gettext_noop("is"),
    Operator.IS_NOT: gettext_noop("is not"),
    Operator.CONTAINS: gettext_noop("contains"),
    Operator.CONTAINS_NOT: gettext_noop("does not contain"),
    Operator.MATCHES: gettext_noop("matches"),
    Operator.MATCHES_NOT: gettext_noop("does not match"),
}

# The closed lists of channels and devices: stored in English, shown translated.
KNOWN_VALUES: Final = (
    gettext_noop("Cross-network"),
    gettext_noop("Paid Shopping"),
    gettext_noop("Paid Search"),
    gettext_noop("Paid Social"),
    gettext_noop("Paid Video"),
    gettext_noop("Display"),
    gettext_noop("Paid Other"),
    gettext_noop("AI Assistants"),
    gettext_noop("Organic Shopping"),
    gettext_noop("Organic Social"),
    gettext_noop("Organic Video"),
    gettext_noop("Organic Search"),
    gettext_noop("Email"),
    gettext_noop("Affiliates"),
    gettext_noop("Audio"),
    gettext_noop("SMS"),
    gettext_noop("Mobile Push"),
    gettext_noop("Referral"),
    gettext_noop("Direct"),
    gettext_noop("Desktop"),
    gettext_noop("Mobile"),
    gettext_noop("Tablet"),
    gettext_noop("TV"),
    gettext_noop("page_view"),
    gettext_noop("click"),
    gettext_noop("engagement"),
    gettext_noop("conversion"),
)
TRANSLATED: Final = {"channel", "device", "event_type"}

MINUTES_IN_HOUR: Final = 60
COUNTED_IN_FULL: Final = 10_000
TENS: Final = 10
MONEY_IN_FULL: Final = 100_000


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
    return _(known) if known else dimension.removeprefix(PROPERTY)


def name_of_operator(operator: Operator) -> str:
    """The operator in the words of the page."""
    return _(OPERATOR_NAMES[operator])


def label_of(dimension: str, value: object) -> str:
    """The value of a dimension; words where it is not set."""
    if value is None or value == "":
        if dimension == "source":
            return _("Direct")
        if dimension == "utm_campaign":
            return _("No campaign")
        is_optional = dimension.startswith(("utm_", PROPERTY))
        return _("not set") if is_optional else _("Unknown")
    text = str(value)
    if dimension == "country":
        return country_name(text)
    return _(text) if dimension in TRANSLATED and text in KNOWN_VALUES else text


def country_name(code: str) -> str:
    """The country's name; the code itself where there is none."""
    return read_countries(language_in_use()).get(code, code)


def find_countries(text: str) -> tuple[str, ...]:
    """The codes of countries whose name contains the text; itself where none does."""
    names = read_countries(language_in_use()).items()
    wanted = text.casefold()
    return tuple(code for code, name in names if wanted in name.casefold()) or (text,)


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
    """The number in full below ten thousand, else to three digits or more: 12.3K."""
    if abs(value) < COUNTED_IN_FULL:
        return number_format(round(value), use_l10n=True, force_grouping=True)
    for scale in SCALES[language_in_use()]:
        if abs(value) >= scale.size:
            units = value / scale.size
            digits = 2 if abs(units) < TENS else 1
            return f"{units:,.{digits}f}".rstrip("0").rstrip(".") + scale.mark
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


def format_amount(amount: float) -> str:
    """An amount of money, in full below a hundred thousand."""
    if abs(amount) >= MONEY_IN_FULL:
        return format_count(amount)
    digits = 0 if float(amount).is_integer() else 2
    return number_format(amount, digits, use_l10n=True, force_grouping=True)


def format_share(share: float) -> str:
    """A share or rate of 0-1 in percent.

    Always with one digit after the point, so that the same kind of number looks the
    same wherever it stands, and columns of them are aligned.
    """
    return f"{share * 100:.1f}%"


FORMATS: Final[dict[str, Callable[[float], str]]] = {
    "ratio": format_share,
    "percent": lambda value: format_share(value / 100),
    "ms": format_duration,
    "currency": format_amount,
}
"""How values of a unit are written, other than counts and means."""


def format_metric(value: float | None, unit: str) -> str:
    """A metric's value in its unit; a dash where there is none."""
    if value is None:
        return "–"
    if unit in FORMATS:
        return FORMATS[unit](value)
    if isinstance(value, float) and not value.is_integer():
        return f"{value:.2f}".rstrip("0").rstrip(".")
    return format_count(value)


def format_points(change: float) -> str:
    """+1.2: the difference of two shares, or a relative change, in hundredths."""
    if not round(change * 1000):
        return "0.0"
    return f"{change * 100:+,.1f}".replace("-", "−")


def write_change(change: float | None, unit: str) -> str:
    """+12.3%; for a rate, whose change is a difference, in points."""
    if change is None or unit != "ratio":
        return format_change(change)
    return _("%(points)s points") % {"points": format_points(change)}


def format_change(change: float | None) -> str:
    """A relative change, as +12.3%."""
    return "" if change is None else f"{format_points(change)}%"
