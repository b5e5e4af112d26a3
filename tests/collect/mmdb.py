"""The smallest address table: one record for every address.

Source: https://maxmind.github.io/MaxMind-DB/
"""

from pathlib import Path

_SEPARATOR = b"\0" * 16
_MARKER = b"\xab\xcd\xefMaxMind.com"
_STRING, _MAP, _ARRAY = 2, 7, 11


class _Number(int):
    """An integer of the table's description, which must be of one kind."""

    kind = 5  # uint16


class _Long(_Number):
    kind = 6  # uint32


class _Longest(_Number):
    kind = 9  # uint64


def write_mmdb(path: Path, record: object) -> None:
    """Writes a table of IPv4 in which `record` belongs to every address."""
    leaf = (1 + len(_SEPARATOR)).to_bytes(3, "big")
    metadata = {
        "binary_format_major_version": _Number(2),
        "binary_format_minor_version": _Number(0),
        "build_epoch": _Longest(1),
        "database_type": "test",
        "description": {"en": "test"},
        "ip_version": _Number(4),
        "languages": ["en"],
        "node_count": _Long(1),
        "record_size": _Number(24),
    }
    path.write_bytes(
        leaf + leaf + _SEPARATOR + _encode(record) + _MARKER + _encode(metadata)
    )


def _encode(value: object) -> bytes:
    match value:
        case str():
            content = value.encode()
            return _control(_STRING, len(content)) + content
        case _Number():
            content = value.to_bytes(8, "big").lstrip(b"\0")
            return _control(value.kind, len(content)) + content
        case dict():
            pairs = (_encode(key) + _encode(one) for key, one in value.items())
            return _control(_MAP, len(value)) + b"".join(pairs)
        case list():
            return _control(_ARRAY, len(value)) + b"".join(map(_encode, value))
    raise TypeError(value)


def _control(kind: int, size: int) -> bytes:
    first = kind if kind < 8 else 0
    extended = b"" if kind < 8 else bytes([kind - 7])
    if size < 29:
        return bytes([first << 5 | size]) + extended
    return bytes([first << 5 | 29]) + extended + bytes([size - 29])
