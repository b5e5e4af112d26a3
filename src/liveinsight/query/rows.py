"""The warehouse's rows as structs."""

from typing import TypeVar

import msgspec

_T = TypeVar("_T", bound=msgspec.Struct)


def read_structs(rows: list[tuple[object, ...]], kind: type[_T]) -> list[_T]:
    """The rows as structs of the kind; the columns come in the order of its fields."""
    names = kind.__struct_fields__
    records = []
    for row in rows:
        record = dict(zip(names, row, strict=True))
        text = record.get("properties")
        if isinstance(text, str):
            record["properties"] = msgspec.json.decode(text)
        records.append(record)
    return msgspec.convert(records, list[kind])  # type: ignore[valid-type]
