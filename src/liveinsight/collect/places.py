"""Address → place, from an address table in MaxMind's file format."""

from functools import lru_cache
from pathlib import Path

import maxminddb

from liveinsight.core.country import NOWHERE, Place, country_code
from liveinsight.errors import ConfigError

_ADDRESSES = 8192


class PlaceReader:
    """The places that one `.mmdb` file knows; looked up once per recent address.

    Reads the layout of MaxMind's and DB-IP's files (`country.iso_code`) and the flat
    one of ip-location-db (`country_code`).
    """

    def __init__(self, path: Path) -> None:
        try:
            self._reader = maxminddb.open_database(path)
        except (OSError, ValueError, maxminddb.InvalidDatabaseError):
            sentence = f"{path} is not an address table (.mmdb) that can be read"
            raise ConfigError(sentence) from None
        self.place_of = lru_cache(maxsize=_ADDRESSES)(self._look_up)

    def close(self) -> None:
        """Lets go of the file."""
        self._reader.close()

    def _look_up(self, address: str) -> Place:
        """The place of an address; unknown for private ones and for nonsense."""
        try:
            record = self._reader.get(address)
        except (ValueError, maxminddb.InvalidDatabaseError):
            return NOWHERE
        if not isinstance(record, dict):
            return NOWHERE
        code = _text_at(record, "country", "iso_code") or _text_at(
            record, "country_code"
        )
        return Place(
            country=country_code(code or ""),
            region=_region_of(record),
            city=_text_at(record, "city", "names", "en") or _text_at(record, "city"),
        )


def _region_of(record: object) -> str | None:
    parts = record.get("subdivisions") if isinstance(record, dict) else None
    if isinstance(parts, list) and parts:
        return _text_at(parts[0], "names", "en")
    return _text_at(record, "state1")


def _text_at(record: object, *path: str) -> str | None:
    for name in path:
        if not isinstance(record, dict):
            return None
        record = record.get(name)
    return record if isinstance(record, str) and record else None
