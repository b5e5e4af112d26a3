"""Takes over the events of an archive that is not this folder's own.

They go through the inbox, as all events do, so warehouse and archive follow by
themselves. What is there already is found out then, and not counted twice.
"""

import gzip
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import msgspec

from liveinsight.core.event import Event
from liveinsight.errors import ConfigError, StoreError
from liveinsight.store.inbox import Inbox

CHUNK: Final = 1_000
_NAME: Final = "date=*/hour=*/*.ndjson.gz"

_decode = msgspec.json.Decoder(Event).decode


def find_objects(folder: Path) -> list[Path]:
    """The objects of an archive, by hour of receipt; `folder` holds it, or is its `v=1`.

    Raises:
        ConfigError: there is none.
    """
    found = sorted([*folder.glob(f"v=1/{_NAME}"), *folder.glob(_NAME)])
    if not found:
        raise ConfigError(f"{folder} holds no archive: no v=1/{_NAME}")
    return found


def read_object(path: Path) -> Iterator[list[Event]]:
    """Its events, some at a time.

    Raises:
        StoreError: the object is cut short or broken, or not readable.
    """
    chunk: list[Event] = []
    try:
        with gzip.open(path, "rb") as lines:
            for line in lines:
                chunk.append(_decode(line))
                if len(chunk) == CHUNK:
                    yield chunk
                    chunk = []
    except (OSError, EOFError, zlib.error, msgspec.DecodeError) as error:
        raise StoreError(f"{path}: {error}") from error
    if chunk:
        yield chunk


def take_over(objects: list[Path], inbox: Inbox, report: Callable[[int], None]) -> int:
    """How many events were read; `report` is told the bytes of each finished object.

    Raises:
        StoreError: an object is broken; those before it are taken over.
    """
    events = 0
    for path in objects:
        for chunk in read_object(path):
            inbox.append(chunk)
            events += len(chunk)
        report(path.stat().st_size)
    return events
