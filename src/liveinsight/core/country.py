"""Where a visitor is, as far as a header, an address or a time zone tells."""

from functools import cache
from importlib import resources

import msgspec


class Place(msgspec.Struct, frozen=True):
    """`country` is ISO 3166-1 alpha-2, upper case; None is unknown."""

    country: str | None = None
    region: str | None = None
    city: str | None = None


NOWHERE = Place()

_NO_COUNTRY = frozenset({"XX", "ZZ", "T1", "A1", "A2", "EU", "AP"})
"""Codes that proxies and address tables use for "unknown", "Tor" and the like."""

_CODE_CHARS = 2
_ZONE_FIELDS = 3


def country_code(text: str) -> str | None:
    """The country that a proxy's header or an address table names, if it is one."""
    code = text.strip().upper()
    if len(code) != _CODE_CHARS or not (code.isascii() and code.isalpha()):
        return None
    return None if code in _NO_COUNTRY else code


def country_of_timezone(timezone: str) -> str | None:
    """The country that a IANA time zone lies in; None where it names none."""
    return _countries().get(timezone)


@cache
def _countries() -> dict[str, str]:
    """Time zone → country.

    zone.tab has one country for each zone. The links of tzdata.zi add the old names
    that browsers still report (Asia/Calcutta, Asia/Saigon).
    Source: the package tzdata.
    """
    folder = resources.files("tzdata") / "zoneinfo"
    found: dict[str, str] = {}
    for line in (folder / "zone.tab").read_text("utf-8").splitlines():
        fields = line.split("\t")
        if not line.startswith("#") and len(fields) >= _ZONE_FIELDS:
            found[fields[2]] = fields[0]
    for line in (folder / "tzdata.zi").read_text("utf-8").splitlines():
        kind, _, names = line.partition(" ")
        target, _, alias = names.partition(" ")
        if kind == "L" and target in found and not target.startswith("Etc/"):
            found.setdefault(alias, found[target])
    return found
